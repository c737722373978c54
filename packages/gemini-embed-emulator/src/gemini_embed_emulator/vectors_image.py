"""What a picture shows, as weights on the features of words: colours and simple shapes by name, and where they are.

No text in the picture is read, and nothing that would need a model is recognised.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from .vectors_text import Array, Sparse, feature, stem, total, unit, word

_SIDE = 48  # pixels of the longer side of what is looked at
_CELLS = 4  # cells a side of the coarse layout
_MIN_SHARE = 0.02  # of the foreground: what is smaller goes unnoticed
COLOURS = ("black", "gray", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")
_INDEX = {name: index for index, name in enumerate(COLOURS)}

_IMAGE_WEIGHT = 0.5
_BACKGROUND_WEIGHT = 0.2
_SHAPE_WEIGHT = 0.8
_CELL_WEIGHT = 0.15
_EXACT_WEIGHT = 0.06

Pixels = npt.NDArray[np.uint8]
Names = npt.NDArray[np.intp]


class UndecodableImageError(ValueError):
    """The bytes are not an image that can be opened."""


@lru_cache(maxsize=64)
def image_features(data: bytes) -> Array:
    """The features of an encoded image: unit length, shape (FEATURES,). Raises UndecodableImageError."""
    terms = [*describe(load(data)), (_EXACT_WEIGHT, feature(f"exact:{hashlib.sha256(data).hexdigest()}"))]
    return unit(total(terms))


def load(data: bytes) -> Pixels:
    """The image over white, shrunk to at most 48 pixels a side: uint8, shape (rows, columns, 3)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error below says it; PIL would also warn
            with Image.open(io.BytesIO(data)) as image:
                rgba = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UndecodableImageError(str(error)) from error
    canvas = Image.new("RGBA", rgba.size, "white")
    canvas.alpha_composite(rgba)
    scale = _SIDE / max(canvas.size)
    width, height = (max(round(side * scale), _CELLS) for side in canvas.size)
    return np.asarray(canvas.convert("RGB").resize((width, height), Image.Resampling.BOX))


def describe(pixels: Pixels) -> list[tuple[float, Sparse]]:
    """Weighted features: being an image, the colours in front and behind, the shapes, the colours of a 4 x 4 grid."""
    names = colour_names(pixels)
    border = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    background = int(np.bincount(border).argmax())
    front = names[names != background]
    terms = [(_IMAGE_WEIGHT, _named("image")), (_BACKGROUND_WEIGHT, _named(COLOURS[background]))]
    for index, number in enumerate(np.bincount(front)):
        if number > _MIN_SHARE * front.size:
            terms.append((float(number / front.size) ** 0.5, _named(COLOURS[index])))
    terms += [(_SHAPE_WEIGHT, _named(name)) for name in shapes(names, background)]
    return terms + [(_CELL_WEIGHT, term) for term in _layout(names, background)]


def _named(name: str) -> Sparse:
    return word(stem(name))


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


@dataclass(frozen=True)
class _Blot:
    """A connected patch of one colour: its box in pixels and how many of them it covers."""

    top: int
    left: int
    height: int
    width: int
    area: int

    @property
    def shape(self) -> str | None:
        """The name of a simple shape, from the share of the box that is covered."""
        fill, aspect = self.area / (self.height * self.width), self.width / self.height
        length = max(self.height, self.width)
        if self.area < 2 * length:  # a stroke; a frame would cover more
            return "line" if length > _SIDE // 2 else None
        if fill > 0.93:
            return "square" if 0.85 < aspect < 1.18 else "rectangle"
        if 0.7 < fill < 0.88 and 0.85 < aspect < 1.18:
            return "circle"
        if 0.42 < fill < 0.62:
            return "triangle"
        return None


def shapes(names: Names, background: int) -> list[str]:
    """Names of what is seen: shapes, each once, and the charts that several shapes make."""
    blots = [blot for blot in _blots(names, background) if blot.area > _MIN_SHARE * 0.5 * names.size]
    found = list(dict.fromkeys(blot.shape for blot in blots if blot.shape))
    front = names != background
    bars = [blot for blot in blots if blot.shape in ("rectangle", "square")]
    feet = {blot.top + blot.height for blot in bars}
    if len(bars) >= 3 and max(feet) - min(feet) <= 2 and len({blot.height for blot in bars}) > 1:
        return ["bar", "chart"]
    if len(blots) >= 3 and _box(front).shape == "circle":
        return ["pie", "chart", "circle"]
    return ["line", "chart"] if found == ["line"] else found


def _box(mask: npt.NDArray[np.bool_]) -> _Blot:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    return _Blot(int(rows[0]), int(columns[0]), height, width, int(mask.sum()))


def _blots(names: Names, background: int) -> Iterator[_Blot]:
    """Connected patches of each colour that is not the background's."""
    left = {(int(row), int(column)) for row, column in np.argwhere(names != background)}
    while left:
        start = left.pop()
        colour, edge, patch = names[start], [start], np.zeros(names.shape, bool)
        while edge:
            row, column = edge.pop()
            patch[row, column] = True
            for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if near in left and names[near] == colour:
                    left.discard(near)
                    edge.append(near)
        yield _box(patch)
