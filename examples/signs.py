"""The same facts as text, picture, PDF page, recording and video, each with near misses: what an evaluation needs.

A fact is what a sign means. Signs share their colour or their shape with others, and sentences their words, so that
only who perceives both finds the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import media_files
from PIL import Image, ImageDraw

SIZE = (320, 240)
AUDIO_SLOT_S, VIDEO_SLOT_S = 60.0, 32.0
MODALITIES = ("text", "image", "audio", "video", "pdf")
_FORMATS = (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"))
_SHAPES: dict[str, Callable[..., None]] = {
    "circle": ImageDraw.ImageDraw.ellipse,
    "square": ImageDraw.ImageDraw.rectangle,
}


@dataclass(frozen=True)
class Sign:
    """A sign and what it means."""

    colour: str
    shape: str
    meaning: str

    @property
    def name(self) -> str:
        return f"{self.colour}-{self.shape}"

    @property
    def statement(self) -> str:
        return f"The {self.colour} {self.shape} marks {self.meaning}."

    @property
    def question(self) -> str:
        return f"What does the {self.colour} {self.shape} mark?"

    def drawn(self, caption: str, *, scale: float = 0.55, left: float = 0.5) -> Image.Image:
        """The sign on white, its middle at `left` of the width, with a caption."""
        picture = Image.new("RGB", SIZE, "white")
        pen, side = ImageDraw.Draw(picture), SIZE[1] * scale
        x, y = SIZE[0] * left - side / 2, (SIZE[1] - 20 - side) / 2
        _SHAPES[self.shape](pen, (x, y, x + side, y + side), fill=self.colour)
        pen.text((8, SIZE[1] - 14), caption, fill="gray", font_size=9)
        return picture


SIGNS = (
    Sign("red", "circle", "the pump room"),
    Sign("red", "square", "the boiler"),
    Sign("blue", "circle", "the lift"),
    Sign("blue", "square", "the archive"),
    Sign("green", "circle", "the garden door"),
    Sign("green", "square", "the first aid box"),
)


@dataclass(frozen=True)
class Target:
    """Where a fact is in one modality: its file, and the metadata that its record must have."""

    file: str
    place: dict[str, Any]


def write_targets(folder: Path) -> dict[tuple[str, str], Target]:
    """Write every fact in every modality below `folder`; where each is, by (sign, modality).

    Texts and pictures have a file each. Recordings share a WAV and an MP3, a fact a minute; videos share an MP4, a fact
    every 32 seconds; a PDF has a page for each.
    """
    (folder / "texts").mkdir(parents=True)
    targets: dict[tuple[str, str], Target] = {}
    for number, sign in enumerate(SIGNS):
        text = f"texts/{sign.name}.md"
        (folder / text).write_text(f"{sign.statement}\n", encoding="utf-8")
        suffix, image_format = _FORMATS[number % len(_FORMATS)]
        picture = f"{sign.name}.{suffix}"
        sign.drawn(sign.statement).save(folder / picture, image_format, quality=90)
        second = number * VIDEO_SLOT_S
        targets |= {
            (sign.name, "text"): Target(text, {}),
            (sign.name, "image"): Target(picture, {}),
            (sign.name, "pdf"): Target("signs.pdf", {"page_start": number + 1, "page_end": number + 1}),
            (sign.name, "video"): Target("signs.mp4", {"start_s": second, "end_s": second + VIDEO_SLOT_S}),
        }
    (folder / "signs.pdf").write_bytes(media_files.pdf([(s.statement, s.drawn("")) for s in SIGNS]))
    (folder / "signs.mp4").write_bytes(media_files.mp4([(s.drawn(s.statement), VIDEO_SLOT_S) for s in SIGNS]))
    half = len(SIGNS) // 2
    for name, write, signs in (
        ("signs.wav", media_files.wav, SIGNS[:half]),
        ("signs.mp3", media_files.mp3, SIGNS[half:]),
    ):
        recordings = [media_files.spoken(sign.statement) for sign in signs]
        (folder / name).write_bytes(write(media_files.in_slots(recordings, AUDIO_SLOT_S)))
        for number, sign in enumerate(signs):
            start = number * AUDIO_SLOT_S
            targets[sign.name, "audio"] = Target(name, {"start_s": start, "end_s": start + AUDIO_SLOT_S})
    return targets


def queries(sign: Sign) -> dict[str, Any]:
    """The question about a sign, asked in every modality, of things that are not in the index."""
    from gemini_embed import Audio, Pdf, Video
    from gemini_embed import Image as Picture

    drawing = sign.drawn(sign.question, scale=0.4, left=0.3)
    return {
        "text": sign.question,
        "image": Picture(drawing),
        "audio": Audio(media_files.wav(media_files.spoken(sign.question))),
        "video": Video(media_files.mp4([(drawing, 4.0)])),
        "pdf": Pdf(media_files.pdf([(sign.question, drawing)])),
    }
