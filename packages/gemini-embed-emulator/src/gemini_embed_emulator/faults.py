"""Scripted misbehaviour: what goes wrong with one request.

    server.faults.push(Fault.status(503), None, Fault.drop_mid_body())   # 1st fails, 2nd is well, 3rd breaks off
    server.faults.rule = lambda request: Fault.rate_limited() if request.number % 5 == 0 else None

The queue is asked first; when it is empty the rule is.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from . import rows
from .errors import (
    RPC,
    ApiError,
    bad_key,
    batch_quota_exceeded,
    duration,
    free_tier_exceeded,
    missing_key,
    missing_token,
    vertex_exhausted,
)
from .http import ReceivedRequest

_MOST_ROWS = 1000
_MOST_QUEUED = 100_000
_BODILESS = (204, 304)
_MESSAGES = {
    408: "Deadline exceeded.",
    499: "The operation was cancelled.",
    500: "An internal error has occurred. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}


@dataclass(frozen=True)
class RawReply:
    """Bytes sent as they are. Raises ValueError for what no HTTP client could read as a response."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json; charset=UTF-8"})

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"status: {self.status} is no status of a response: 200 to 599.")
        if self.body and self.status in _BODILESS:
            raise ValueError(f"body: a response of status {self.status} has none.")
        for text in (text for pair in self.headers.items() for text in pair):
            if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", text):
                raise ValueError("headers: a header is one line of ISO 8859-1.")


@dataclass(frozen=True)
class Fault:
    """What happens to one request. Build it with the class methods; `after(seconds)` adds a wait before it."""

    latency_s: float = 0.0
    error: ApiError | None = None
    done: bool = False
    """Whether the work is done, and billed, before the error is told."""
    drop: Literal["before", "mid_body", "after"] | None = None
    raw: RawReply | None = None
    edit: Callable[[dict[str, Any]], None] | None = None
    """Changes a good reply's payload in place; its vectors are float32 arrays."""

    def after(self, seconds: float) -> Fault:
        """The same fault, `seconds` later."""
        return replace(self, latency_s=self.latency_s + seconds)

    @classmethod
    def latency(cls, seconds: float) -> Fault:
        """A good answer, `seconds` late."""
        return cls(latency_s=seconds)

    @classmethod
    def status(cls, code: int, message: str | None = None, *, retry_delay_s: float | None = None) -> Fault:
        """An error of this HTTP status; `retry_delay_s` adds RetryInfo. For a real quota's 429 see `rate_limited`."""
        if not 400 <= code <= 599:
            raise ValueError(f"code: {code} is no status of an error: 400 to 599.")
        known = {401: missing_token("google.cloud.aiplatform.v1.PredictionService.Predict"), 403: missing_key()}
        if message is None and retry_delay_s is None and code in known:
            return cls(error=known[code])
        details = [{"@type": RPC + "RetryInfo", "retryDelay": duration(retry_delay_s)}] if retry_delay_s else None
        return cls(error=ApiError(code, message or _MESSAGES.get(code, "The request failed."), details=details))

    @classmethod
    def rate_limited(
        cls,
        per: Literal["minute", "day", "tokens"] = "minute",
        *,
        retry_delay_s: float = 37.411097012,
        limit: int = 100,
        model: str = "gemini-embedding-2",
    ) -> Fault:
        """A free-tier 429 with QuotaFailure and RetryInfo, as recorded; `retry_delay_s` is not used for "day"."""
        return cls(error=free_tier_exceeded(per, model, limit, retry_delay_s))

    @classmethod
    def vertex_exhausted(cls) -> Fault:
        """Vertex's 429: neither details nor RetryInfo."""
        return cls(error=vertex_exhausted())

    @classmethod
    def queue_full(cls) -> Fault:
        """The 429 of a batch job that is one too many: neither QuotaFailure nor RetryInfo, and no number."""
        return cls(error=batch_quota_exceeded())

    @classmethod
    def bad_key(cls) -> Fault:
        """The 400 for an unknown API key."""
        return cls(error=bad_key("generativelanguage.googleapis.com"))

    @classmethod
    def drop_before(cls) -> Fault:
        """The connection closes without a byte of an answer; nothing is billed."""
        return cls(drop="before")

    @classmethod
    def drop_mid_body(cls) -> Fault:
        """The answer breaks off half-way; the work is billed."""
        return cls(drop="mid_body")

    @classmethod
    def lost(cls, code: int | None = None) -> Fault:
        """The work is done, and billed, and nobody learns of it: an error of this status, None for no answer at all."""
        return cls(drop="after") if code is None else replace(cls.status(code), done=True)

    @classmethod
    def raw_body(cls, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Fault:
        """Exactly these bytes; `headers` replace the JSON content type."""
        return cls(raw=RawReply(body, status) if headers is None else RawReply(body, status, headers))

    @classmethod
    def garbage(cls) -> Fault:
        """A 200 that is not JSON."""
        return cls.raw_body(b"\x00\xff{]not json")

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """A proxy's HTML page."""
        page = b"<!DOCTYPE html>\n<title>Error</title>\n<p>The server encountered a temporary error.\n"
        return cls.raw_body(page, status=status, headers={"content-type": "text/html; charset=UTF-8"})

    @classmethod
    def truncated_gzip(cls) -> Fault:
        """A 200 whose gzip stream ends early, although its length is the one announced."""
        body = gzip.compress(json.dumps({"embeddings": [{"values": [0.5] * 999}]}).encode())
        headers = {"content-type": "application/json; charset=UTF-8", "content-encoding": "gzip"}
        return cls.raw_body(body[: len(body) // 2], headers=headers)

    @classmethod
    def not_a_number(cls, position: int = 0) -> Fault:
        """NaN as the first value of one row."""
        return cls(
            edit=lambda payload: rows.change_vector(payload, position, lambda vector: [math.nan, *vector[1:].tolist()])
        )

    @classmethod
    def zeros(cls, position: int = 0) -> Fault:
        """One row of zeros."""
        return cls(edit=lambda payload: rows.change_vector(payload, position, np.zeros_like))

    @classmethod
    def missing_values(cls, position: int = 0) -> Fault:
        """One row without its `values`, with HTTP 200, as has been seen."""
        return cls(edit=lambda payload: rows.leave_out_vector(payload, position))

    @classmethod
    def short_rows(cls, by: int = 1) -> Fault:
        """`by` rows fewer than were asked for."""
        _check_rows(by)
        return cls(edit=lambda payload: rows.drop(payload, by))

    @classmethod
    def extra_rows(cls, by: int = 1) -> Fault:
        """`by` rows more than were asked for."""
        _check_rows(by)
        return cls(edit=lambda payload: rows.repeat_last(payload, by))

    @classmethod
    def wrong_size(cls, dimensions: int, position: int = 0) -> Fault:
        """One row cut to another size."""
        return cls(edit=lambda payload: rows.change_vector(payload, position, lambda vector: vector[:dimensions]))


class FaultScript:
    """A queue of faults (None is an ordinary answer), and a rule for requests that find it empty."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Fault | None]] = defaultdict(deque)
        self.rule: Callable[[ReceivedRequest], Fault | None] | None = None

    def push(self, *faults: Fault | None, times: int = 1, action: str = "") -> None:
        """Queue these for the next requests, in order, the whole of it `times` over.

        With an `action`, such as "asyncBatchEmbedContent", they wait for requests of that action, and go first.
        Raises ValueError for less than once, and for more than 100,000 in the queue.
        """
        if times < 1 or len(self) + len(faults) * times > _MOST_QUEUED:
            raise ValueError(f"times: {times} is not possible: 1 or more, and {_MOST_QUEUED:,} faults in the queue.")
        self._queues[action].extend(faults * times)

    def clear(self) -> None:
        """Forget the queue and the rule."""
        self._queues.clear()
        self.rule = None

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def next(self, request: ReceivedRequest) -> Fault:
        """The fault for this request; an empty one when all is well."""
        for action in dict.fromkeys((request.action, "")):
            if queue := self._queues.get(action):
                return queue.popleft() or Fault()
        return (self.rule(request) if self.rule else None) or Fault()


def _check_rows(by: int) -> None:
    if not 1 <= by <= _MOST_ROWS:
        raise ValueError(f"by: {by} rows; 1 to {_MOST_ROWS} can be wrong.")
