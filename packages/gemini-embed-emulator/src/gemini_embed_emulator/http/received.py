"""What the emulator received: one record per request, for tests to look at."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, overload

from .http11 import HttpRequest

_AROUND = 4096


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it came."""

    number: int
    """1 for the first request since the start; `clear` does not begin again."""
    method: str
    path: str
    """Decoded, without the query."""
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    time: float
    """time.monotonic() at arrival, in seconds."""

    @classmethod
    def of(cls, http: HttpRequest, number: int) -> Self:
        """A request that comes in now."""
        return cls(number, http.method, http.path, http.query, http.headers, http.body, time.monotonic())

    @cached_property
    def json(self) -> Any:
        """The body as JSON, None where it is not."""
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(self.body) if self.body else None
        return None

    @property
    def action(self) -> str:
        """The method after the path's colon, such as "batchEmbedContents"; "" where there is none."""
        return self.path.rpartition("/")[2].partition(":")[2]


class RequestLog(Sequence[ReceivedRequest]):
    """The requests so far, oldest first; `clear()` forgets them and sets the counters back."""

    def __init__(self) -> None:
        self._requests: list[ReceivedRequest] = []
        self._bytes = 0
        self._numbers = 0
        self.forgotten = 0
        """The oldest requests, which had to make room."""
        self.items_billed = 0
        """Contents embedded, whether or not the answer arrived."""
        self.tokens_billed = 0
        self.in_flight = 0
        self.max_in_flight = 0
        """The most requests that were being answered at once."""
        self.abandoned = 0
        """Requests whose client went away before the answer."""

    @overload
    def __getitem__(self, index: int) -> ReceivedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[ReceivedRequest]: ...
    def __getitem__(self, index: int | slice) -> ReceivedRequest | list[ReceivedRequest]:
        return self._requests[index]

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[ReceivedRequest]:
        return iter(list(self._requests))

    def clear(self) -> None:
        """Forget the requests and set the counters back; requests being answered stay counted."""
        self._requests.clear()
        self._bytes = 0
        self.items_billed = self.tokens_billed = self.abandoned = self.forgotten = 0
        self.max_in_flight = self.in_flight

    def next_number(self) -> int:
        """The number of the next request."""
        self._numbers += 1
        return self._numbers

    @contextlib.contextmanager
    def answering(self, request: ReceivedRequest, most_bytes: int) -> Iterator[None]:
        """Note a request while it is being answered; the oldest make room for it within `most_bytes`."""
        self._keep(request, most_bytes)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        except ConnectionError:
            self.abandoned += 1
            raise
        finally:
            self.in_flight -= 1

    def _keep(self, request: ReceivedRequest, most_bytes: int) -> None:
        self._requests.append(request)
        self._bytes += _size(request)
        surplus = 0
        while self._bytes > most_bytes and surplus < len(self._requests) - 1:  # the newest stays, whatever its size
            self._bytes -= _size(self._requests[surplus])
            surplus += 1
        del self._requests[:surplus]
        self.forgotten += surplus

    def bill(self, items: int, tokens: int) -> None:
        """Note work that was done."""
        self.items_billed += items
        self.tokens_billed += tokens


def _size(request: ReceivedRequest) -> int:
    """Bytes that a request holds, about: its body, and what stands around it."""
    return len(request.body) + _AROUND
