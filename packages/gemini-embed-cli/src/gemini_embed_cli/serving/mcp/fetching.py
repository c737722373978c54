"""The tool `fetch`: a source opened at a place, its text, and its page, picture, sound or clip."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gemini_embed import GeminiEmbedError, Hit, InputError
from gemini_embed.agents import Reading, read_source

from gemini_embed_cli.serving.mcp.answers import Answer, link_to, titled, uri_of, url_of
from gemini_embed_cli.serving.mcp.folders import Folders, Served, is_known
from gemini_embed_cli.serving.mcp.numbers import Numbers
from gemini_embed_cli.serving.mcp.pictures import LARGE, one_at_a_time, picture_of

if TYPE_CHECKING:
    from mcp_types import ContentBlock

MOST_CLIP_BYTES = 4 * 2**20
"""Of sound or film in one result, a third more as base64."""


def fetch(given: str, around: float | None, media: bool, folders: Folders, numbers: Numbers) -> Answer:
    """What stands at a number, an id or a link.

    Raises:
        InputError: there is no such thing, or no such part of it; it says what to do instead.
    """
    served, reading = _read(given, around, folders, numbers)
    hit = reading.hit
    number = numbers.kept(given, reading.link) or numbers.number(hit, served)
    link = folders.shown(reading.link, served)
    blocks, note = _media(hit) if media else ([], "")
    place = folders.shown(hit.record.uri or hit.link, served)
    if source := link_to(hit, place):
        blocks.append(source)
    more = folders.shown(reading.more, served) if reading.more else None
    part = f" ({reading.part})" if reading.part else ""
    head = f"[{number}] {hit.modality or 'text'} {link}{part}{f' ({note})' if note else ''}"
    words = "\n".join(filter(None, (head, reading.text.strip("\n"), f"(goes on: fetch {more})" if more else "")))
    document = {
        "id": link,
        "title": titled(hit, link),
        "text": reading.text or head,
        "url": uri_of(hit.record.uri, reading.link) if hit.record.uri else url_of(hit),
        "metadata": {"modality": hit.modality or "text", "part": reading.part, **({"more": more} if more else {})},
    }
    return Answer(words, None, blocks, document)


def _read(given: str, around: float | None, folders: Folders, numbers: Numbers) -> tuple[Served, Reading]:
    """The first of what may be meant that is there; the best told failure of those that are not."""
    failed: list[tuple[bool, GeminiEmbedError]] = []
    for served, link in numbers.meant(given, folders):
        try:
            with served.folder.index() as index:
                if is_known(index, link) or "://" in link:
                    return served, read_source(index, link, around)
                failed.append((False, InputError(f"there is no source {given!r}: list_sources shows which there are")))
        except GeminiEmbedError as error:
            failed.append((True, error))
    raise max(failed, key=lambda one: one[0])[1]


def _media(hit: Hit) -> tuple[list[ContentBlock], str]:
    """The page, the picture, the frame with the clip, or the sound; and what is not sent, in words."""
    picture, missing = picture_of(hit, LARGE)
    blocks: list[ContentBlock] = [picture] if picture else []
    notes = [f"no picture: {missing}"] if missing else []
    if hit.modality in ("audio", "video"):
        clip, missing = _clip(hit)
        blocks += clip
        notes += [missing] if missing else []
    return blocks, "; ".join(notes)


def _clip(hit: Hit) -> tuple[Sequence[ContentBlock], str]:
    try:
        with one_at_a_time:
            part = hit.clip()
    except GeminiEmbedError as error:
        return (), f"not sent: {error}"
    data, mime_type = part.data or b"", part.mime_type or ""
    if len(data) > MOST_CLIP_BYTES:
        return (), f"not sent: {len(data):,} bytes, at most {MOST_CLIP_BYTES:,}; fetch {_shorter(hit, len(data))}"
    coded = base64.b64encode(data).decode()
    from mcp_types import AudioContent, BlobResourceContents, EmbeddedResource

    if hit.modality == "audio":
        return (AudioContent(data=coded, mime_type=mime_type),), ""
    return (EmbeddedResource(resource=BlobResourceContents(uri=url_of(hit), blob=coded, mime_type=mime_type)),), ""


def _shorter(hit: Hit, size: int) -> str:
    """What to fetch instead, in words."""
    start_s, end_s = hit.window.start_s or 0.0, hit.window.end_s or 0.0
    fits_s = int((end_s - start_s) * MOST_CLIP_BYTES / size * 0.9)
    return f"a shorter stretch, such as #t={start_s:g},{start_s + fits_s:g}" if fits_s >= 1 else "its text alone"
