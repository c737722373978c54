"""What the service answers: which call a path means, who may make it, and the reply or the refusal.

`service` tells the backends apart, `developer` (with `openai`) and `vertex` (with `catalog`); all read bodies by
`schema`, contents by `embedding`, which stands on `parts`, and lists by `paging`. `access` checks keys, `query` the
parameters; `files` keeps uploads, `objects` those of Cloud Storage (its calls in `storage`), `quota` what is left to a
project, `unbuilt` names what there is not. `control` is no part of the service: the emulator's own state over HTTP, by
`fault_words` and `typed`.
"""

from .control import PREFIX, Control
from .query import Layout, wants_indent
from .reply import Reply
from .service import Service, error_payload

__all__ = ["PREFIX", "Control", "Layout", "Reply", "Service", "error_payload", "wants_indent"]
