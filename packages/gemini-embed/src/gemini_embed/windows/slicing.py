"""Where a medium's windows lie, found by looking into it once; and the windows, cut when they are wanted."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from gemini_embed.excerpt import Excerpt
from gemini_embed.media.probing import MediaInfo, probe, probe_sound
from gemini_embed.media.source import Source, called, reading
from gemini_embed.models import ModelFacts
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows.audio import audio_spans, audio_windows
from gemini_embed.windows.frames import frame_spans, frame_windows, has_pages
from gemini_embed.windows.pdfs import PDF_TYPE, pdf_windows, text_tokens
from gemini_embed.windows.spans import Span, even_count, even_spans
from gemini_embed.windows.video import codec_of_windows, video_spans, video_windows
from gemini_embed.windows.window import Cutting, Window


@dataclass(frozen=True)
class Slices:
    """A medium that was looked into to its end. Nothing is cut before `windows()` is iterated."""

    source: Source
    info: MediaInfo
    spans: tuple[Span, ...]
    """Seconds, or pages counted from 0; empty for an image that is one window."""
    root: str | None = None

    @property
    def excerpts(self) -> list[Excerpt]:
        """Where each window lies."""
        if self.info.modality == "image" and not self.spans:
            return [Excerpt()]
        if self.info.modality == "pdf" or has_pages(self.info.mime_type):
            return [Excerpt(page_start=int(span.start) + 1, page_end=int(span.end)) for span in self.spans]
        return [Excerpt(start_s=span.start, end_s=span.end) for span in self.spans]

    def windows(self) -> Generator[Window, None, None]:
        """The windows in order, one at a time, in one pass.

        Raises:
            MediaError: damaged.
        """
        if self.info.modality == "pdf":
            return pdf_windows(self.source, self.spans, root=self.root)
        if self.info.modality == "video":
            return video_windows(self.source, self.info, self.spans, root=self.root)
        if self.info.modality == "audio":
            return audio_windows(self.source, self.info, self.spans, root=self.root)
        if self.spans:
            return frame_windows(self.source, self.info.mime_type, self.spans, root=self.root)
        return self._whole()

    def likely_text_tokens(self) -> list[int]:
        """How many tokens the text of each window likely has, for PDFs; for all else 0.

        Raises:
            MediaError: damaged.
        """
        if self.info.modality != "pdf":
            return [0] * len(self.excerpts)
        pages = text_tokens(self.source, root=self.root)
        return [sum(pages[int(span.start) : int(span.end)]) for span in self.spans]

    def info_of(self, window: Window) -> MediaInfo:
        """What is inside a window: it was cut here, so it need not be looked into. Of what was converted the codec is
        not told, and keyframes only where the medium stayed in one piece."""
        is_whole = len(self.spans) <= 1 and self.info.mime_type != PDF_TYPE
        if is_whole and (window.mime_type, len(window.data)) == (self.info.mime_type, self.info.size_bytes):
            return self.info
        duration_s = None if window.end_s is None else window.end_s - (window.start_s or 0.0)
        pages = None if window.page_end is None else window.page_end - (window.page_start or 1) + 1
        return MediaInfo(
            modality=self.info.modality,
            mime_type=window.mime_type,
            size_bytes=len(window.data),
            duration_s=duration_s,
            pages=pages,
            codec=codec_of_windows(self.info, self.spans) if self.info.modality == "video" else None,
            width=self.info.width,
            height=self.info.height,
            text_tokens=likely_tokens(window.text) if window.text else 0,
        )

    def _whole(self) -> Generator[Window, None, None]:
        with reading(self.source, self.root) as file:
            yield Window(mime_type=self.info.mime_type, data=file.read())


def slices(
    source: Source,
    facts: ModelFacts,
    cutting: Cutting | None = None,
    *,
    name: str | None = None,
    root: str | None = None,
) -> Slices:
    """Look into a medium, and say where its windows lie; see `windows` for the errors."""
    how = cutting or Cutting()
    how.check(facts)
    return _sliced(source, probe(source, name=name, root=root), facts, how, name, root)


def sound_slices(
    source: Source,
    facts: ModelFacts,
    cutting: Cutting | None = None,
    *,
    name: str | None = None,
    root: str | None = None,
) -> Slices | None:
    """`slices` of the sound track of a video; None where it has none."""
    how = cutting or Cutting()
    how.check(facts)
    info = probe_sound(source, name=name, root=root)
    return None if info is None else _sliced(source, info, facts, how, name, root)


def sound_between(source: Source, start_s: float, end_s: float, *, root: str | None = None) -> Window | None:
    """The sound of these seconds of a video, as audio is cut; None where it has no sound track, or none so late.

    Raises:
        MediaError: damaged.
    """
    info = probe_sound(source, root=root)
    end_s = end_s if info is None else min(end_s, info.duration_s or 0.0)
    if info is None or end_s <= start_s:
        return None
    return next(audio_windows(source, info, [Span(start_s, end_s)], root=root))


def _sliced(
    source: Source, info: MediaInfo, facts: ModelFacts, how: Cutting, name: str | None, root: str | None
) -> Slices:
    named = name or called(source)
    if info.modality == "image" and how.every_frame:
        spans = frame_spans(source, info.mime_type, how.max_windows, root=root)
        how.check_count(len(spans), named)
    else:
        spans = _spans(info, facts, how, named)
    return Slices(source, info, tuple(spans), root)


def _spans(info: MediaInfo, facts: ModelFacts, how: Cutting, name: str) -> list[Span]:
    """Where the windows lie. MediaError where these are more than `how.max_windows`, before they are listed."""
    if info.modality == "pdf":
        how.check_count(even_count(info.pages or 0, how.pdf_pages, how.overlap_pages), name)
        return even_spans(info.pages or 0, how.pdf_pages, facts.max_pages, how.overlap_pages)
    if info.modality == "video":
        spans = video_spans(info, length_s=how.video_s, most_s=facts.max_video_s, overlap_s=how.overlap_s)
        how.check_count(len(spans), name)
        return spans
    if info.modality == "audio":
        how.check_count(even_count(info.duration_s or 0.0, how.audio_s, how.overlap_s), name)
        return audio_spans(info, length_s=how.audio_s, most_s=facts.max_audio_s, overlap_s=how.overlap_s)
    return []
