"""Every error this library raises, as one tree.

GeminiEmbedError                        `.completed` holds what a failed call had finished
├── InputError (ValueError)             something in your input is wrong; `.position` says which one
│   └── MediaError                      a medium that cannot be embedded; `.kind` says why, in a word
├── ConfigurationError (ValueError)     an argument, or a set of them, cannot be honoured
├── MissingExtraError (ImportError)     an optional package is needed; the message is the pip line
├── EngineError (RuntimeError)          closed, or called from a place where it would wait for itself
├── RequestError                        a request failed; `.positions` says with which inputs
│   ├── ApiError                        the service said no: `.code`, `.status`, `.message`, `.retry_after_s`
│   │   ├── AuthenticationError         the key or the credentials were refused (401, 403, 400 API_KEY_INVALID)
│   │   ├── NotFoundError               the model, the version or the location is not there (404)
│   │   ├── QuotaError                  a quota is used up (429)
│   │   │   └── QuotaUsedUpError        a day's quota or a spend limit: waiting does not help; `.resets_at`
│   │   └── RefusedItemsError           some inputs were refused, all others are embedded; `.refused` lists them
│   ├── ConnectionFailedError           no whole answer: refused, dropped, timed out
│   └── ReplyError                      an answer that cannot be right: miscounted, another size, not finite
│       └── UnreadableReplyError        not the JSON that was expected: worth another try
├── BudgetError                         `max_cost_usd` would be exceeded
├── BatchError                          a batch job could not do what was asked; `.jobs` names it
│   ├── BatchMismatchError              its answers are not those of its texts; nothing of it is used
│   ├── BatchFailedError                the service gave it up, with its reason
│   └── BatchDeadlineError              it had not ended when the time was over; it goes on
├── CacheError                          the cache's file cannot be used
└── StoreError                          a vector store could not do what was asked
    ├── FingerprintMismatchError        vectors of another model, size or conditioning live there
    └── StoreLockedError                another process has this store open
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from gemini_embed.result import RefusedItem, Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MediaProblem = Literal[
    "empty", "unknown", "mismatch", "damaged", "truncated", "encrypted", "no_content", "unsupported", "too_large",
    "too_long",
]  # fmt: skip

NAMED_ITEMS = 10
"""How many refused inputs a message names; `.refused` has all."""


class GeminiEmbedError(Exception):
    """Base of all errors raised by gemini-embed.

    `completed` holds the vectors that a failed call had finished (and paid for), None when there are none.
    """

    completed: Completed | None = None

    def relocated(self, places: Sequence[Sequence[int]]) -> GeminiEmbedError:
        """This error, told of another list: its input `i` is the inputs `places[i]` there, which may be several."""
        if self.completed is not None:
            self.completed = self.completed.relocated(places)
        return self


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
        return self._as(self.problem, position)

    def in_part(self, number: int) -> InputError:
        """This error, of one of several parts of its input."""
        return self._as(f"part {number}: {self.problem}", self.position)

    def relocated(self, places: Sequence[Sequence[int]]) -> GeminiEmbedError:
        """See `GeminiEmbedError.relocated`."""
        moved = super().relocated(places)
        return moved if self.position is None else self.at(places[self.position][0])

    def _as(self, problem: str, position: int | None) -> InputError:
        moved = copy.copy(self)
        InputError.__init__(moved, problem, position=position)
        moved.__cause__ = self.__cause__
        return moved

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class MediaError(InputError):
    """A medium that cannot be embedded, found by looking inside.

    `kind` says why: "empty" (0 bytes), "unknown" (no known format), "mismatch" (another modality than was said),
    "damaged", "truncated", "encrypted", "no_content" (0 seconds, no track), "unsupported" (a codec or an
    address the service does not take), "too_large" (beyond reason, such as a decompression bomb), "too_long" (beyond
    the model's limit).
    """

    def __init__(self, problem: str, kind: MediaProblem, *, position: int | None = None) -> None:
        self.kind = kind
        super().__init__(problem, position=position)


class ConfigurationError(GeminiEmbedError, ValueError):
    """An argument, or a combination of arguments, that cannot be honoured."""


class MissingExtraError(GeminiEmbedError, ImportError):
    """An optional package is needed; the message holds the exact pip line."""


class EngineError(GeminiEmbedError, RuntimeError):
    """The engine is closed, or was called from its own thread, where it would wait for itself."""


@dataclass(frozen=True)
class Completed:
    """What a failed call had finished: row `i` of `values` (float32, shape (m, d)) belongs to input `positions[i]`.

    `usage` is what the call had cost until then.
    """

    positions: Sequence[int]
    values: NDArray[np.float32]
    usage: Usage = field(default_factory=Usage)

    def relocated(self, places: Sequence[Sequence[int]]) -> Completed:
        """The same vectors in another list: input `i` is the inputs `places[i]` there, which may be several."""
        moved = [places[i] for i in self.positions]
        positions = [position for some in moved for position in some]
        return Completed(positions, self.values.repeat([len(some) for some in moved], axis=0), self.usage)

    def __repr__(self) -> str:
        return f"Completed({len(self.positions):,} inputs, {self.usage})"


class RequestError(GeminiEmbedError):
    """A request failed for good, after the retries that its kind deserves.

    `model` names the model that was asked; `positions` are the inputs that were in the failed request.
    """

    def __init__(self, message: str, *, model: str = "") -> None:
        self.model = model
        self.positions: Sequence[int] = ()
        super().__init__(message)

    def relocated(self, places: Sequence[Sequence[int]]) -> GeminiEmbedError:
        """See `GeminiEmbedError.relocated`."""
        self.positions = [position for i in self.positions for position in places[i]]
        return super().relocated(places)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ApiError(RequestError):
    """The service answered with an error, told in the words of the wire's error body.

    Attributes:
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
        return "\n".join(filter(None, (f"{self.args[0]}{self._asked_to_wait()}", self.hint)))

    def _asked_to_wait(self) -> str:
        return "" if self.retry_after_s is None else f" (the service asks to wait {self.retry_after_s:g} s)"


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


class QuotaUsedUpError(QuotaError):
    """A day's quota or a spend limit is used up, as the service said or as `RateLimits.requests_per_day` counts.

    It is raised at once, since no retry helps; and while the service's refusal is fresh, without sending anything.
    """

    resets_at: datetime | None = None
    """When the day's quota begins anew, in Pacific time; None where only paying or a raised limit helps."""

    @property
    def is_per_day(self) -> bool:
        """Whether the service named a day's quota; else it is money."""
        return any("PerDay" in str(v.get("quotaId", "")) for v in self.violations)

    def _asked_to_wait(self) -> str:
        return ""  # with a day's quota too the service asks to wait for seconds


class RefusedItemsError(ApiError):
    """The service, or a check here, refused some inputs; all others are embedded and in `.completed`.

    `refused` lists them with the reason of each, `positions` is their places alone; the attributes of `ApiError` are
    those of the first refusal. `on_error="skip"` takes such inputs without an error.
    """

    refused: tuple[RefusedItem, ...]

    @classmethod
    def of(cls, refused: Sequence[RefusedItem], first: ApiError) -> RefusedItemsError:
        """The error of these items, in the words of the `first` refusal."""
        named = "".join(f"\n  {item}" for item in refused[:NAMED_ITEMS])
        more = f"\n  and {len(refused) - NAMED_ITEMS} more, see .refused" if len(refused) > NAMED_ITEMS else ""
        error = cls(first.code, first.status, first.message, model=first.model, details=first.details, hint=first.hint)
        others = 'all that was sent with them is embedded (.completed); on_error="skip" goes on without them'
        error.args = (f"{error.args[0]}\nrefused, while {others}:{named}{more}",)
        error.refused = tuple(refused)
        error.positions = [item.position for item in refused]
        return error

    def relocated(self, places: Sequence[Sequence[int]]) -> GeminiEmbedError:
        """See `GeminiEmbedError.relocated`."""
        refused = [replace(item, position=position) for item in self.refused for position in places[item.position]]
        moved = RefusedItemsError.of(sorted(refused, key=lambda item: item.position), self)
        moved.completed = None if self.completed is None else self.completed.relocated(places)
        return moved


class ConnectionFailedError(RequestError):
    """No whole answer came: refused, dropped (before the answer or in the middle of it) or timed out.

    `sent` tells whether the request may have reached the service, and so may have been billed.
    """

    sent: bool = True


class ReplyError(RequestError):
    """An answer that cannot be right: unreadable, a wrong count or size, a value that is not finite."""


class UnreadableReplyError(ReplyError):
    """Not the JSON that was expected: worth another try, since a proxy or a cut connection can cause it."""


class BudgetError(GeminiEmbedError):
    """The next call would have cost more than `max_cost_usd` leaves; nothing of it was sent."""


class BatchError(GeminiEmbedError):
    """A batch job could not do what was asked. `jobs` are the names of those that it is about."""

    def __init__(self, message: str, *, jobs: Sequence[str] = ()) -> None:
        self.jobs = tuple(jobs)
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class BatchMismatchError(BatchError):
    """Answers of a job differ from what the same texts got online; nothing of the job is used, and it is kept."""


class BatchFailedError(BatchError):
    """The service gave a job up: FAILED, EXPIRED or CANCELLED, with the reason it tells."""


class BatchDeadlineError(BatchError):
    """Jobs had not ended when the time was over. They go on, and what they bring can be collected later."""


class UnclearCreateError(BatchError):
    """Nobody knows whether a job was created: the answer was lost. It is looked for by its display name."""


class CacheError(GeminiEmbedError):
    """The cache's file cannot be used: damaged, another program's, or of a newer version of this library."""


class StoreError(GeminiEmbedError):
    """A vector store could not do what was asked."""


class FingerprintMismatchError(StoreError):
    """The store holds vectors of another model, size, conditioning or normalisation."""


class StoreMovedError(StoreError):
    """What an open store was of is gone, or its alias leads to vectors that were made another way."""

    def __init__(self, message: str, *, was: Any = None, now: Any = None) -> None:
        super().__init__(message)
        self.was = was
        """The `Fingerprint` that the store was opened with."""
        self.now = now
        """The one that the name leads to now; None where there is none, or nothing."""


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
