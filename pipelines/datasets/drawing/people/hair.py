"""Hair and beards: a shape behind the head, one before it, and strands."""

import math

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.drawing.colours import Colour, darker, lighter
from pipelines.datasets.drawing.gradients import paint_gradient
from pipelines.datasets.drawing.lines import Lines, Points, smooth, smooth_lines, taper, taper_lines
from pipelines.datasets.drawing.people.features import Easel

VOLUME = {"crop": 0.05, "side": 0.1, "fringe": 0.1, "centre": 0.09, "waves": 0.15, "curls": 0.24, "bun": 0.07,
          "bald": 0.0, "swept": 0.13}  # fmt: skip
# the hair's edge on the forehead, from the left ear to the right: x, y
HAIRLINES: dict[str, Points] = {"crop": [(-0.67, 0.02), (-0.6, 0.3), (-0.5, 0.52), (-0.2, 0.6), (0.2, 0.6),
                                         (0.5, 0.52), (0.6, 0.3), (0.67, 0.02)], "side": [(-0.68, -0.05),
                                                                                          (-0.6, 0.28), (-0.52, 0.5),
                                                                                          (-0.3, 0.62), (0.05, 0.5),
                                                                                          (0.4, 0.46), (0.58, 0.3),
                                                                                          (0.68, -0.05)],
                                "fringe": [(-0.68, -0.2), (-0.62, 0.15), (-0.52, 0.26), (-0.2, 0.235), (0.2, 0.235),
                                           (0.52, 0.26), (0.62, 0.15), (0.68, -0.2)], "centre": [(-0.66, -0.2),
                                                                                                 (-0.58, 0.12),
                                                                                                 (-0.42, 0.44),
                                                                                                 (-0.02, 0.78),
                                                                                                 (0.02, 0.78),
                                                                                                 (0.42, 0.44),
                                                                                                 (0.58, 0.12),
                                                                                                 (0.66, -0.2)],
                                "waves": [(-0.66, -0.2), (-0.57, 0.15), (-0.46, 0.45), (-0.24, 0.68), (0.1, 0.55),
                                          (0.4, 0.38), (0.58, 0.12), (0.66, -0.2)], "curls": [(-0.66, -0.15),
                                                                                              (-0.58, 0.15),
                                                                                              (-0.52, 0.38),
                                                                                              (-0.25, 0.5),
                                                                                              (0.2, 0.52),
                                                                                              (0.5, 0.38),
                                                                                              (0.58, 0.15),
                                                                                              (0.66, -0.15)],
                                "bun": [(-0.67, 0.0), (-0.58, 0.3), (-0.42, 0.52), (-0.1, 0.64), (0.1, 0.64),
                                        (0.42, 0.52), (0.58, 0.3), (0.67, 0.0)], "swept": [(-0.68, -0.02),
                                                                                           (-0.6, 0.28), (-0.5, 0.5),
                                                                                           (-0.2, 0.66), (0.2, 0.7),
                                                                                           (0.48, 0.55), (0.6, 0.28),
                                                                                           (0.68, -0.02)]}  # fmt: skip


def paint_hair_behind(easel: Easel, light: float, random: np.random.Generator) -> None:
    """What hangs behind the neck, and a bun."""
    person, head = easel.person, easel.head
    colour = _lit(person.hair_colour, light)
    if person.hair == "bun":
        knot = head.place_at([(0.0, 1.12, -0.35)])[0]
        radius = 0.3 * head.stand.pixels
        box = [
            (knot[0] + radius * math.cos(a), knot[1] + radius * math.sin(a)) for a in np.linspace(0, 6.2, 24).tolist()
        ]
        paint_gradient(easel.canvas, box, lighter(colour, 0.12), darker(colour, 0.4))
    if person.hair_length < 1.5:
        return
    crown = head.outline(VOLUME[person.hair], 0.0)
    curtain = _hang(easel, crown[0], crown[-1])
    paint_gradient(easel.canvas, [*crown, *curtain], darker(colour, 0.16), darker(colour, 0.5))
    if person.hair == "curls":
        _locks(easel, [*crown[::2], *curtain[::2]], 0.19, colour, random)
        return
    left, right = np.asarray(crown[0]), np.asarray(crown[-1])
    fall, share = (person.hair_length - 1.0) * head.stand.pixels, np.linspace(0.02, 0.98, 40)[:, None]
    sway = (0.05 if person.hair == "waves" else 0.012) * head.stand.pixels * np.sin(11 * share)
    roots = left + (right - left) * share
    bends = np.stack([roots + np.hstack((out * sway, np.full_like(sway, down * fall))) for out,
                      down in ((0, 0), (1, 0.4), (-1, 0.75), (1, 0.94))], axis=1)  # fmt: skip
    _strands(easel, bends, colour, random)


def _hang(easel: Easel, left: tuple[float, float], right: tuple[float, float]) -> Points:
    """The edge of hair that falls from both sides of the head, from the right one round to the left one."""
    pixels, long = easel.head.stand.pixels, easel.person.hair_length - 1.0
    bulge, end = (0.06, 0.02) if long < 1.4 else (0.05, -0.05)

    def side(top: tuple[float, float], out: int) -> Points:
        x, y = top
        foot = max(easel.head.stand.y + long * pixels, y + 0.3 * pixels)
        return [(x, y), (x + out * bulge * pixels, y + 0.5 * (foot - y)), (x + out * end * pixels,
                                                                           y + 0.92 * (foot - y)),
                (x + out * (end - 0.08) * pixels, foot)]  # fmt: skip

    return [*smooth(side(right, 1)), *reversed(smooth(side(left, -1)))]


def paint_hair(easel: Easel, light: float, random: np.random.Generator) -> None:
    """The cap of hair on the skull, to the hairline."""
    person, head = easel.person, easel.head
    if person.hair == "bald":
        return
    colour, volume = _lit(person.hair_colour, light), VOLUME[person.hair]
    line = smooth([(x, y) for x, y in HAIRLINES[person.hair]])
    lowest = line[0][1]
    crown = head.outline(volume, lowest - 0.05)
    edge = head.place(line, 0.02)
    easel.draw.polygon(
        [*crown, *reversed(head.place([(x, y - 0.035) for x, y in line]))], fill=(*darker(person.skin, 0.6), 60)
    )
    paint_gradient(easel.canvas, [*crown, *reversed(edge)], lighter(colour, 0.16), darker(colour, 0.28))
    if person.hair == "curls":
        inner, outer = np.asarray(edge), np.asarray(crown)
        rim = inner[np.linspace(0, len(edge) - 1, 13).astype(int)]
        top = outer[np.linspace(0, len(crown) - 1, 13).astype(int)]
        layers = [rim * (1 - share) + top * share for share in (1.0, 0.72, 0.45, 0.2, 0.0)]
        _locks(easel, [(x, y) for x, y in np.concatenate(layers).tolist()], 0.15, colour, random)
        return
    _strands(easel, _comb(person.hair, np.asarray(edge), np.asarray(crown), random), colour, random)
    if person.hair in ("fringe", "swept", "side"):
        _sheen(easel, colour)


def _comb(style: str, edge: Lines, crown: Lines, random: np.random.Generator) -> Lines:
    """Strands from the hairline to the crown, bent as the style wants: (strands, 3, 2)."""
    share = np.linspace(0, 1, 54)
    starts = edge[(share * (len(edge) - 1)).round().astype(int)]
    ends = crown[((share + random.normal(0, 0.015, len(share))).clip(0, 1) * (len(crown) - 1)).round().astype(int)]
    parting = {"centre": 0.5, "waves": 0.36, "side": 0.3, "fringe": 0.5}.get(style)
    if parting is None:
        lean = 0.12 * (crown[-1, 0] - crown[0, 0]) * (style == "swept")
        middles = (starts + ends) / 2 + np.stack((lean * (0.5 - np.abs(share - 0.5)), 0 * share), axis=1)
        return np.stack((starts, middles, ends), axis=1)
    root = crown[round(parting * (len(crown) - 1))]
    ends = root + (ends - root) * (0.2, 0.3)
    # hair lies on a round head: its way rises first
    middles = starts + (ends - starts) * ((0.25, 0.55) if style == "fringe" else (0.3, 0.62))
    return np.stack((starts, middles, ends), axis=1)


def _strands(easel: Easel, knots: Lines, colour: Colour, random: np.random.Generator) -> None:
    """Thin locks, each a little lighter or darker than the hair: (strands, knots, 2)."""
    tones = random.uniform(-1, 1, len(knots)).tolist()
    widths = easel.head.stand.pixels * random.uniform(0.014, 0.04, (len(knots), 1)) * (0.3, 1.0, 0.3)
    for outline, tone in zip(taper_lines(smooth_lines(knots, steps=5), widths).tolist(), tones, strict=True):
        shade = lighter(colour, 0.3 * tone) if tone > 0 else darker(colour, -0.45 * tone)
        easel.draw.polygon([(x, y) for x, y in outline], fill=(*shade, 120))


def _locks(easel: Easel, places: Points, size: float, colour: Colour, random: np.random.Generator) -> None:
    """Curls: rings of hair on top of each other."""
    pixels = easel.head.stand.pixels
    for x, y in places:
        for _ in range(2):
            radius = pixels * size * float(random.uniform(0.5, 0.9))
            cx, cy = x + float(random.normal(0, 0.05)) * pixels, y + float(random.normal(0, 0.05)) * pixels
            tone = float(random.uniform(0, 0.4))
            easel.draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=(*darker(colour, tone), 235))
            start = float(random.uniform(0, 360))
            box = (cx - radius * 0.65, cy - radius * 0.65, cx + radius * 0.65, cy + radius * 0.65)
            easel.draw.arc(
                box, start, start + 200, fill=(*lighter(colour, 0.22), 170), width=max(2, round(pixels * 0.022))
            )


def _sheen(easel: Easel, colour: Colour) -> None:
    band = smooth([(-0.42, 0.72), (-0.2, 0.8), (0.1, 0.82), (0.36, 0.76)])
    outline = taper(
        easel.head.place(band, 0.08), [share * easel.head.stand.pixels for share in (0.01, 0.06, 0.07, 0.01)]
    )
    easel.draw.polygon(outline, fill=(*lighter(colour, 0.5), 46))


def paint_beard(easel: Easel, light: float, random: np.random.Generator) -> None:
    """Short hairs on cheeks and chin, dense enough to be a beard."""
    kind = easel.person.beard
    if kind == "none":
        return
    colour = _lit(darker(easel.person.brow_colour or easel.person.hair_colour, 0.15), light)
    for outline, alpha in _regions(kind):
        easel.patch(outline, (*colour, alpha))
        _stubble(easel, outline, colour, 60 if kind == "stubble" else 150, random)


def _stubble(easel: Easel, outline: Points, colour: Colour, hairs: int, random: np.random.Generator) -> None:
    """Single hairs within an outline."""
    corners = np.asarray(outline)
    roots = random.uniform(corners.min(axis=0), corners.max(axis=0), (hairs, 2))
    roots = roots[_find_inside(roots, np.asarray(smooth(outline, closed=True)))]
    tones = random.uniform(-0.2, 0.4, len(roots)).tolist()
    tips = roots * (1.07, 1) + np.stack(
        (random.normal(0, 0.01, len(roots)), -random.uniform(0.03, 0.07, len(roots))), axis=1
    )
    placed = easel.head.place([(x, y) for x, y in np.concatenate((roots, tips)).tolist()])
    wide, alpha = max(1, round(0.012 * easel.head.stand.pixels)), 90 if hairs < 100 else 190
    for root, tip, tone in zip(placed[: len(roots)], placed[len(roots) :], tones, strict=True):
        shade = darker(colour, tone) if tone > 0 else lighter(colour, -tone)
        easel.draw.line((root, tip), fill=(*shade, alpha), width=wide)


def _regions(kind: str) -> list[tuple[Points, int]]:
    moustache = [
        (-0.3, -0.64), (-0.2, -0.53), (-0.05, -0.49), (0.05, -0.49), (0.2, -0.53), (0.3, -0.64), (0.14, -0.575),
        (0, -0.56), (-0.14, -0.575),
    ]  # fmt: skip
    jaw = [
        (-0.9, 0.06), (-0.63, 0.0), (-0.53, -0.32), (-0.4, -0.5), (-0.3, -0.64), (-0.17, -0.76), (0.0, -0.77),
        (0.17, -0.76), (0.3, -0.64), (0.4, -0.5), (0.53, -0.32), (0.63, 0.0), (0.9, 0.06), (0.9, -0.5),
        (0.36, -0.92), (0.12, -1.02), (-0.12, -1.02), (-0.36, -0.92), (-0.9, -0.5),
    ]  # fmt: skip
    chin = [(-0.2, -0.78), (0, -0.765), (0.2, -0.78), (0.24, -0.9), (0.12, -1.02), (-0.12, -1.02), (-0.24, -0.9)]
    return {
        "full": [(jaw, 225), (moustache, 235)],
        "stubble": [(jaw, 62), (moustache, 50)],
        "goatee": [(chin, 225), (moustache, 220)],
        "moustache": [([(x * 1.08, y + 0.005) for x, y in moustache], 245)],
    }[kind]


def _find_inside(points: Lines, outline: Lines) -> NDArray[np.bool_]:
    """Which points lie within an outline: those whose ray to the right crosses it an odd number of times."""
    (x, y), (x0, y0) = points.T[:, :, None], outline.T[:, None]
    x1, y1 = np.roll(outline, -1, axis=0).T[:, None]
    crosses = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    return np.asarray((crosses & (x < (x1 - x0) * (y - y0) / rise + x0)).sum(axis=1) % 2 == 1)


def _lit(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(part * light)) for part in colour)
    return red, green, blue
