"""Makes the quickstart's PDFs, recordings and videos: `python examples/record_media.py` writes them anew.

`data/` is indexed; what lies in `questions/` is only asked with. The voice is espeak-ng's: without it there are tones
only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import media_files
from draw_pictures import PALE, PICTURES, WHITE, Pen, lemon
from PIL import Image

HERE = Path(__file__).parent
MESSAGE_S, SCENE_S = 20.0, 32.0

MESSAGES = (
    "This is Anna. The plumber comes on Tuesday at nine.",
    "Your parcel is at the bakery until Saturday.",
    "We tuned the piano. The invoice is in the letterbox.",
)
"""What is on the answering machine, one every 20 seconds."""

SCENES = ("tree.png", "sailboat.png", "night.png")
"""What the video of a walk shows, half a minute each."""

MANUAL = {
    "house.png": """House manual: the keys

The spare key hangs in the shed, behind the watering can.
The front door sticks in winter: lift the handle.""",
    "pipeline.png": """House manual: water

The stopcock is under the kitchen sink, on the left.
Turn it clockwise to shut off the water.""",
    "circle-red.png": """House manual: electricity

The fuse box is in the hall, beside the coats.
The red switch turns off everything.""",
    "sun.png": """House manual: heating

The boiler is in the cellar. Set it to 60 degrees.
In summer only the sun heats the water.""",
}
"""The drawing and the words of each page."""

LETTER = "Dear neighbour,\n\nI am waiting for a parcel.\nDo you know whether it is at the bakery?"
SPOKEN = "Where is the fuse box?"


def drawn(name: str) -> Image.Image:
    """One of the pictures of the quickstart."""
    background, artist = PICTURES[f"data/pictures/{name}"]
    pen = Pen(background)
    artist(pen)
    return pen.picture()


def lemon_on(background: str) -> Image.Image:
    pen = Pen(background)
    lemon(pen)
    return pen.picture()


MEDIA: dict[str, Callable[[], bytes]] = {
    "data/home/house-manual.pdf": lambda: media_files.pdf([(words, drawn(name)) for name, words in MANUAL.items()]),
    "data/home/messages.mp3": lambda: media_files.mp3(
        media_files.in_slots([media_files.spoken(words) for words in MESSAGES], MESSAGE_S)
    ),
    "data/home/walk.mp4": lambda: media_files.mp4([(drawn(name), SCENE_S) for name in SCENES]),
    "questions/letter.pdf": lambda: media_files.pdf([(LETTER, None)]),
    "questions/spoken.wav": lambda: media_files.wav(media_files.spoken(SPOKEN)),
    "questions/lemon.mp4": lambda: media_files.mp4([(lemon_on(WHITE), 2.0), (lemon_on(PALE), 2.0)]),
}
"""File, and who makes it."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the quickstart's PDFs, recordings and videos.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets data/ and questions/ (default: here)")
    out: Path = parser.parse_args().out
    for name, make in MEDIA.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(make())
    print(f"{len(MEDIA)} files in {out}")


if __name__ == "__main__":
    main()
