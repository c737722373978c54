"""The structured form of answers: what `search --json` and the page hand out of a hit, with a number and a URL.

`id`, `title` and `url` of each result, and `text` of what is fetched, are what ChatGPT's connectors read.
"""

from __future__ import annotations

from typing import Any, Required

from typing_extensions import TypedDict


class ResultJson(TypedDict, total=False):
    """A result; what is not known is left out."""

    number: Required[int]
    id: Required[str]
    title: Required[str]
    url: Required[str]
    link: Required[str]
    source: Required[str]
    modality: Required[str]
    rank: int
    score: float
    page: int
    start_s: float
    end_s: float
    lines: list[int]
    text: str
    folder: str
    picture: int


class SearchJson(TypedDict, total=False):
    """Results of a search, best first."""

    results: Required[list[ResultJson]]
    notes: list[str]


class SourceJson(TypedDict, total=False):
    """A source that can be searched and fetched."""

    link: Required[str]
    modality: Required[str]
    url: Required[str]
    length: str
    title: str
    records: int


class ListJson(TypedDict, total=False):
    """Sources in the order of their links."""

    sources: Required[list[SourceJson]]
    left: Required[int]
    after: str


class WrittenJson(TypedDict, total=False):
    """What adding or syncing did."""

    folder: Required[str]
    added: Required[int]
    reused: Required[int]
    replaced: Required[int]
    removed: Required[int]
    skipped: Required[list[str]]
    usd: Required[float | None]
    left_usd: Required[float]


Json = dict[str, Any]
