"""Every error this library raises, as one tree.

GeminiEmbedError                        `.completed` holds what a failed call had finished
├── InputError (ValueError)             something in your input is wrong; `.position` says which one
├── ConfigurationError (ValueError)     an argument, or a set of them, cannot be honoured
├── MissingExtraError (ImportError)     an optional package is needed; the message is the pip line
├── EngineError (RuntimeError)          closed, or called from a place where it would wait for itself
├── RequestError                        a request failed; `.positions` says with which inputs
│   ├── ApiError                        the service said no: `.code`, `.status`, `.message`, `.retry_after_s`
│   │   ├── AuthenticationError         the key or the credentials were refused (401, 403, 400 API_KEY_INVALID)
│   │   ├── NotFoundError               the model, the version or the location is not there (404)
│   │   └── QuotaError                  a quota or spend limit is used up (429)
│   ├── ConnectionFailedError           no whole answer: refused, dropped, timed out
│   └── ReplyError                      an answer that cannot be right: unreadable, miscounted, not finite
└── StoreError                          a vector store could not do what was asked
    ├── FingerprintMismatchError        vectors of another model, size or conditioning live there
    └── StoreLockedError                another process has this store open
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class GeminiEmbedError(Exception):
    """Base of all errors raised by gemini-embed.

    `completed` holds the vectors that a failed call had finished (and paid for), None when there are none.
    """

    completed: Completed | None = None


class InputError(GeminiEmbedError, ValueError):
    """Something in the input cannot be embedded; raised before any request is sent.

    `position` is the index of the input in the list that was passed, None when it is not about one input; `problem` is
    the message without it.
    """

    def __init__(self, problem: str, *, position: int | None = None) -> None:
        self.problem = problem
        self.position = position
        super().__init__(problem if position is None else f"input {position}: {problem}")

    def at(self, position: int | None) -> InputError:
        """This error, of the input at `position`, with its cause and what was completed."""
        moved = InputError(self.problem, position=position)
        moved.__cause__, moved.completed = self.__cause__, self.completed
        return moved

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigurationError(GeminiEmbedError, ValueError):
    """An argument, or a combination of arguments, that cannot be honoured."""


class MissingExtraError(GeminiEmbedError, ImportError):
    """An optional package is needed; the message holds the exact pip line."""


class EngineError(GeminiEmbedError, RuntimeError):
    """The engine is closed, or was called from its own thread, where it would wait for itself."""


@dataclass(frozen=True)
class Completed:
    """What a failed call had finished: row `i` of `values` (float32, shape (m, d)) belongs to input `positions[i]`."""

    positions: Sequence[int]
    values: NDArray[np.float32] = field(repr=False)


class RequestError(GeminiEmbedError):
    """A request failed for good, after the retries that its kind deserves.

    `model` names the model that was asked; `positions` are the inputs that were in the failed request.
    """

    def __init__(self, message: str, *, model: str = "") -> None:
        self.model = model
        self.positions: Sequence[int] = ()
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ApiError(RequestError):
    """The service answered with an error.

    Attributes, in the words of the wire's error body:
        code: HTTP status, such as 429.
        status: its name, such as "RESOURCE_EXHAUSTED"; "" when the body names none.
        message: what the service said.
        details: the body's `details` list.
        retry_after_s: seconds the service asked to wait (RetryInfo, or the Retry-After header), or None.
        hint: what we can add: a successor, a location, a limit that can be overridden; "" when nothing.
    """

    def __init__(
        self,
        code: int,
        status: str = "",
        message: str = "",
        *,
        model: str = "",
        details: Sequence[dict[str, Any]] = (),
        retry_after_s: float | None = None,
        hint: str = "",
    ) -> None:
        self.code = code
        self.status = status
        self.message = message
        self.details = list(details)
        self.retry_after_s = retry_after_s
        self.hint = hint
        said = " ".join(x for x in (str(code), status) if x)
        super().__init__(f"{said} from {model or 'the service'}: {message.strip()}", model=model)

    def __str__(self) -> str:
        waited = f" (the service asks to wait {self.retry_after_s:g} s)" if self.retry_after_s is not None else ""
        return f"{self.args[0]}{waited}" + (f"\n{self.hint}" if self.hint else "")


class AuthenticationError(ApiError):
    """The key or the credentials were refused: 401, 403, or 400 with reason API_KEY_INVALID."""


class NotFoundError(ApiError):
    """404: the model, the API version or the location does not exist there (any more)."""


class QuotaError(ApiError):
    """429: a rate, a day's quota or a spend limit is used up."""

    @property
    def violations(self) -> list[dict[str, Any]]:
        """What ran out, as QuotaFailure names it: `quotaMetric`, `quotaId`, at best `quotaValue`."""
        lists = [d.get("violations") for d in self.details]
        return [v for found in lists if isinstance(found, list) for v in found if isinstance(v, dict)]


class ConnectionFailedError(RequestError):
    """No whole answer came: refused, dropped (before the answer or in the middle of it) or timed out."""


class ReplyError(RequestError):
    """An answer that cannot be right: unreadable, a wrong count or size, a value that is not finite."""


class StoreError(GeminiEmbedError):
    """A vector store could not do what was asked."""


class FingerprintMismatchError(StoreError):
    """The store holds vectors of another model, size, conditioning or normalisation."""


class StoreLockedError(StoreError):
    """The store is open in another process (or twice in this one), and its engine allows one opener."""


def missing_extra(extra: str, package: str) -> MissingExtraError:
    """The error for an optional `package` that is not installed: it holds the pip line for `extra`."""
    return MissingExtraError(f'{package} is not installed: run  pip install "gemini-embed[{extra}]"', name=package)


def _rebuild(kind: type[GeminiEmbedError], args: tuple[Any, ...], state: dict[str, Any]) -> GeminiEmbedError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
