"""Lists in pages, as all of Google's APIs have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .query import whole_number


def page_of(rows: Sequence[Any], query: Mapping[str, str], name: str, size: int) -> dict[str, Any]:
    """`pageSize` of the rows (`size` unless told) from `pageToken` on, under `name`, which an empty page leaves out."""
    start, size = whole_number(query, "pageToken", 0), whole_number(query, "pageSize", size) or size
    page: dict[str, Any] = {name: found} if (found := list(rows[start : start + size])) else {}
    if start + size < len(rows):
        page["nextPageToken"] = str(start + size)
    return page
