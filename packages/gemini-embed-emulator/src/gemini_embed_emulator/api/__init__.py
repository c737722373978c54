"""What the service answers: whose call a path is, who may make it, what it takes, and the answer or the refusal."""

from .reply import Reply
from .service import Service, wants_indent

__all__ = ["Reply", "Service", "wants_indent"]
