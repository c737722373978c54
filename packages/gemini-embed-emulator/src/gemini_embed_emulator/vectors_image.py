"""What a picture shows, as weights on the features of words: its colours by name, and where they are."""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from .vectors_text import Array, combine, unit

_GRID = 48
_CELLS = 4
_COLOURS = {
    "red": (215, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (245, 220, 50),
    "green": (45, 160, 60),
    "cyan": (60, 200, 210),
    "blue": (40, 90, 200),
    "purple": (130, 60, 170),
    "pink": (240, 130, 180),
    "brown": (130, 80, 45),
    "black": (20, 20, 20),
    "gray": (128, 128, 128),
    "white": (245, 245, 245),
}
_NAMES = tuple(_COLOURS)
_PALETTE = np.array(list(_COLOURS.values()), dtype=np.float64)


class UndecodableImageError(ValueError):
    """The bytes are not an image that can be opened."""


def image_features(data: bytes) -> Array:
    """The features of an encoded image: unit length, shape (FEATURES,)."""
    return unit(combine(feature_weights(load(data))))


def load(data: bytes) -> npt.NDArray[np.uint8]:
    """The image over white, shrunk to a (48, 48, 3) uint8 array."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged file is told by the error, not by PIL's warnings
            with Image.open(io.BytesIO(data)) as image:
                rgba = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UndecodableImageError(str(error)) from error
    canvas = Image.new("RGBA", rgba.size, "white")
    canvas.alpha_composite(rgba)
    return np.asarray(canvas.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX))


def feature_weights(pixels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Features and weights: colours (the background's weighs little), and the colour of each cell of a grid."""
    names = _nearest_colours(pixels)
    border = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    background = int(np.bincount(border, minlength=len(_NAMES)).argmax())
    weights = {"modality:image": 0.5}
    shares = np.bincount(names.ravel(), minlength=len(_NAMES)) / names.size
    for index, share in enumerate(shares):
        if share > 0.01:
            weights[f"word:{_NAMES[index]}"] = share**0.5 * (0.25 if index == background else 1.5)
    step = _GRID // _CELLS
    for row in range(_CELLS):
        for column in range(_CELLS):
            cell = names[row * step : (row + 1) * step, column * step : (column + 1) * step]
            index = int(np.bincount(cell.ravel(), minlength=len(_NAMES)).argmax())
            weights[f"cell:{row},{column}:{_NAMES[index]}"] = 0.08 if index == background else 0.2
    return weights


def _nearest_colours(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    distance = ((pixels[:, :, None, :].astype(np.float64) - _PALETTE) ** 2).sum(axis=-1)
    return distance.argmin(axis=-1)
