"""Flat colours within inked outlines: how cartoons are drawn."""

import math
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from pipelines.datasets.drawing.colours import Colour, darker
from pipelines.datasets.drawing.lines import Points, smooth, taper

INK: Colour = (38, 30, 44)


@dataclass(frozen=True, slots=True)
class Ink:
    """A canvas, and where a head of height 2 lies on it; y is up."""

    canvas: Image.Image
    draw: ImageDraw.ImageDraw
    x: float
    y: float
    pixels: float
    tilt_degrees: float
    turn: float
    """-1 looks left, 1 right."""
    stretch: float
    """Taller above 1, wider below."""

    @property
    def pen(self) -> int:
        return max(3, round(0.045 * self.pixels))

    def place(self, points: Points, depth: float = 0.0) -> Points:
        """Head's units to pixels; what lies `depth` before the middle of the head moves when it turns."""
        tilt = math.radians(self.tilt_degrees)
        sine, cosine = math.sin(tilt), math.cos(tilt)
        placed = []
        for x, y in points:
            across = (x * (1 - 0.1 * abs(self.turn) * (depth > 0)) + 0.22 * self.turn * depth) / self.stretch
            up = y * self.stretch
            placed.append((self.x + (across * cosine + up * sine) * self.pixels,
                           self.y - (up * cosine - across * sine) * self.pixels))  # fmt: skip
        return placed

    def shape(self, points: Points, fill: Colour, depth: float = 0.0, *, steps: int = 6, pen: float = 1.0) -> None:
        """A smooth closed shape with an inked edge; `steps` 1 leaves its corners sharp."""
        outline = self.place(smooth(points, closed=True, steps=steps), depth)
        self.draw.polygon(outline, fill=fill)
        self.draw.line([*outline, *outline[:2]], fill=INK, width=max(2, round(self.pen * pen)), joint="curve")

    def stroke(
        self,
        points: Points,
        depth: float = 0.0,
        *,
        width: float = 1.0,
        colour: tuple[int, ...] = INK,
        ends: float = 0.4,
    ) -> None:
        """A line, thinner at both ends."""
        thick = self.pen * width
        self.draw.polygon(taper(self.place(smooth(points), depth), (thick * ends, thick, thick * ends)), fill=colour)

    def oval(
        self,
        x: float,
        y: float,
        across: float,
        up: float,
        fill: tuple[int, ...],
        depth: float = 0.0,
        *,
        pen: float = 0.0,
    ) -> None:
        """Inked only with a pen."""
        points = [(x + across * math.cos(a / 12 * math.pi), y + up * math.sin(a / 12 * math.pi)) for a in range(24)]
        outline = self.place(points, depth)
        self.draw.polygon(outline, fill=fill)
        if pen:
            self.draw.line([*outline, *outline[:2]], fill=INK, width=max(2, round(self.pen * pen)), joint="curve")

    def shaded(self, points: Points, fill: Colour, light: float, depth: float = 0.0) -> None:
        """A smooth shape whose side away from the light, -1 left to 1 right, is in shadow."""
        outline = self.place(smooth(points, closed=True), depth)
        xs, ys = [x for x, _ in outline], [y for _, y in outline]
        left, upper = math.floor(min(xs)), math.floor(min(ys))
        size = (math.ceil(max(xs)) - left + 1, math.ceil(max(ys)) - upper + 1)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in outline], fill=255)
        lit = ImageChops.offset(mask, round(0.16 * self.pixels * light), round(-0.13 * self.pixels))
        self.draw.polygon(outline, fill=fill)
        self.canvas.paste(darker(fill, 0.17), (left, upper), ImageChops.subtract(mask, lit))
        self.draw.line([*outline, *outline[:2]], fill=INK, width=self.pen, joint="curve")
