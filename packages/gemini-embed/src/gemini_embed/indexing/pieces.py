"""The windows of one medium as an add wants them: cut in one pass, and only those whose records are not there yet."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial

from gemini_embed.content import Audio, Content, Media, Video, media_of_type
from gemini_embed.errors import InputError, MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.indexing.recognising import digest_of
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.examining import likely_media_tokens
from gemini_embed.secret import shown_url
from gemini_embed.windows import Cutting, MediaInfo, Slices, Window, slices, sound_between, sound_slices


@dataclass(frozen=True)
class Loaded:
    """What is embedded for a record, the text that comes with it, and the window it was cut as."""

    content: Content
    text: str = ""
    window: Window | None = None


class Opened:
    """The one medium of an add that is being cut: when another is asked for, this one is done with, and closed."""

    def __init__(self) -> None:
        self._pieces: Pieces | None = None

    def by(self, pieces: Pieces | None) -> None:
        """`pieces` are cut from now on; None: nothing is."""
        if self._pieces is not None and self._pieces is not pieces:
            self._pieces.close()
        self._pieces = pieces


class Pieces:
    """A medium that was looked into, and its windows."""

    def __init__(self, part: Media, found: Slices, digest: str, title: str | None, opened: Opened) -> None:
        self.digest, self.part = digest, part
        self.info: MediaInfo = found.info
        self.excerpts: list[Excerpt] = found.excerpts
        self._slices, self._title, self._opened = found, title, opened
        self._windows: Generator[Window, None, None] | None = None
        self._next = 0
        self._text_tokens: list[int] | None = None

    @classmethod
    def of(
        cls,
        part: Media,
        facts: ModelFacts,
        cutting: Cutting,
        *,
        root: str | None,
        fetch: Callable[[str], bytes] | None,
        title: str | None,
        opened: Opened,
        is_claimed: bool = True,
    ) -> Pieces:
        """Look into a medium, which is fetched first if need be. What nobody claimed to be a video may turn out to be a
        recording, in a container that holds both.

        Raises:
            InputError: it cannot be had, or what is wrong with it (`MediaError`).
        """
        name = shown_url(part.location) if part.location else repr(part)
        if part.is_url:
            if fetch is None:
                raise InputError(f"{name} must be fetched to be looked into, and nothing here can")
            part = _with_data(part, fetch(part.location or ""), part.mime_type)
        source = part.data if part.data is not None else part.location or ""
        found = slices(source, facts, cutting, name=name, root=root)
        if found.info.modality != part.modality and not is_claimed:
            kind = media_of_type(found.info.mime_type) or type(part)
            part = kind(part.data if part.data is not None else part.location, found.info.mime_type)
        if found.info.modality != part.modality:
            way_out = f"pass {found.info.modality.capitalize()}(...)"
            raise MediaError(f"{name} is {found.info.mime_type}, not {part.modality}: {way_out}", "mismatch")
        return cls(part, found, digest_of(part, root)[0], title, opened)

    @property
    def is_one_picture(self) -> bool:
        """Whether it is an image of a single frame."""
        return self.info.modality == "image" and not self._slices.spans

    @classmethod
    def of_sound(
        cls, film: Pieces, facts: ModelFacts, cutting: Cutting, *, root: str | None, title: str | None, opened: Opened
    ) -> Pieces | None:
        """The sound of a video, cut as a recording is; None where it has none. Raises as `of` does."""
        source = film.part.data if film.part.data is not None else film.part.location or ""
        found = sound_slices(source, facts, cutting, root=root)
        if found is None:
            return None
        return cls(Audio(source, found.info.mime_type), found, film.digest, title, opened)

    def likely_tokens(self, number: int, facts: ModelFacts) -> int:
        """What window `number` likely costs. The first time, a PDF's text is read to its end.

        Raises:
            MediaError: damaged.
        """
        if self._text_tokens is None:
            self._text_tokens = self._slices.likely_text_tokens()
        excerpt = self.excerpts[number]
        pages = (excerpt.page_end or 0) - (excerpt.page_start or 1) + 1
        seconds = (excerpt.end_s or 0.0) - (excerpt.start_s or 0.0)
        text = self._text_tokens[number]
        info = replace(self.info, pages=pages, duration_s=seconds, text_tokens=text)
        return likely_media_tokens(self.part, facts, info)

    def load(self, number: int) -> Loaded:
        """Window `number`, from 0. One pass does for all that are asked for in order.

        Raises:
            MediaError: damaged.
        """
        found = self._slices
        self._opened.by(self)
        if self._windows is None or number < self._next:  # never begun, or asked for again
            self.close()
            self._windows = self._slices.windows()
        for window in self._windows:
            self._next += 1
            if self._next > number:
                part = _with_data(self.part, window.data, window.mime_type)
                part.info = self._slices.info_of(window)
                if self.info.modality == "video":
                    between = window.start_s or 0.0, window.end_s or 0.0
                    window = replace(window, sound=partial(sound_between, found.source, *between, root=found.root))
                return Loaded(Content(part, title=self._title), window.text, window)
        raise InputError(f"{self.part!r} has no window {number}: it has changed meanwhile")

    def close(self) -> None:
        """Let go of the file."""
        if self._windows is not None:
            self._windows.close()
        self._windows, self._next = None, 0


def _with_data(part: Media, data: bytes, mime_type: str | None) -> Media:
    if isinstance(part, Video):
        return Video(data, mime_type, fps=part.fps)
    return type(part)(data, mime_type)
