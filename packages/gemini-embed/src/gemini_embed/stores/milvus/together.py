"""Requests that Milvus does not take as one, sent together over the client's one connection.

Its hybrid search does take several searches as one, but gives one fused list back, with scores that are no cosines any
more, and only from 2.4 on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

MOST = 8
"""In flight at once: a search of all modalities, or the count of each."""


def together(requests: Sequence[Callable[[], T]]) -> list[T]:
    """The answers, in the order of the requests; if one fails its error, once those under way have ended.

    The threads last as long as the call: idle ones would outnumber the stores, and cross no fork.
    """
    if len(requests) < 2:
        return [request() for request in requests]
    with ThreadPoolExecutor(min(len(requests), MOST), thread_name_prefix="gemini-embed-milvus") as threads:
        return list(threads.map(lambda request: request(), requests))
