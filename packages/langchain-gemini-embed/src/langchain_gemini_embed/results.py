"""What a tool answers: words for the model, and an artifact that holds the media and tells the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from gemini_embed import Excerpt, Hit, Record
from gemini_embed.agents import Reading, Sources

from langchain_gemini_embed.answers import blocks_of

Media = Literal["artifact", "content"]
"""Where the media of a result go: into the artifact, or into the message itself."""
_NO_CONTENT = ("audio", "video")
"""Of base64 of these langchain-core makes words in a tool's message, and a model reads them as such."""
_NOT_HELD = " (not shown: messages of tools hold images and PDFs only)"
_EXTRAS = "extras"

Answer = tuple[str | list[dict[str, Any]], list[dict[str, Any]]]
"""The content of a tool's message, and its artifact."""


def answer(found: Iterable[Hit | Reading], sources: Sources, max_bytes: int, media: Media) -> Answer:
    """Numbered blocks of what was found: in the artifact, or pictures and pages in the content.

    The text block of each has its number and the hit, as JSON values, in `extras`.
    """
    blocks: list[dict[str, Any]] = []
    left = max_bytes
    hits = [(one, one.hit if isinstance(one, Reading) else one) for one in found]
    numbers = [sources.number(hit) for _, hit in hits]  # before media are opened: parallel calls number too
    for (one, hit), number in zip(hits, numbers, strict=True):
        text, shown = _shown(one, hit, number, left, media)
        blocks += [{**text, _EXTRAS: {"number": number, "hit": _kept(hit)}}, *shown]
        left -= sum(len(medium["base64"]) for medium in shown)
    texts = [block for block in blocks if block["type"] == "text"]
    if media == "content" and blocks:
        return [{name: block[name] for name in block if name != _EXTRAS} for block in blocks], texts
    return "\n\n".join(block["text"] for block in texts) or "Nothing was found.", blocks


def _shown(
    one: Hit | Reading, hit: Hit, number: int, left: int, media: Media
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The text block, and that of a medium where there is one to show."""
    if media == "content" and hit.modality in _NO_CONTENT:
        return {"type": "text", "text": one.cited(number, _NOT_HELD)}, []
    text, *shown = blocks_of(hit, partial(one.cited, number), left)
    return text, shown


def numbered(artifact: Any) -> Iterator[tuple[int, Hit]]:
    """The numbers in the artifact of one of our tools, with their hits; nothing in that of another."""
    for block in artifact if isinstance(artifact, list) else ():
        extras = block.get(_EXTRAS) if isinstance(block, Mapping) and block.get("type") == "text" else None
        if isinstance(extras, Mapping) and isinstance(kept := extras.get("hit"), Mapping):
            widened = Excerpt.of(kept["window"]) if kept["window"] else None
            record = Record(kept["id"], kept["page_content"], dict(kept["metadata"]))
            yield int(extras["number"]), Hit(record, kept["score"], widened=widened)


def _kept(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.record.id,
        "page_content": hit.page_content,
        "metadata": hit.record.metadata,
        "window": hit.widened.metadata if hit.widened else None,
        "score": hit.score,
    }
