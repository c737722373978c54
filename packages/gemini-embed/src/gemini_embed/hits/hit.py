"""What searches find: a record with its score, a link to its place, and the medium itself, opened when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from gemini_embed.excerpt import Excerpt
from gemini_embed.records import Record

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from gemini_embed.content import Media
    from gemini_embed.hits.opening import Opener
    from gemini_embed.hits.origin import Origin
    from gemini_embed.windows.marks import Box

FoundBy = Literal["vector", "words"]


@dataclass(frozen=True, repr=False)
class Hit:
    """A record found, with its score.

    Attributes:
        record: what the store holds.
        score: cosine similarity to the query, from -1 to 1. Those of different modalities cannot be compared.
        widened: the window of a hit that was padded, or that several neighbouring records were merged into.
        text: what such a hit says.
        found_by: which lists it stood in: ("vector",), ("words",) or both, in a search by words too.
        origin: the index that keeps its vector; None where a framework's document was made one.
    """

    record: Record
    score: float
    _: KW_ONLY
    widened: Excerpt | None = None
    text: str | None = None
    found_by: tuple[FoundBy, ...] = ("vector",)
    opener: Opener | None = field(default=None, compare=False)
    origin: Origin | None = field(default=None, compare=False)

    @classmethod
    def of(cls, metadata: Mapping[str, Any], text: str, score: float, record_id: str = "") -> Hit:
        """A hit that a framework's document or node was made of: its metadata say where its medium is."""
        return cls(Record(record_id, text, dict(metadata)), score)

    @property
    def page_content(self) -> str:
        """The text: of a page, a passage, a caption; "" for a medium without words."""
        return self.record.page_content if self.text is None else self.text

    @property
    def window(self) -> Excerpt:
        """Which part of the source this is."""
        return self.widened or self.record.window

    @property
    def metadata(self) -> dict[str, Any]:
        """The record's metadata, with this hit's window."""
        return self.record.metadata | self.window.metadata

    @property
    def source(self) -> str | None:
        """The record's source."""
        return self.record.source

    @property
    def modality(self) -> str | None:
        """The record's modality."""
        return self.record.modality

    @property
    def link(self) -> str:
        """Where it is, as a link: `manual.pdf#page=7`, `talk.mp4#t=96,128`, `retry.py#L6-L8`; the source where
        there is no file.

        Of several pages it names the one that was found, the best of those that were merged.
        """
        return self.record.link(self.window)

    def image(self) -> Picture:
        """A picture of it: an image itself, upright; the page of a PDF; the middle frame of a video.

        Raises:
            InputError: there is no picture (a text, a recording), or the medium cannot be opened (any more).
            MissingExtraError: Pillow, PyAV or pypdfium2 is not installed.
        """
        return self._opener().image(self.record, self.window)

    def page(self, *, dpi: int = 150) -> Picture:
        """The page that was found, rendered; `pages` has all of its window. Raises as `image` does."""
        return self._opener().pages(self.record, self.record.window, dpi=dpi)[0]

    def pages(self, *, dpi: int = 150) -> list[Picture]:
        """The pages of its window, rendered. Raises as `image` does."""
        return self._opener().pages(self.record, self.window, dpi=dpi)

    def clip(self, *, padding: float = 0.0) -> Media:
        """Its window, cut from the source: `Audio`, `Video` (with its sound) or `Pdf`, or a whole `Image` (PNG if chat
        models do not take its format), with bytes.

        Video begins at the keyframe before its window. `padding` is so many seconds, or pages, more on either side.
        Raises as `image` does.
        """
        return self._opener().clip(self.record, self.window, padding=padding)

    def file(self) -> BinaryIO:
        """The whole file on disk that it is of, a text's too, open for reading: close it.

        Raises:
            InputError: it is of no file of this machine, or of one outside of the embedder's `root`.
        """
        return self._opener().file(self.record)

    def boxes(self, words: str) -> list[Box]:
        """Where words of a query stand on the page that was found, as rectangles in parts of its width and height;
        none on a scan. Raises as `image` does."""
        return self._opener().boxes(self.record, words)

    def loudness(self, points: int = 200) -> list[float]:
        """The loudest moment, from 0 to 1, of so many stretches of a recording's window: a waveform. Raises as `image`
        does."""
        return self._opener().loudness(self.record, self.window, points)

    def cited(self, number: int, note: str = "") -> str:
        """For a reader or a chat model: `[1] video talk.mp4#t=96,128`, a note, and its text on the lines below."""
        return "\n".join(filter(None, (f"[{number}] {self.modality or 'text'} {self.link}{note}", self.page_content)))

    def __str__(self) -> str:
        return f"{self.score:.2f} {self.record.described(self.page_content, self.window)}"

    def __repr__(self) -> str:
        return f"<Hit {self}>"

    def _opener(self) -> Opener:
        from gemini_embed.hits.opening import Opener  # media libraries are met only by those who open a medium

        return self.opener or Opener()
