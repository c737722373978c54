"""What the quickstart asks: with words, with media of every kind, and with both together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gemini_embed import Audio, Image, Pdf, Video
from gemini_embed.content import Media

MEDIA = Path(__file__).parent / "questions"
WHAT = {Audio: "a recording", Image: "a picture", Pdf: "a PDF", Video: "a video"}


@dataclass(frozen=True)
class Question:
    """One query: words, a medium, or both together.

    Attributes:
        kind: what is asked with, and what is looked for.
        modality: look only among records of this one; None looks among all, each for itself, and fuses what is found.
    """

    kind: str
    words: str = ""
    medium: Media | None = None
    modality: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.asked}"

    @property
    def asked(self) -> str:
        """The words and the medium's name."""
        name = Path(self.medium.location).name if self.medium and self.medium.location else ""
        return " + ".join(filter(None, [f'"{self.words}"' if self.words else "", name]))

    @property
    def asked_in_words(self) -> str:
        """The same, a medium alone with what it is."""
        return f"{WHAT[type(self.medium)]}, {self.asked}" if self.medium and not self.words else self.asked

    @property
    def parts(self) -> list[str | Media]:
        """The query, for either framework."""
        return [part for part in (self.words, self.medium) if part]

    @property
    def filter(self) -> dict[str, str] | None:
        """The neutral filter, for any store."""
        return {"modality": self.modality} if self.modality else None


QUESTIONS = [
    Question("image to video", medium=Image(MEDIA / "another-tree.png"), modality="video"),
    Question("audio to PDF", medium=Audio(MEDIA / "spoken.wav"), modality="pdf"),
    Question("text to page", "May I write in my score with a pen or a pencil?", modality="text"),
    Question("text to table", "Is the treasurer a bass?", modality="text"),
    Question("text to mail", "How many steps has the lighthouse, and which shoes do I wear?", modality="text"),
    Question("text to subtitles", "How long do we hum on one breath?", modality="text"),
    Question("text to PDF", "Where do I shut off the water?", modality="pdf"),
    Question("text to audio", "When does the plumber come?", modality="audio"),
    Question("text to video", "a boat with white sails and a red hull", modality="video"),
    Question(
        "text plus image to text", "Which cake is made with this fruit?", Image(MEDIA / "another-apple.png"), "text"
    ),
    Question("text plus image to image", "a bar chart in this colour", Image(MEDIA / "green-swatch.png"), "image"),
    Question("video to image", medium=Video(MEDIA / "lemon.mp4"), modality="image"),
    Question("PDF to audio", medium=Pdf(MEDIA / "letter.pdf"), modality="audio"),
    Question("text to all", "What is under the kitchen sink?"),
    Question("image to image", medium=Image(MEDIA / "another-tree.png"), modality="image"),
    Question("image to image", medium=Image(MEDIA / "another-bar-chart.png"), modality="image"),
    Question("text to image", "a bar chart with blue bars", modality="image"),
    Question("text to image", "a red circle", modality="image"),
    Question("text to text", "How many seconds do I wait when a quota is used up?", modality="text"),
    Question("text to text", "My tyre is flat. How do I patch the tube?", modality="text"),
]
"""What surprises most comes first."""
