"""Draws the pictures of the quickstart: `python examples/draw_pictures.py` writes them anew, always the same.

`data/pictures/` is indexed; the pictures in `questions/` are only asked with. No picture holds any text.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
WIDTH, HEIGHT = 320, 240
_FINE = 4  # drawn so many times larger, then shrunk: smooth edges

WHITE, INK, GRAY, PALE = "#ffffff", "#1f2328", "#8c959f", "#d0d7de"
RED, ORANGE, YELLOW, GREEN, BLUE, PURPLE = "#d1242f", "#f0883e", "#f5c518", "#2da44e", "#2563eb", "#8250df"
BROWN, DARK_GREEN, SKY, NIGHT, CYAN = "#7a4a21", "#1a7f37", "#bfe3ff", "#0b1026", "#1fb6c9"

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Pen:
    """Draws on a canvas of 320 x 240 units, the origin at the top left."""

    def __init__(self, background: str) -> None:
        self._image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), background)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> Image.Image:
        """What was drawn, at its final size."""
        return self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)

    def box(self, box: Box, colour: str, radius: float = 0) -> None:
        self._draw.rounded_rectangle([x * _FINE for x in box], radius * _FINE, fill=colour)

    def oval(self, box: Box, colour: str) -> None:
        self._draw.ellipse([x * _FINE for x in box], fill=colour)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        x, y = centre
        self.oval((x - radius, y - radius, x + radius, y + radius), colour)

    def slice(self, centre: Point, radius: float, start: float, end: float, colour: str) -> None:
        x, y = (_FINE * value for value in centre)
        radius *= _FINE
        self._draw.pieslice((x - radius, y - radius, x + radius, y + radius), start, end, fill=colour)

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        fine = [(x * _FINE, y * _FINE) for x, y in points]
        self._draw.line(fine, fill=colour, width=round(width * _FINE), joint="curve")
        for x, y in points:
            self.disc((x, y), width / 2, colour)

    def bands(self, top: float, bottom: float, colours: Sequence[tuple[int, int, int]]) -> None:
        """A vertical run through `colours`, blended."""
        rows = range(round(top * _FINE), round(bottom * _FINE))
        for row in rows:
            place = (row - rows.start) / len(rows) * (len(colours) - 1)
            first, share = int(place), place % 1
            pairs = zip(colours[first], colours[min(first + 1, len(colours) - 1)], strict=True)
            blend = tuple(round(low + (high - low) * share) for low, high in pairs)
            self._draw.line([(0, row), (WIDTH * _FINE, row)], fill=blend)


def red_circle(pen: Pen) -> None:
    pen.disc((160, 120), 84, RED)


def swatch(pen: Pen) -> None:
    pen.box((84, 44, 236, 196), GREEN, 6)


def purple_triangle(pen: Pen) -> None:
    pen.polygon([(160, 32), (262, 208), (58, 208)], PURPLE)


def bar_chart(pen: Pen, colour: str, heights: Sequence[float]) -> None:
    step = 250 / len(heights)
    for number, height in enumerate(heights):
        left = 44 + number * step
        pen.box((left, 204 - height, left + step * 0.66, 204), colour)
    pen.line([(32, 24), (32, 206), (300, 206)], GRAY, 2)


def line_chart(pen: Pen) -> None:
    for y in (46, 86, 126, 166):
        pen.line([(32, y), (300, y)], "#eaeef2", 1.5)
    pen.line([(32, 24), (32, 206), (300, 206)], GRAY, 2)
    points = [(44, 180), (86, 150), (128, 162), (170, 108), (212, 118), (254, 66), (290, 44)]
    pen.line(points, ORANGE, 7)
    for point in points:
        pen.disc(point, 7, ORANGE)


def pie_chart(pen: Pen) -> None:
    start = -90.0
    for share, colour in ((0.4, BLUE), (0.27, GREEN), (0.2, YELLOW), (0.13, PURPLE)):
        pen.slice((160, 120), 92, start, start + share * 360, colour)
        start += share * 360


def tree(pen: Pen, crown: Sequence[tuple[Point, float]], leaf: str) -> None:
    pen.box((147, 140, 173, 216), BROWN)
    for centre, radius in crown:
        pen.disc(centre, radius, leaf)
    pen.box((40, 212, 280, 220), leaf, 4)


def yellow_sun(pen: Pen) -> None:
    for dx, dy in ((0, 1), (1, 0), (0.707, 0.707), (0.707, -0.707)):
        pen.line([(160 - 104 * dx, 120 - 104 * dy), (160 + 104 * dx, 120 + 104 * dy)], YELLOW, 9)
    pen.disc((160, 120), 74, SKY)
    pen.disc((160, 120), 60, YELLOW)


def apple(pen: Pen, skin: str) -> None:
    pen.disc((136, 136), 62, skin)
    pen.disc((184, 136), 62, skin)
    pen.oval((90, 96, 230, 206), skin)
    pen.line([(160, 86), (164, 60), (176, 38)], BROWN, 8)
    pen.polygon([(170, 62), (196, 40), (232, 44), (206, 66)], GREEN)


def lemon(pen: Pen) -> None:
    pen.oval((70, 66, 250, 190), YELLOW)
    pen.polygon([(56, 128), (86, 104), (86, 152)], YELLOW)
    pen.polygon([(264, 128), (234, 104), (234, 152)], YELLOW)
    pen.polygon([(226, 66), (252, 36), (292, 42), (262, 72)], GREEN)


def sailboat(pen: Pen) -> None:
    pen.box((0, 172, 320, 240), BLUE)
    pen.line([(160, 38), (160, 166)], BROWN, 5)
    pen.polygon([(168, 40), (240, 150), (168, 150)], WHITE)
    pen.polygon([(152, 56), (152, 150), (96, 150)], WHITE)
    pen.polygon([(80, 160), (244, 160), (216, 196), (108, 196)], RED)


def house(pen: Pen) -> None:
    pen.box((0, 196, 320, 240), GREEN)
    pen.box((84, 110, 236, 204), "#e8c39e")
    pen.polygon([(64, 114), (160, 40), (256, 114)], BROWN)
    pen.box((144, 148, 176, 204), BROWN)
    for left in (100, 192):
        pen.box((left, 128, left + 28, 156), SKY)


def traffic_light(pen: Pen) -> None:
    pen.box((152, 196, 168, 240), GRAY)
    pen.box((112, 16, 208, 200), INK, 18)
    for y, colour in ((50, RED), (108, YELLOW), (166, GREEN)):
        pen.disc((160, y), 24, colour)


def night(pen: Pen) -> None:
    pen.disc((206, 92), 52, "#fff3b0")
    pen.disc((228, 80), 46, NIGHT)
    for x, y, radius in ((48, 40, 3), (96, 96, 2), (60, 160, 3), (132, 52, 2), (144, 190, 3), (284, 176, 3)):
        pen.disc((x, y), radius, WHITE)


def pipeline(pen: Pen) -> None:
    pen.line([(60, 120), (268, 120)], GRAY, 4)
    for tip in (118, 222):
        pen.polygon([(tip, 120), (tip - 15, 110), (tip - 15, 130)], GRAY)
    for left in (20, 124, 228):
        pen.box((left, 84, left + 74, 156), CYAN, 10)
        pen.box((left + 16, 104, left + 58, 111), WHITE, 3)
        pen.box((left + 16, 124, left + 46, 131), WHITE, 3)


def sunset(pen: Pen) -> None:
    pen.bands(0, 168, [(94, 53, 122), (214, 84, 75), (247, 150, 60), (255, 205, 96)])
    pen.disc((160, 150), 40, "#fff0b3")
    pen.bands(168, 240, [(201, 96, 50), (74, 36, 74)])


def mountains(pen: Pen) -> None:
    pen.polygon([(-20, 210), (92, 70), (200, 210)], "#6e7781")
    pen.polygon([(110, 210), (222, 44), (350, 210)], GRAY)
    pen.polygon([(222, 44), (190, 91), (214, 84), (228, 98), (256, 88)], WHITE)
    pen.polygon([(92, 70), (68, 100), (90, 94), (112, 96)], WHITE)
    pen.box((0, 200, 320, 240), DARK_GREEN)


Artist = Callable[[Pen], None]
ROUND_CROWN = [((160, 84), 58), ((112, 112), 42), ((208, 112), 42)]
WIDE_CROWN = [((160, 92), 50), ((104, 104), 46), ((216, 104), 46), ((136, 66), 34), ((188, 66), 34)]

PICTURES: dict[str, tuple[str, Artist]] = {
    "data/pictures/apple.jpg": (WHITE, lambda pen: apple(pen, RED)),
    "data/pictures/bar-chart-blue.png": (WHITE, lambda pen: bar_chart(pen, BLUE, (60, 96, 82, 132, 168))),
    "data/pictures/bar-chart-green.png": (WHITE, lambda pen: bar_chart(pen, GREEN, (150, 118, 126, 84, 52))),
    "data/pictures/circle-red.png": (WHITE, red_circle),
    "data/pictures/house.png": (SKY, house),
    "data/pictures/lemon.png": (WHITE, lemon),
    "data/pictures/line-chart.png": (WHITE, line_chart),
    "data/pictures/mountains.png": (SKY, mountains),
    "data/pictures/night.png": (NIGHT, night),
    "data/pictures/pie-chart.png": (WHITE, pie_chart),
    "data/pictures/pipeline.png": (WHITE, pipeline),
    "data/pictures/sailboat.png": (SKY, sailboat),
    "data/pictures/sun.png": (SKY, yellow_sun),
    "data/pictures/sunset.jpg": (WHITE, sunset),
    "data/pictures/traffic-light.png": (PALE, traffic_light),
    "data/pictures/tree.png": (WHITE, lambda pen: tree(pen, ROUND_CROWN, GREEN)),
    "data/pictures/triangle-purple.png": (WHITE, purple_triangle),
    "questions/another-apple.png": ("#f6f8fa", lambda pen: apple(pen, "#c11c28")),
    "questions/another-bar-chart.png": (WHITE, lambda pen: bar_chart(pen, "#1d4fd7", (140, 60, 110, 150, 84, 120))),
    "questions/another-tree.png": (WHITE, lambda pen: tree(pen, WIDE_CROWN, DARK_GREEN)),
    "questions/green-swatch.png": (WHITE, swatch),
}
"""File, background and artist."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the quickstart's pictures.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets data/ and questions/ (default: here)")
    out: Path = parser.parse_args().out
    for name, (background, artist) in PICTURES.items():
        pen = Pen(background)
        artist(pen)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        pen.picture().save(out / name, optimize=True, quality=88)
    print(f"{len(PICTURES)} pictures in {out}")


if __name__ == "__main__":
    main()
