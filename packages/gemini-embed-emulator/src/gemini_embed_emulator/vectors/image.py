"""What a picture shows, as weights on the features of words: colours and simple shapes by name, and where they are.

No text in the picture is read, and nothing that would need a model is recognised.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gemini_embed_emulator.tokens import IMAGE_TOKENS

from .features import Sparse, feature
from .medium import Medium, UnreadableMediumError, media_tools
from .shapes import Names, seen
from .text import named

if TYPE_CHECKING:
    from PIL import Image

_SIDE = 48  # pixels of the longer side of what is looked at
_CELLS = 4  # cells a side of the coarse layout
_MIN_SHARE = 0.02  # of the foreground: what is smaller goes unnoticed
COLOURS = ("black", "gray", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")
_INDEX = {name: index for index, name in enumerate(COLOURS)}

_KIND_WEIGHT = 0.5
_BACKGROUND_WEIGHT = 0.2
_SHAPE_WEIGHT = 0.8
_CELL_WEIGHT = 0.15

Pixels = npt.NDArray[np.uint8]


def look(data: bytes) -> Medium:
    """An encoded image. Raises UnreadableMediumError."""
    return Medium.of("IMAGE", IMAGE_TOKENS, data, describe(load(data)))


def load(data: bytes) -> Pixels:
    """The image in an encoded image, see `shrunk`."""
    with media_tools():
        from PIL import Image, UnidentifiedImageError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error below says it; PIL would also warn
            with Image.open(io.BytesIO(data)) as image:
                image.draft("RGB", (8 * _SIDE, 8 * _SIDE))  # lets a large JPEG be decoded small
                return shrunk(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableMediumError(str(error)) from error


def shrunk(image: Image.Image) -> Pixels:
    """The image over white, shrunk to at most 48 pixels a side: uint8, shape (rows, columns, 3)."""
    from PIL import Image

    rgba = image.convert("RGBA")
    canvas = Image.new("RGBA", rgba.size, "white")
    canvas.alpha_composite(rgba)
    scale = _SIDE / max(canvas.size)
    width, height = (max(round(side * scale), _CELLS) for side in canvas.size)
    return np.asarray(canvas.convert("RGB").resize((width, height), Image.Resampling.BOX))


def describe(pixels: Pixels, kind: str = "image") -> list[tuple[float, Sparse]]:
    """Weighted features: being of a kind, the colours in front and behind, the shapes, the colours of a 4 x 4 grid."""
    names = colour_names(pixels)
    border = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    background = int(np.bincount(border).argmax())
    front = names[names != background]
    terms = [(_KIND_WEIGHT, named(kind)), (_BACKGROUND_WEIGHT, named(COLOURS[background]))]
    for index, number in enumerate(np.bincount(front)):
        if number > _MIN_SHARE * front.size:
            terms.append((float(number / front.size) ** 0.5, named(COLOURS[index])))
    if front.size:
        terms += [(_SHAPE_WEIGHT, named(name)) for name in seen(names, background)]
    return terms + [(_CELL_WEIGHT, term) for term in _layout(names, background)]


def _layout(names: Names, background: int) -> Iterator[Sparse]:
    for row, band in enumerate(np.array_split(names, _CELLS)):
        for column, cell in enumerate(np.array_split(band, _CELLS, axis=1)):
            index = int(np.bincount(cell.ravel()).argmax())
            if index != background:
                yield feature(f"cell:{row},{column}:{COLOURS[index]}")


def colour_names(pixels: Pixels) -> Names:
    """The index in COLOURS of each pixel's colour: shape (rows, columns)."""
    rgb = pixels.astype(np.float64) / 255
    value, low = rgb.max(axis=-1), rgb.min(axis=-1)
    spread = np.where(value > low, value - low, 1.0)
    saturation = np.where(value > 0, (value - low) / np.where(value > 0, value, 1.0), 0.0)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    hue = 60 * np.select(
        [value == red, value == green],
        [(green - blue) / spread % 6, (blue - red) / spread + 2],
        (red - green) / spread + 4,
    )
    reddish = (hue < 15) | (hue >= 345)
    rules = [
        (value < 0.2, "black"),
        ((saturation < 0.18) & (value > 0.85), "white"),
        (saturation < 0.18, "gray"),
        ((hue < 40) & (value < 0.65) & (saturation < 0.8), "brown"),
        (reddish & (saturation < 0.5) & (value > 0.8), "pink"),
        (reddish, "red"),
        (hue < 40, "orange"),
        (hue < 70, "yellow"),
        (hue < 165, "green"),
        (hue < 195, "cyan"),
        (hue < 255, "blue"),
        (hue < 300, "purple"),
    ]
    chosen = np.select([rule for rule, _ in rules], [_INDEX[name] for _, name in rules], _INDEX["pink"])
    return chosen.astype(np.intp)
