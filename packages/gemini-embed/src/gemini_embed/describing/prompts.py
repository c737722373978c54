"""What a chat model is asked of a window. Another wording is another version, and what was kept under the former one
is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal, TypeAlias

from gemini_embed.windows import Window

VERSION = "1"
Kind: TypeAlias = Literal["transcript", "caption", "ocr"]

SENTENCES: dict[str, Any] = {
    "type": "ARRAY",
    "items": {
        "type": "OBJECT",
        "properties": {"start": {"type": "STRING"}, "end": {"type": "STRING"}, "text": {"type": "STRING"}},
        "required": ["start", "end", "text"],
    },
}
"""The schema of a transcript, as google-genai takes it."""

_PROMPTS: dict[Kind, str] = {
    "transcript": (
        "Transcribe the speech in this recording, word for word and in the language that is spoken. Answer a JSON list "
        "with an object for each sentence: start and end as MM:SS.s, counted from the beginning of this recording, and "
        "text. Where nobody speaks answer an empty list; music and noises are no sentences."
    ),
    "caption": (
        "Say in one to three plain sentences what this shows: things, people, actions, places and colours that "
        "somebody may search for. Quote text that can be read in it. Begin with the thing itself."
    ),
    "ocr": (
        "Write out all text on these pages, in reading order, tables as lines with | between the cells. Answer the "
        "text alone, and nothing where there is none."
    ),
}


@dataclass(frozen=True)
class Question:
    """A medium and what is asked of it."""

    kind: Kind
    mime_type: str
    data: bytes
    seconds: float = 0.0
    pages: int = 0


def question_of(window: Window, *, hears_videos: bool) -> Question | None:
    """What is asked of a window; None where nothing need be: a page has its text, a medium lies where it is not read.

    Of a video its sound is transcribed, if `hears_videos` and it has some; else its pictures are described.
    """
    seconds = (window.end_s or 0.0) - (window.start_s or 0.0)
    modality = window.mime_type.partition("/")[0]
    if not window.data:
        return None
    if modality == "audio":
        return Question("transcript", window.mime_type, window.data, seconds)
    if modality == "video":
        sound = window.sound() if hears_videos and window.sound else None
        if sound is not None:
            return Question("transcript", sound.mime_type, sound.data, seconds)
        return Question("caption", window.mime_type, window.data, seconds)
    if modality == "image":
        return Question("caption", *_picture(window))
    if window.text.strip():
        return None
    return Question("ocr", window.mime_type, window.data, pages=(window.page_end or 1) - (window.page_start or 1) + 1)


def prompt(kind: Kind, language: str | None, instructions: str) -> str:
    """The words of the question."""
    said = [_PROMPTS[kind]]
    if language and kind == "caption":
        said.append(f"Answer in this language: {language}.")
    return " ".join([*said, *([instructions] if instructions else [])])


def _picture(window: Window) -> tuple[str, bytes]:
    """In a format that chat models take."""
    from gemini_embed.hits.opening import SHOWN_AS_THEY_ARE
    from gemini_embed.media.pictures import opened_picture, png_of

    if window.mime_type in SHOWN_AS_THEY_ARE:
        return window.mime_type, window.data
    with opened_picture(BytesIO(window.data), "the picture") as picture:
        return "image/png", png_of(picture)
