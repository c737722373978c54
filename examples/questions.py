"""What the quickstart asks, with words, with pictures and with both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PICTURES = Path(__file__).parent / "questions"


@dataclass(frozen=True)
class Question:
    """One query: words, a picture, or both together.

    Attributes:
        kind: what is asked with, and what is looked for.
        modality: look only among "text" or "image" records; None looks among all. A sentence is nearer to sentences
            than to the picture it describes, so whoever wants pictures says so.
    """

    kind: str
    words: str = ""
    picture: Path | None = None
    modality: str | None = None

    def __str__(self) -> str:
        parts = [f'"{self.words}"' if self.words else "", self.picture.name if self.picture else ""]
        return f"{self.kind}: {' + '.join(filter(None, parts))}"

    @property
    def filter(self) -> dict[str, str] | None:
        """The neutral filter, for any store."""
        return {"modality": self.modality} if self.modality else None


QUESTIONS = [
    Question("text to text", "How many seconds do I wait when a quota is used up?"),
    Question("text to text", "My tyre is flat. How do I patch the tube?"),
    Question("text to image", "a bar chart with blue bars", modality="image"),
    Question("text to image", "a red circle", modality="image"),
    Question("image to image", picture=PICTURES / "another-tree.png"),
    Question("image to image", picture=PICTURES / "another-bar-chart.png"),
    Question("text plus image to text", "Which cake is made with this fruit?", PICTURES / "another-apple.png", "text"),
    Question("text plus image to image", "a bar chart in this colour", PICTURES / "green-swatch.png", "image"),
]
