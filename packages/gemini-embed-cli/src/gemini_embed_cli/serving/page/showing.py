"""A hit as a picture, a page with its words marked, a waveform: what a page shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gemini_embed import Hit
    from PIL.Image import Image as Picture

Region: TypeAlias = tuple[int, int, int, int]
"""left, top, right, bottom, in pixels."""

PICTURE = 720  # pixels of a side: a card on a screen of two pixels for each of CSS
DPI = 150
FOUND_INCHES, LINE_INCHES = 4.6, 5.6
"""Width of what is shown of a page: 11 point letters are read at the width of a card. A line that is little wider is
shown whole."""
ASPECT = 0.62  # height by width
MARGIN = 24  # pixels around what is shown of a page
LINE = 60  # pixels: no line of text is higher
PAPER = 245  # grey from which a pixel is paper
MARK = (255, 226, 120)
PEAKS = 120


@dataclass(frozen=True)
class Shown:
    """Bytes for a browser, with their MIME type."""

    mime_type: str
    data: bytes


def picture(hit: Hit) -> Shown:
    """An image, or the middle frame of a video, for a card."""
    small = hit.image()
    small.thumbnail((PICTURE, PICTURE))
    return _encoded(small)


def page(hit: Hit, words: str, *, whole: bool = False) -> Shown:
    """The page that was found, with the words of the query marked: what stands around them, or the `whole` of it."""
    found = hit.page(dpi=DPI)
    regions = _regions(found, hit.boxes(words)) if words else []
    marked = _marked(found, regions)
    return _encoded(marked if whole else marked.crop(_cut(marked, regions)))


def clip(hit: Hit) -> Shown:
    """Its window, for players that cannot have the file itself; a video begins at the keyframe before."""
    medium = hit.clip()
    return Shown(medium.mime_type or "application/octet-stream", medium.data or b"")


def waveform(hit: Hit) -> list[float]:
    """How loud a recording is along its window, from 0 to 1."""
    return hit.loudness(PEAKS)


def _regions(page: Picture, boxes: Sequence[tuple[float, float, float, float]]) -> list[Region]:
    width, height = page.size
    return [(int(a * width), int(b * height), round(c * width), round(d * height)) for a, b, c, d in boxes]


def _marked(page: Picture, regions: Sequence[Region]) -> Picture:
    if not regions:
        return page
    from PIL import Image, ImageChops, ImageDraw

    pen = Image.new("RGB", page.size, "white")
    drawing = ImageDraw.Draw(pen)
    for left, top, right, bottom in regions:
        drawing.rounded_rectangle((left - 3, top - 2, right + 3, bottom + 2), radius=4, fill=MARK)
    return ImageChops.multiply(page, pen)


def _cut(page: Picture, regions: Sequence[Region]) -> Region:
    """What holds most of the marked words; without any, the upper part of what is printed."""
    content = left, top, right, bottom = _content(page)
    is_wide = right - left > LINE_INCHES * DPI
    width = int(FOUND_INCHES * DPI) if is_wide and regions else right - left
    height = min(bottom - top, int(width * ASPECT))
    places = [_placed(region, content, width, height) for region in regions[:200]]
    best = max(places, key=lambda place: (sum(_holds(place, one) for one in regions), -place[1]), default=None)
    return _between_lines(page, best or (left, top, left + width, top + height))


def _content(page: Picture, within: Region | None = None) -> Region:
    """All but the empty margins; the whole of it where it is not white."""
    within = within or (0, 0, *page.size)
    ink = page.crop(within).convert("L").point(lambda grey: 255 if grey < PAPER else 0).getbbox()
    if ink is None:
        return within
    left, top, right, bottom = within
    return (
        max(left + ink[0] - MARGIN, left),
        max(top + ink[1] - MARGIN, top),
        min(left + ink[2] + MARGIN, right),
        min(top + ink[3] + MARGIN, bottom),
    )


def _placed(region: Region, content: Region, width: int, height: int) -> Region:
    """A cut with the region in its upper part, inside of what is printed; from the beginning of the line if it can."""
    middle = (region[0] + region[2] - width) // 2
    left = content[0] if region[2] <= content[0] + width else min(max(middle, content[0]), content[2] - width)
    top = min(max(region[1] - height // 4, content[1]), content[3] - height)
    return left, top, left + width, top + height


def _between_lines(page: Picture, cut: Region) -> Region:
    """The cut, its upper edge moved up to where no letter is cut through, its lower one to where something ends."""
    left, top, right, bottom = cut
    above = page.crop((left, max(top - LINE, 0), right, top + 1)).convert("L")
    rows = [above.crop((0, row, above.width, row + 1)).getextrema()[0] for row in range(above.height)]
    empty = [row for row, darkest in enumerate(rows) if darkest >= PAPER]  # type: ignore[operator] # one band: numbers
    if empty:
        nearest = empty[-1]
        top = max(top - LINE, 0) + next((row for row in range(nearest, -1, -1) if row not in empty[-MARGIN:]), -1) + 1
    return left, top, right, _content(page, (left, top, right, bottom))[3]


def _holds(outer: Region, inner: Region) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _encoded(picture: Picture) -> Shown:
    """Drawings stay sharp as PNG, photographs are JPEG."""
    is_clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if is_clear else "RGB")  # of all modes: floats, CMYK, palettes
    data = BytesIO()
    if is_clear or plain.getcolors(4096) is not None:
        plain.save(data, "PNG")
        return Shown("image/png", data.getvalue())
    plain.save(data, "JPEG", quality=82)
    return Shown("image/jpeg", data.getvalue())
