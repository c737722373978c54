"""What the service answers: which call a path means, who may make it, and the reply or the refusal.

`service` tells the backends apart, `developer` and `vertex`; both read bodies by `schema` and contents by `embedding`,
which stands on `parts`. `files` keeps uploads, `quota` what is left to a project.
"""

from .reply import Reply
from .service import Service, wants_indent

__all__ = ["Reply", "Service", "wants_indent"]
