"""What is painted onto an animal's head: eyes, nose, mouth, whiskers and the inside of its ears."""

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from pipelines.datasets.drawing.animals.anatomy import Bearing, Head
from pipelines.datasets.drawing.animals.breeds import Breed
from pipelines.datasets.drawing.animals.clay import Spot, Surface, View
from pipelines.datasets.drawing.arrays import Floats, floats
from pipelines.datasets.drawing.colours import Colour

EYES: dict[str, tuple[Colour, ...]] = {
    "cats": ((150, 176, 72), (212, 172, 60), (196, 120, 44), (104, 162, 202), (118, 170, 120)),
    "dogs": ((92, 58, 34), (70, 44, 30), (122, 80, 42), (58, 40, 34), (116, 164, 196)),
}
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Look:
    """What differs from one animal's face to the next of the same breed."""

    eye: Colour
    pupil: float
    """Width of the pupil, as a share of the iris."""
    lid: float
    """How far the eyes are closed, 0 to 1."""
    skin: Colour
    """Nose and inside of the ears."""
    whisker: Colour


def draw_look(breed: Breed, random: np.random.Generator) -> Look:
    """Random eyes and skin."""
    colours = EYES[breed.species]
    chances = (0.3, 0.25, 0.2, 0.1, 0.15) if breed.species == "cats" else (0.35, 0.25, 0.2, 0.12, 0.08)
    cat = breed.species == "cats"
    skin = (206, 140, 134) if random.random() < 0.6 else (70, 58, 58)
    return Look(
        eye=colours[random.choice(5, p=chances)],
        pupil=float(random.uniform(0.22, 0.8)) if cat else 0.62,
        lid=float(random.choice((0.0, 0.1, 0.25, 0.45), p=(0.45, 0.3, 0.15, 0.1))),
        skin=skin,
        whisker=(250, 250, 246) if random.random() < 0.8 else (60, 56, 54),
    )


@dataclass(frozen=True, slots=True)
class _Easel:
    """A head as a surface to paint on; spots are in radii of the skull."""

    draw: ImageDraw.ImageDraw
    head: Head
    view: View
    surface: Surface
    zoom: int
    """Pixels of the canvas for one of the surface."""

    def place(self, spots: Floats) -> Points:
        flat, _ = self.view.project(self.head.place(spots))
        # a surface's pixel i covers i - 0.5 to i + 0.5
        return [(float(x + 0.5) * self.zoom, float(y + 0.5) * self.zoom) for x, y, _ in flat]

    def sees(self, spot: Spot, outward: Spot, least: float = 0.12) -> bool:
        """True for a spot that faces the camera with nothing before it."""
        towards = self.view.rotation @ self.head.rotation @ np.asarray(outward, np.float32)
        if towards[2] / np.linalg.norm(outward) < least:
            return False
        (x, y, depth), *_ = self.view.project(self.head.place(floats([spot])))[0].tolist()
        column, row = round(x), round(y)
        width, height = self.surface.size
        if not (0 <= column < width and 0 <= row < height):
            return False
        return bool(self.surface.depth[row, column] < depth + 0.28 * self.head.radius * self.view.pixels)

    def width(self, share: float) -> int:
        return max(1, round(share * self.head.radius * self.view.pixels * self.zoom))


def paint_face(
    draw: ImageDraw.ImageDraw, breed: Breed, bearing: Bearing, look: Look, head: Head, view: View, surface: Surface,
    zoom: int,
) -> None:  # fmt: skip
    """Paint onto a canvas that is `zoom` times as large as the surface."""
    easel = _Easel(draw, head, view, surface, zoom)
    cat = breed.species == "cats"
    if breed.ears == "pricked":
        for side in (-1, 1):
            _inner_ear(easel, breed, look, side)
    if cat:
        _cat_muzzle(easel, breed, look)
    else:
        _dog_muzzle(easel, breed, bearing)
    for side in (-1, 1):
        _eye(easel, breed, look, side)


def _eye(easel: _Easel, breed: Breed, look: Look, side: int) -> None:
    cat = breed.species == "cats"
    outward: Spot = (0.86, 0.16, 0.46 * side) if cat else (0.84, 0.3, 0.42 * side)
    reach = 1.06 if cat else 0.98
    x, y, z = (part / float(np.linalg.norm(outward)) * reach for part in outward)
    across, up = (0.235, 0.2) if cat else (0.17, 0.155)
    if not easel.sees((x, y, z), outward, 0.22):
        return

    def oval(wide: float, tall: float, lift: float = 0.0, top: float = 1.0) -> Points:
        return easel.place(_disc((x, y, z), outward, across * wide, up * tall, up * lift, 14.0 * side * cat, top))

    closed = look.lid
    easel.draw.polygon(oval(1.22, 1.26, 0.0, 1 - closed), fill=(34, 28, 28, 235))
    if not cat:
        easel.draw.polygon(oval(1.06, 1.06, 0.0, 1 - closed), fill=(206, 198, 190))
    easel.draw.polygon(oval(1.0, 1.0, 0.0, 1 - closed), fill=look.eye)
    easel.draw.polygon(oval(0.82, 0.6, -0.3, 1 - closed), fill=(*_light(look.eye), 170))
    easel.draw.polygon(
        oval(look.pupil * (0.72 if cat else 1), 0.86 if cat else 0.66, 0.0, 1 - closed), fill=(14, 12, 14)
    )
    if closed < 0.3:
        glint = _disc((x, y, z), outward, across * 0.24, up * 0.26, up * 0.36, 0, 1.0, shift=0.07)
        easel.draw.polygon(easel.place(glint), fill=(255, 255, 255, 235))


def _disc(
    spot: Spot, outward: Spot, across: float, up: float, lift: float, slant: float, top: float, shift: float = 0.0
) -> Floats:
    """An oval that lies on the skull; `top` below 1 cuts it from above."""
    ahead = np.asarray(outward) / np.linalg.norm(outward)
    right = np.cross((0.0, 1.0, 0.0), ahead)
    right /= np.linalg.norm(right)
    above = np.cross(ahead, right)
    angles = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    flat_x, flat_y = across * np.cos(angles) + shift, np.minimum(up * np.sin(angles), up * (2 * top - 1)) + lift
    # the outer corner of a cat's eye lies higher
    lean = np.tan(np.radians(-slant)) * flat_x
    return floats(np.asarray(spot) + flat_x[:, None] * right + (flat_y + lean)[:, None] * above)


def _inner_ear(easel: _Easel, breed: Breed, look: Look, side: int) -> None:
    cat = breed.species == "cats"
    wide, long = (0.34 if cat else 0.27), breed.ear
    middle: Spot = (0.12, 0.95 + 0.25 * long, 0.58 * side)
    if not easel.sees(middle, (1.0, 0.1, 0.25 * side), 0.25):
        return
    tip = (0.11, 0.8 + 0.66 * long, 0.615 * side if cat else 0.575 * side)
    root = ((0.19, 1.0 - 0.3 * wide, (0.3 if cat else 0.27) * side), (0.1, 0.66, 0.8 * side))
    outline = [root[0], (0.16, 0.92 + 0.42 * long, 0.42 * side), tip, (0.1, 0.78 + 0.38 * long, 0.77 * side), root[1]]
    easel.draw.polygon(easel.place(floats(outline)), fill=(*look.skin, 150))
    hair = [root[0], (0.2, 0.86 + 0.28 * long, 0.5 * side), (0.19, 0.78, 0.62 * side)]
    easel.draw.polygon(easel.place(floats(hair)), fill=(236, 228, 218, 90))


def _cat_muzzle(easel: _Easel, breed: Breed, look: Look) -> None:
    out = breed.snout
    tip: Spot = (1.12 + 0.75 * out, -0.2, 0.0)
    if easel.sees(tip, (1.0, 0.0, 0.0), -0.2):
        x = tip[0]
        nose = floats([(x, -0.12, -0.13), (x + 0.04, -0.1, 0), (x, -0.12, 0.13), (x + 0.02, -0.22, 0.05),
                           (x + 0.02, -0.25, 0), (x + 0.02, -0.22, -0.05)])  # fmt: skip
        easel.draw.polygon(easel.place(nose), fill=look.skin)
        for side in (-1, 1):
            smile = [(x + 0.02, -0.25, 0), (x + 0.03, -0.42, 0.0), (x, -0.52, 0.1 * side), (x - 0.1, -0.54,
                                                                                            0.22 * side),
                     (x - 0.3, -0.48, 0.38 * side)]  # fmt: skip
            easel.draw.line(easel.place(floats(smile)), fill=(52, 40, 40, 210), width=easel.width(0.045), joint="curve")
    for side in (-1, 1):
        if not easel.sees((0.9 + out, -0.36, 0.3 * side), (0.8, 0.0, 0.6 * side), -0.05):
            continue
        for number in range(4):
            rise = -0.05 + 0.13 * number
            hair = [(0.96 + out, -0.44 + 0.06 * number, 0.36 * side), (0.95, -0.52 + rise, 0.85 * side),
                    (0.75, -0.66 + 1.5 * rise, 1.4 * side)]  # fmt: skip
            easel.draw.line(
                easel.place(floats(hair)), fill=(*look.whisker, 165), width=easel.width(0.022), joint="curve"
            )


def _dog_muzzle(easel: _Easel, breed: Breed, bearing: Bearing) -> None:
    girth, tip = breed.snout_girth, 0.72 + breed.snout
    nose = tip + 0.27 * girth
    if easel.sees((nose + 0.1, -0.16, 0), (1.0, 0.2, 0.0), -0.1):
        for side in (-1, 1):
            hole = _disc((nose + 0.12, -0.19, 0.075 * side), (1, 0, 0.4 * side), 0.035, 0.03, 0, 0, 1.0)
            easel.draw.polygon(easel.place(hole), fill=(14, 10, 12))
        shine = _disc((nose + 0.1, -0.09, 0.02), (1, 0.8, 0), 0.07, 0.03, 0, 0, 1.0)
        easel.draw.polygon(easel.place(shine), fill=(255, 255, 255, 150))
    if easel.sees((nose, -0.42, 0), (1.0, 0.0, 0.0), 0.1):
        line = floats([(nose + 0.1, -0.28, 0), (nose + 0.06, -0.48, 0)])
        easel.draw.line(easel.place(line), fill=(40, 30, 30, 200), width=easel.width(0.04))
    drop = 0.1 if bearing.panting else 0.0
    for side in (-1, 1):
        if not easel.sees((tip - 0.2, -0.5, 0.36 * girth * side), (0.3, 0.0, 1.0 * side), -0.25):
            continue
        lip = [(nose + 0.04, -0.5, 0.02 * side), (tip, -0.62 - drop, 0.3 * girth * side),
               (tip - 0.35, -0.56 - drop, 0.4 * girth * side), (0.66, -0.46, 0.5 * girth * side)]  # fmt: skip
        easel.draw.line(easel.place(floats(lip)), fill=(40, 30, 30, 190), width=easel.width(0.045), joint="curve")


def _light(colour: Colour) -> Colour:
    red, green, blue = (min(255, round(part * 1.25 + 16)) for part in colour)
    return red, green, blue
