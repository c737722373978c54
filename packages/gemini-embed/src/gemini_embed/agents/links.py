"""Where links lead: what stands before their `#`, and which part of it they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote

from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt

_SECONDS = r"\d{1,9}(?:\.\d{1,9})?"
_ANCHOR = re.compile(
    r"page=(?P<page>\d{1,9})(?:-(?P<last_page>\d{1,9}))?"
    rf"|t=(?P<start_s>{_SECONDS})(?:,(?P<end_s>{_SECONDS}))?"
    r"|char=(?P<char_start>\d{1,12}),(?P<char_end>\d{1,12})"
    r"|L(?P<line>\d{1,9})(?:-L?(?P<last_line>\d{1,9}))?"
)

Bound = TypeVar("Bound", int, float)


@dataclass(frozen=True)
class Place:
    """A source, and a part of it: an excerpt, or lines of a text, counted from 1, the last one included."""

    location: str
    """Path, URL, or the name of a source that came from memory."""
    window: Excerpt = field(default_factory=Excerpt)
    lines: tuple[int, int] | None = None
    part: str | None = None
    """What the source calls it, such as a heading or `slide=3`."""


def place_of(link: str) -> Place:
    """Where a link leads, as hits write it; what is no anchor of ours belongs to the location.

    `page=7-9` are pages, `t=96` is that moment.

    Raises:
        InputError: an empty link, or an anchor that ends before it begins.
    """
    location, hash_sign, anchor = link.strip().rpartition("#")
    found = _ANCHOR.fullmatch(anchor) if hash_sign else None
    if found is None:
        location = link.strip()
    if not location:
        raise InputError("the link is empty: give one as a search shows it, such as manual.pdf#page=7")
    plain = location if "://" in location else unquote(location)
    if found is None:
        return Place(plain)
    told = {name: value for name, value in found.groupdict().items() if value is not None}
    if "line" in told:
        lines = int(told["line"]), int(told.get("last_line", told["line"]))
        return Place(plain, lines=_in_order(link, *lines))
    return Place(plain, _window(link, told))


def _window(link: str, told: dict[str, str]) -> Excerpt:
    if "page" in told:
        first, last = _in_order(link, int(told["page"]), int(told.get("last_page", told["page"])))
        return Excerpt(page_start=first, page_end=last)
    if "start_s" in told:
        start_s, end_s = _in_order(link, float(told["start_s"]), float(told.get("end_s", told["start_s"])), least=0)
        return Excerpt(start_s=start_s, end_s=end_s)
    start, end = _in_order(link, int(told["char_start"]), int(told["char_end"]), least=0)
    return Excerpt(char_start=start, char_end=end)


def _in_order(link: str, first: Bound, last: Bound, *, least: int = 1) -> tuple[Bound, Bound]:
    if not least <= first <= last:
        raise InputError(f"{link}: from {first} to {last} is no part of a source")
    return first, last
