"""Draws a catalogue of garments, and photos of the same garments: always the same, and without any text in them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from draw_pictures import BLUE, BROWN, GREEN, ORANGE, PURPLE, RED, WHITE, YELLOW, Pen, Point
from PIL.Image import Image, Resampling

COLOURS = {
    "red": RED,
    "orange": ORANGE,
    "yellow": YELLOW,
    "green": GREEN,
    "blue": BLUE,
    "purple": PURPLE,
    "brown": BROWN,
}
_FLOOR = "#b9b4ad"
_LEFT_HALVES: dict[str, list[Point]] = {
    "shirt": [(110, 40), (45, 90), (75, 125), (110, 95), (110, 210)],
    "trousers": [(105, 20), (90, 225), (140, 225), (160, 80)],
    "dress": [(135, 20), (140, 90), (80, 225)],
    "scarf": [(30, 95), (30, 145)],
    "skirt": [(125, 60), (55, 205)],
    "bag": [(120, 45), (120, 90), (90, 90), (90, 215)],
}


class Garment(NamedTuple):
    """A garment of the catalogue: its name and kind, the catalogue's picture, and a photo."""

    name: str
    kind: str
    picture: Path
    photo: Path


def draw_catalogue(folder: Path) -> list[Garment]:
    """Every kind in every colour, as PNG files."""
    chance, made = random.Random(7), []  # noqa: S311 - pictures, not secrets
    for colour, paint in COLOURS.items():
        for kind, left in _LEFT_HALVES.items():
            outline = [*left, *((320 - x, y) for x, y in reversed(left))]
            one = Garment(
                f"{colour} {kind}", kind, folder / f"{colour}-{kind}.png", folder / f"{colour}-{kind}-photo.png"
            )
            _drawn(outline, paint, WHITE).save(one.picture)
            _photographed(_drawn(outline, paint, _FLOOR), chance).save(one.photo)
            made.append(one)
    return made


def _drawn(outline: list[Point], paint: str, ground: str) -> Image:
    pen = Pen(ground)
    pen.polygon(outline, paint)
    return pen.picture()


def _photographed(picture: Image, chance: random.Random) -> Image:
    """The same on the floor: turned, smaller, aside, in poor light."""
    turned = picture.rotate(chance.uniform(-25, 25), Resampling.BICUBIC, fillcolor=_FLOOR)
    photo = Pen(_FLOOR).picture()
    size = chance.randint(190, 290), chance.randint(140, 220)
    photo.paste(turned.resize(size), (chance.randint(0, 30), chance.randint(0, 20)))
    light = chance.uniform(0.75, 1.0)
    return photo.point(lambda value: round(value * light))
