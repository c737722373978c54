"""Simple shapes in a small picture of named colours, from the boxes of its patches. Pure functions, no learning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Names = npt.NDArray[np.intp]
"""A colour's index for each pixel: shape (rows, columns)."""

_MIN_SHARE = 0.01  # of the picture: a smaller patch is a detail
_MANY_DOTS = 8


@dataclass(frozen=True)
class Patch:
    """Neighbouring pixels of one colour: their box, in pixels, and how many they are."""

    top: int
    left: int
    height: int
    width: int
    area: int

    @classmethod
    def around(cls, rows: Sequence[int], columns: Sequence[int]) -> Patch:
        """The patch of these pixels."""
        top, left = min(rows), min(columns)
        return cls(top, left, max(rows) - top + 1, max(columns) - left + 1, len(rows))

    @property
    def foot(self) -> int:
        """The row below the box."""
        return self.top + self.height

    def shape(self, side: int) -> str | None:
        """Its name, if it has one in a picture whose longer side is `side`, by the share of the box that is covered."""
        fill, aspect = self.area / (self.height * self.width), self.width / self.height
        length, even = max(self.height, self.width), 0.85 < aspect < 1.18
        if self.area < 2 * length:  # a stroke; a frame would cover more
            return "line" if length > side / 2 else None
        if fill > 0.93:
            return "square" if even else "rectangle"
        if 0.7 < fill < 0.88 and even:
            return "circle"
        return "triangle" if 0.42 < fill < 0.62 else None


def seen(names: Names, background: int) -> list[str]:
    """What a person might call the picture: a kind of chart, or else its shapes, each once."""
    patches = list(patches_of(names, background))
    large = [patch for patch in patches if patch.area >= _MIN_SHARE * names.size]
    shapes = [patch.shape(max(names.shape)) for patch in large]
    boxes = [patch for patch, shape in zip(large, shapes, strict=True) if shape in ("rectangle", "square")]
    if len(boxes) >= 3:
        return ["bar", "chart"] if _stand_side_by_side(boxes) else ["diagram", "box"]
    if len(large) >= 3 and _front(names, background).shape(max(names.shape)) == "circle":
        return ["pie", "chart", "circle"]
    found = sorted({shape for shape in shapes if shape})
    if found == ["line"]:
        return ["line", "chart"]
    if not found and len(patches) >= _MANY_DOTS:
        return ["scatter", "dot", "chart"]
    return found


def _stand_side_by_side(boxes: list[Patch]) -> bool:
    """On one line, or hanging from one side, and of different lengths."""
    upright = _about_equal([box.foot for box in boxes]) and len({box.height for box in boxes}) > 1
    lying = _about_equal([box.left for box in boxes]) and len({box.width for box in boxes}) > 1
    return upright or lying


def _about_equal(numbers: list[int]) -> bool:
    return max(numbers) - min(numbers) <= 2


def _front(names: Names, background: int) -> Patch:
    rows, columns = np.nonzero(names != background)
    return Patch.around(rows.tolist(), columns.tolist())


def patches_of(names: Names, background: int) -> Iterator[Patch]:
    """The connected patches of every colour but the background's, in reading order."""
    rows, columns = np.nonzero(names != background)
    left = dict.fromkeys(zip(rows.tolist(), columns.tolist(), strict=True))
    while left:
        start = next(iter(left))
        pixels = list(_grow(names, start, left))
        yield Patch.around([row for row, _ in pixels], [column for _, column in pixels])


def _grow(names: Names, start: tuple[int, int], left: dict[tuple[int, int], None]) -> Iterator[tuple[int, int]]:
    """The pixels of start's patch, each taken out of `left`."""
    colour, edge = names[start], [start]
    del left[start]
    while edge:
        row, column = edge.pop()
        yield row, column
        for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            if near in left and names[near] == colour:
                del left[near]
                edge.append(near)
