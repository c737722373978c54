"""What cutting yields, and how long the pieces are to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gemini_embed.checks import switch
from gemini_embed.errors import ConfigurationError, MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.models import ModelFacts

TEXT_TYPE = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Excerpt):
    """One piece of a medium: a file of its own within the model's limits, or a stretch of text, and where it was."""

    mime_type: str
    data: bytes = field(default=b"", repr=False)
    """The piece as a file; empty for text."""
    text: str = ""
    """The text of its pages, or the stretch of text."""
    uri: str | None = None
    """Path or URL of the whole, where an index knows it."""
    sound: Callable[[], Window | None] | None = field(default=None, repr=False, compare=False)
    """Of a video's window, which has none itself, where an index cuts it: reads the sound of these seconds, None where
    the video has no sound track."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How long windows are, and how much of one the next repeats (nothing by default).

    32 s of video, since the model looks at one frame a second up to 32 and thins out beyond; 60 s of audio; one page of
    PDF, as Google recommends; about 1,024 tokens of text.

    With `video_sound` the sound track of a video becomes windows of `audio_s` too, records of modality "audio" beside
    those of its pictures: the model does not hear what is in a video. With `every_frame` an animation or a picture of
    several pages (GIF, WebP, APNG, TIFF) becomes a record for each frame; else it is its first.

    A recording, video or PDF that would become more than `max_windows` is refused: a small file may say that it lasts a
    year, or hold the same page a million times, and each window is paid for.
    """

    video_s: float = 32.0
    audio_s: float = 60.0
    pdf_pages: int = 1
    text_tokens: int = 1024
    overlap_s: float = 0.0
    overlap_pages: int = 0
    overlap_tokens: int = 0
    max_windows: int = 10_000
    video_sound: bool = False
    every_frame: bool = False

    def __post_init__(self) -> None:
        if type(self.pdf_pages) is not int or type(self.overlap_pages) is not int:
            raise ConfigurationError("pdf_pages= and overlap_pages= are whole numbers of pages")
        switch("video_sound", self.video_sound)
        switch("every_frame", self.every_frame)
        if type(self.max_windows) is not int or self.max_windows < 1:
            raise ConfigurationError(f"max_windows={self.max_windows!r} must be a whole number above 0")
        for name, overlap_name in _PAIRS:
            length, overlap = getattr(self, name), getattr(self, overlap_name)
            if not length > 0 or not 0 <= overlap < length:
                raise ConfigurationError(
                    f"{name}={length!r} must be above 0, and {overlap_name}={overlap!r} at least 0 and below it"
                )

    def check(self, facts: ModelFacts) -> None:
        """Raise ConfigurationError where a window would be longer than the model takes."""
        limits = {"video_s": facts.max_video_s, "audio_s": facts.max_audio_s, "pdf_pages": facts.max_pages,
                  "text_tokens": facts.max_tokens}  # fmt: skip
        for name, limit in limits.items():
            if limit is not None and getattr(self, name) > limit:
                raise ConfigurationError(f"{name}={getattr(self, name)!r} is more than {facts.name} takes ({limit:g})")

    def check_count(self, count: int, name: str) -> None:
        """Raise MediaError where a file `name` would become more than `max_windows`."""
        if count > self.max_windows:
            raise MediaError(
                f"{name} would become {count} windows, more than max_windows={self.max_windows}, and each is paid for: "
                f"cut it longer, or allow it with Cutting(max_windows={count})",
                "too_large",
            )


_PAIRS = (
    ("video_s", "overlap_s"),
    ("audio_s", "overlap_s"),
    ("pdf_pages", "overlap_pages"),
    ("text_tokens", "overlap_tokens"),
)
