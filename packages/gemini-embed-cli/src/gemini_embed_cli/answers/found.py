"""A hit as words and numbers: what `search --json`, the MCP server and the page hand out alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_embed import Hit


@dataclass(frozen=True, kw_only=True)
class Found:
    """One hit.

    Attributes:
        rank: its place in the answer, from 1.
        id: of its record; the same as long as the content is.
        link: where it is: `manual.pdf#page=7`, `talk.mp4#t=96,128`; below the folder as a path from there.
        source: where the content came from, below the folder as a path from there.
        modality: "text", "image", "audio", "video", "pdf" or "mixed".
        score: cosine similarity; those of different modalities cannot be compared.
        page: of a PDF, from 1.
        start_s, end_s: of a recording or a video, in seconds.
        lines: first and last line of a source file, from 1.
        text: the passage, the text of the page, a caption; "" for a medium without words.
        title: that was embedded with it.
    """

    rank: int
    id: str
    link: str
    source: str
    modality: str
    score: float
    page: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    lines: tuple[int, int] | None = None
    text: str = ""
    title: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def found(hit: Hit, rank: int, root: Path) -> Found:
    """The hit with places told from `root`, an absolute path."""
    window = hit.window
    lines = None if window.line_start is None else (window.line_start, window.line_end or window.line_start)
    return Found(
        rank=rank,
        id=hit.record.id,
        link=below(hit.link, root),
        source=below(hit.source or hit.record.id, root),
        modality=hit.modality or "text",
        score=round(hit.score, 4),
        page=window.page_start if hit.record.window.page_start is None else hit.record.window.page_start,
        start_s=window.start_s,
        end_s=window.end_s,
        lines=lines,
        text=hit.page_content,
        title=hit.record.title,
    )


def founds(hits: Iterable[Hit], root: Path) -> list[Found]:
    """All hits of an answer, ranked from 1."""
    return [found(hit, rank, root) for rank, hit in enumerate(hits, 1)]


def below(place: str, root: Path) -> str:
    """A path or link from `root`, where it is below it; as it is elsewhere."""
    from urllib.parse import quote

    for start in (f"{root.as_posix()}/", quote(f"{root.as_posix()}/", safe="/:~@!$&'()*+,;=")):
        if place.startswith(start):
            return place[len(start) :]
    return place
