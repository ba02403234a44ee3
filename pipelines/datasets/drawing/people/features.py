"""Eyes, brows, nose and mouth on a turned head."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.colours import Colour, darker, lighter, mix
from pipelines.datasets.drawing.lines import Points, smooth, taper
from pipelines.datasets.drawing.people.heads import TurnedHead
from pipelines.datasets.drawing.people.persons import Person


@dataclass(frozen=True, slots=True)
class Mood:
    """What a face does in one picture."""

    smile: float
    """-0.3 to 1."""
    gape: float
    """0 shut to 1 open; teeth show."""
    lids: float
    """1 open, less is narrower."""
    gaze: tuple[float, float]
    """Right and up, -1 to 1."""
    brows: float
    """Raised by, -1 to 1."""


def draw_mood(random: np.random.Generator) -> Mood:
    """Mostly calm or smiling."""
    smile = float(random.triangular(-0.2, 0.5, 1.0))
    gape = float(random.uniform(0.3, 1.0)) if smile > 0.35 and random.random() < 0.5 else 0.0
    gaze = (float(random.normal(0, 0.3)), float(random.normal(0, 0.15)))
    return Mood(
        smile, gape, float(random.uniform(0.82, 1.12)) - 0.12 * max(0.0, smile), gaze, float(random.normal(0, 0.4))
    )


@dataclass(frozen=True, slots=True)
class Easel:
    """A canvas with the head that is painted onto it."""

    canvas: Image.Image
    draw: ImageDraw.ImageDraw
    head: TurnedHead
    person: Person
    mood: Mood
    light: float
    """How bright the skin is: white is never brighter."""

    def line(self, points: Points, widths: tuple[float, ...], fill: tuple[int, ...], lift: float = 0.0) -> None:
        """A pen stroke on the skin; widths in the head's units."""
        outline = taper(self.head.place(smooth(points), lift), [width * self.head.stand.pixels for width in widths])
        self.draw.polygon(outline, fill=fill)

    def patch(self, points: Points, fill: tuple[int, ...], *, closed: bool = True) -> None:
        self.draw.polygon(self.head.place(smooth(points, closed=closed)), fill=fill)

    def oval(self, x: float, y: float, across: float, up: float, fill: tuple[int, ...], lift: float = 0.0) -> None:
        self.draw.polygon(self.head.place(ring(x, y, across, up), lift), fill=fill)


def ring(x: float, y: float, across: float, up: float, corners: int = 24) -> Points:
    return [(x + across * cosine, y + up * sine) for cosine, sine in _circle(corners)]


@lru_cache
def _circle(corners: int) -> Points:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return list(zip(np.cos(angles).tolist(), np.sin(angles).tolist(), strict=True))


def paint_features(easel: Easel) -> None:
    """All of them, in the order in which they lie above each other."""
    _age(easel)
    for side in (-1, 1):
        _eye(easel, side)
        _brow(easel, side)
    _nose(easel)
    _mouth(easel)
    _marks(easel)


def eye_middle(person: Person, side: int) -> tuple[float, float]:
    return 0.3 * person.eye_gap * side, 0.0


def _eye(easel: Easel, side: int) -> None:
    person, mood = easel.person, easel.mood
    x, y = eye_middle(person, side)
    wide, tall = 0.17 * person.eye_size**0.6, 0.1 * person.eye_size * mood.lids
    slant = 0.01 * person.eye_slant
    inner, outer = (x - wide * side, y - 0.018 - slant * 0.5), (x + wide * side, y + 0.004 + slant)
    upper = [inner, (x - 0.5 * wide * side, y + tall * 0.62), (x + 0.05 * wide * side, y + tall * 0.92),
             (x + 0.6 * wide * side, y + tall * 0.66 + slant * 0.6), outer]  # fmt: skip
    lower = [outer, (x + 0.5 * wide * side, y - tall * 0.55), (x - 0.1 * wide * side, y - tall * 0.68),
             (x - 0.6 * wide * side, y - tall * 0.46), inner]  # fmt: skip
    shade = darker(person.skin, 0.55)
    easel.patch([*[(px, py + 0.035) for px, py in upper], *lower[1:-1]], (*shade, 46))
    opening = easel.head.place([*smooth(upper), *smooth(lower)])
    _eyeball(easel, opening, (x + 0.035 * mood.gaze[0], y + 0.012 + 0.03 * mood.gaze[1]))
    lash = 0.022 + 0.013 * person.lashes
    tip = (outer[0] + 0.02 * side * person.lashes, outer[1] + 0.014 * person.lashes)
    easel.line([*upper[:-1], tip], (0.012, lash, lash * 1.15, 0.012), (*darker(person.hair_colour, 0.72), 240))
    easel.line([*lower], (0.016, 0.012, 0.006), (*darker(person.skin, 0.6), 120))
    crease = [
        (px, py + 0.042 + 0.012 * (1 - abs(2 * share - 1)))
        for share, (px, py) in zip((0, 0.25, 0.5, 0.75, 1), upper, strict=True)
    ]
    easel.line(crease, (0.004, 0.016, 0.014, 0.004), (*shade, 130))


def _eyeball(easel: Easel, opening: Points, iris: tuple[float, float]) -> None:
    """White, iris and glint, cut to the opening of the lids."""
    xs, ys = [x for x, _ in opening], [y for _, y in opening]
    left, upper = int(min(xs)) - 1, int(min(ys)) - 1
    size = (max(1, int(max(xs)) + 2 - left), max(1, int(max(ys)) + 2 - upper))
    eye = Image.new("RGB", size, _dim((236, 230, 226), easel.light))
    draw = ImageDraw.Draw(eye, "RGBA")

    def move(points: Points) -> Points:
        return [(x - left, y - upper) for x, y in points]

    x, y = iris
    radius = 0.082
    for share, colour in ((1.0, darker(easel.person.eye, 0.5)), (0.86, easel.person.eye)):
        draw.polygon(move(easel.head.place(ring(x, y, radius * share, radius * share))), fill=_dim(colour, easel.light))
    glow = lighter(easel.person.eye, 0.3)
    draw.polygon(move(easel.head.place(ring(x, y - 0.026, 0.045, 0.03))), fill=(*_dim(glow, easel.light), 150))
    draw.polygon(move(easel.head.place(ring(x, y, 0.033, 0.033))), fill=(10, 8, 8))
    draw.polygon(move(easel.head.place(ring(x + 0.024, y + 0.026, 0.017, 0.017, 12))), fill=(255, 255, 255, 235))
    # the lid throws a shadow
    brow = move(opening)[: len(opening) // 2]
    draw.line(brow, fill=(20, 12, 14, 90), width=max(2, round(0.05 * easel.head.stand.pixels)))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(move(opening), fill=255)
    easel.canvas.paste(eye, (left, upper), mask)


def _brow(easel: Easel, side: int) -> None:
    person = easel.person
    x, _ = eye_middle(person, side)
    y = 0.185 + 0.03 * easel.mood.brows
    arch = 0.045 * person.brow_arch
    points = [(x - 0.165 * side, y + 0.008), (x - 0.02 * side, y + 0.5 * arch + 0.014), (x + 0.1 * side, y + arch),
              (x + 0.21 * side, y - 0.02 + 0.01 * person.eye_slant)]  # fmt: skip
    colour = person.brow_colour or darker(person.hair_colour, 0.25)
    colour = _dim(mix(colour, person.skin, 0.1), easel.light)
    thick = 0.052 * person.brow
    easel.line(points, (thick * 0.55, thick, thick * 0.75, 0.008), (*colour, 225))
    easel.line([(px, py + 0.012) for px, py in points], (thick * 0.5, thick * 1.1, thick * 0.8, 0.004), (*colour, 110))


def _nose(easel: Easel) -> None:
    face, dark = easel.head.face, darker(easel.person.skin, 0.62)
    tip, wide = -0.1 - 0.3 * face.nose_length, face.nose_width
    for side in (-1, 1):
        easel.oval(0.064 * wide * side, tip - 0.085, 0.034 * wide, 0.018, (*dark, 190))
        wing = [(0.115 * wide * side, tip + 0.02), (0.158 * wide * side, tip - 0.03), (0.15 * wide * side, tip - 0.075),
                (0.105 * wide * side, tip - 0.085)]  # fmt: skip
        easel.line(wing, (0.004, 0.018, 0.02, 0.006), (*dark, 120))
    easel.line(
        [(-0.06 * wide, tip - 0.1), (0, tip - 0.115), (0.06 * wide, tip - 0.1)], (0.006, 0.02, 0.006), (*dark, 110)
    )


def _mouth(easel: Easel) -> None:
    person, mood = easel.person, easel.mood
    smile, gape = mood.smile, mood.gape
    wide = 0.235 * person.mouth * (1 + 0.2 * smile)
    y, lift, open_ = -0.63, 0.02 + 0.075 * smile, 0.08 * gape
    full = 0.058 * person.lips
    left, right = (-wide, y + lift), (wide, y + lift)
    seam_up = [
        left,
        (-0.45 * wide, y + 0.012 + 0.12 * lift),
        (0, y + 0.006),
        (0.45 * wide, y + 0.012 + 0.12 * lift),
        right,
    ]
    seam_low = [
        left,
        (-0.5 * wide, y + 0.3 * lift - open_ * 0.75),
        (0, y - open_),
        (0.5 * wide, y + 0.3 * lift - open_ * 0.75),
        right,
    ]
    bow = [left, (-0.5 * wide, y + full * 0.72 + 0.3 * lift), (-0.17 * wide, y + full * 1.12), (0, y + full * 0.9),
           (0.17 * wide, y + full * 1.12), (0.5 * wide, y + full * 0.72 + 0.3 * lift), right]  # fmt: skip
    lower = [left, (-0.52 * wide, y - full * 1.05 - open_ * 0.8 + 0.3 * lift), (0, y - full * 1.65 - open_),
             (0.52 * wide, y - full * 1.05 - open_ * 0.8 + 0.3 * lift), right]  # fmt: skip
    lip = _dim(mix(person.lip_colour, person.skin, 0.25), easel.light)
    place, polygon = easel.head.place, easel.draw.polygon
    polygon(place([*smooth(bow), *reversed(smooth(seam_up))]), fill=(*darker(lip, 0.12), 235))
    polygon(place([*smooth(seam_low), *reversed(smooth(lower))]), fill=(*lip, 235))
    easel.oval(0, y - full * 0.8 - open_, 0.4 * wide, full * 0.32, (255, 240, 236, 46))
    if gape > 0:
        polygon(place([*smooth(seam_up), *reversed(smooth(seam_low))]), fill=(64, 24, 26))
        teeth = [
            (px * 0.9, max(py - 0.01, low + 0.2 * open_)) for (px, py), (_, low) in zip(seam_up, seam_low, strict=True)
        ]
        bottom = [
            (px * 0.86, max(py - 0.66 * open_ - 0.006, low))
            for (px, py), (_, low) in zip(seam_up, seam_low, strict=True)
        ]
        polygon(place([*smooth(teeth), *reversed(smooth(bottom))]), fill=_dim((240, 236, 228), easel.light))
    else:
        easel.line(seam_up, (0.012, 0.02, 0.022, 0.02, 0.012), (*darker(lip, 0.66), 220))
    for side in (-1, 1):
        easel.oval(side * (wide + 0.008), y + lift, 0.02, 0.02, (*darker(person.skin, 0.6), 110))
    low = y - full * 1.7 - open_ - 0.02
    chin = [(-0.55 * wide, low), (0, low - 0.3 * full), (0.55 * wide, low)]
    easel.line(chin, (0.004, 0.028, 0.004), (*darker(person.skin, 0.5), 56))


def _age(easel: Easel) -> None:
    person, mood = easel.person, easel.mood
    fold = round(36 + 70 * person.age + 40 * max(0.0, mood.smile))
    dark = darker(person.skin, 0.5)
    for side in (-1, 1):
        line = [(0.17 * side, -0.42), (0.27 * side, -0.52), (0.31 * side, -0.64 + 0.04 * mood.smile)]
        easel.line(line, (0.006, 0.024, 0.006), (*dark, fold))
        x, y = eye_middle(person, side)
        bag = [(x - 0.12 * side, y - 0.09), (x, y - 0.125), (x + 0.13 * side, y - 0.08)]
        easel.line(bag, (0.004, 0.02, 0.004), (*dark, round(30 + 90 * person.age)))
        if person.age > 0.4:
            for rise in (-0.03, 0.02):
                easel.line([(x + 0.2 * side, y + rise * 0.5), (x + 0.27 * side, y + rise)], (0.01, 0.004), (*dark, 90))
    if person.age > 0.4:
        for y in (0.36, 0.45):
            easel.line([(-0.3, y), (0, y + 0.02), (0.3, y)], (0.004, 0.014, 0.004), (*dark, 80))


def _marks(easel: Easel) -> None:
    person = easel.person
    if person.freckles:
        places = np.random.default_rng(11).normal((0, -0.2), (0.24, 0.08), (46, 2)).tolist()
        for x, y in places:
            easel.oval(x, y, 0.011, 0.01, (*_dim((176, 108, 74), easel.light), 130))
    if person.mole:
        easel.oval(*person.mole, 0.02, 0.02, (*darker(person.skin, 0.7), 230))


def _dim(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(part * light)) for part in colour)
    return red, green, blue
