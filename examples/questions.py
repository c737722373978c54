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
        expected: source of the hit that must come first; the emulator's vectors are tested on it.
        modality: look only among "text" or "image" records; None looks among all. A sentence is nearer to sentences
            than to the picture it describes, so whoever wants pictures says so.
    """

    kind: str
    expected: str
    words: str = ""
    picture: Path | None = None
    modality: str | None = None

    @property
    def filter(self) -> dict[str, str] | None:
        """The neutral filter, for any store."""
        return {"modality": self.modality} if self.modality else None


QUESTIONS = [
    Question("text → text", "guides/quotas.md#waiting", "How many seconds do I wait when a quota is used up?"),
    Question("text → text", "home/bicycle.md#mending-a-flat-tyre", "My tyre is flat. How do I patch the tube?"),
    Question("text → image", "pictures/bar-chart-blue.png", "a bar chart with blue bars", modality="image"),
    Question("text → image", "pictures/circle-red.png", "a red circle", modality="image"),
    Question("image → image", "pictures/tree.png", picture=PICTURES / "another-tree.png"),
    Question("image → image", "pictures/bar-chart-blue.png", picture=PICTURES / "another-bar-chart.png"),
    Question(
        "text + image → text",
        "home/recipes.md#apple-cake",
        "What can I bake with this fruit?",
        PICTURES / "another-apple.png",
        modality="text",
    ),
    Question(
        "text + image → image",
        "pictures/bar-chart-green.png",
        "a bar chart in this colour",
        PICTURES / "green-swatch.png",
        modality="image",
    ),
]
