"""What the service answers: which call a path means, who may make it, and the reply or the refusal.

`service` tells the backends apart by `developer_routes` and `vertex_routes`, which lead to `developer` (with `openai`,
and `jobs` by `job_shapes` and `job_lines`) and to `vertex` (with `catalog`), and by `prediction_routes` (to
`prediction_jobs`, by `prediction_requests` and `prediction_lines`) and `storage_routes` (to `storage`); all read
requests by `incoming`, bodies by `schema`, contents by `embedding`, which stands on `parts`, and lists by `paging` and
`filters`. `access` checks keys, `query` the parameters; `files` keeps uploads, `objects` those of Cloud Storage,
`quota` what is left to a project, `unbuilt` names what there is not. `control` (with `control_batches`) is no part of
the service: the emulator's own state over HTTP, by `fault_words` and `typed`.
"""

from .control import PREFIX, Control
from .control_batches import BatchControl
from .query import Layout, wants_indent
from .reply import Reply
from .service import Service, error_payload

__all__ = ["PREFIX", "BatchControl", "Control", "Layout", "Reply", "Service", "error_payload", "wants_indent"]
