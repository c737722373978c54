"""SVG: rendered to a picture, with the words that are written in it. Nothing is read from elsewhere for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.encoded import without_data
from gemini_embed.readers.encoding import may_be_text
from gemini_embed.readers.limits import check_size
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.zips import tree_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SIDE = 1024
"""Pixels of the longer side."""
MOST_BYTES = 20 * 2**20
_MOST_ELEMENTS = 300_000
"""With those that are used again counted each time."""
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_HREFS = ("href", _XLINK)
_LENGTH = re.compile(r"\s*([0-9.]+(?:[eE][+-]?\d+)?)\s*(?:px|pt|pc|mm|cm|in)?\s*")
_DPI = 96
"""Pixels of an inch, as CSS has them: without, a drawing in points or centimetres has no size."""
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][+-]?\d+)?")
_HELD = re.compile(r"#|data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)


class SvgReader:
    """Reads SVG as one picture."""

    name = "svg"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head) and b"<" in head

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        check_size(data, MOST_BYTES, name)
        root = tree_of(data, name)
        if root.tag.removeprefix(_SVG) != "svg":
            raise MediaError(f"{name} is XML, but no SVG: it begins with <{root.tag}>", "damaged")
        if not len(root):
            raise MediaError(f"{name} draws nothing", "no_content")
        _close(root, name)
        told = (one for tag in ("title", "desc", "text") for one in root.iter(_SVG + tag))
        words = (" ".join("".join(one.itertext()).split()) for one in told)
        key = hashlib.sha256(data).hexdigest()  # how letters are drawn differs between machines
        yield Picture(_rendered(root, name), Excerpt(), without_data("\n".join(filter(None, words))), key=key)


def _close(root: Element, name: str) -> None:
    """Take out what leads elsewhere, and refuse what uses itself again and again."""
    by_id = {one.get("id"): one for one in root.iter() if one.get("id")}
    for one in root.iter():
        if not _HELD.match(one.get("href") or "#") or not _HELD.match(one.get(_XLINK) or "#"):
            for href in _HREFS:
                one.attrib.pop(href, None)
    if _drawn(root, by_id, {}) > _MOST_ELEMENTS:
        raise MediaError(f"{name} uses its own parts again and again: it is not rendered", "too_large")


def _drawn(one: Element, by_id: Mapping[str | None, Element], known: dict[int, int]) -> int:
    """How many elements are drawn, those that are used again counted each time."""
    if (found := known.get(id(one))) is not None:
        return found
    known[id(one)] = 0  # what uses itself is drawn once
    used = by_id.get((one.get("href") or one.get(_XLINK) or "")[1:])
    inner = [*one, *([used] if used is not None else [])]
    known[id(one)] = 1 + sum(_drawn(part, by_id, known) for part in inner)
    return known[id(one)]


def _rendered(root: Element, name: str) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise missing_extra("documents", "resvg-py (to render SVG)") from error
    from xml.etree.ElementTree import tostring

    width, height = _size(root)
    if not 0.001 < width / height < 1000:
        raise MediaError(f"{name} is {width:g} by {height:g}: there is no picture of it", "no_content")
    scale = SIDE / max(width, height)
    wide, high = max(round(width * scale), 1), max(round(height * scale), 1)
    try:
        svg = tostring(root, "unicode")
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=wide, height=high, dpi=_DPI, background="white"))
    except Exception as error:  # of another language
        raise MediaError(f"{name} cannot be rendered: {error}", "damaged") from error


def _size(root: Element) -> tuple[float, float]:
    """Width and height; of these only how they are to each other is used."""
    told = [_LENGTH.fullmatch(root.get(side) or "") for side in ("width", "height")]
    sides = [float(one[1]) for one in told if one]
    if len(sides) < 2:
        sides = [abs(float(one)) for one in _NUMBER.findall(root.get("viewBox") or "")[2:4]]
    return (sides[0], sides[1]) if len(sides) == 2 and all(sides) else (1.0, 1.0)
