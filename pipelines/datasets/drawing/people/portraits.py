"""A person from the shoulders up: skin lit by a lamp, and all that lies on, before and behind it."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from pipelines.datasets.drawing.arrays import Floats, floats
from pipelines.datasets.drawing.colours import Colour, darker, jitter, lighter, scaled
from pipelines.datasets.drawing.gradients import paint_gradient
from pipelines.datasets.drawing.light import Light, light_surface, run_on
from pipelines.datasets.drawing.lines import Points, smooth, taper
from pipelines.datasets.drawing.people.features import Easel, Mood, eye_middle, paint_features, ring
from pipelines.datasets.drawing.people.hair import paint_beard, paint_hair, paint_hair_behind
from pipelines.datasets.drawing.people.heads import Stand, TurnedHead
from pipelines.datasets.drawing.people.persons import Person

CLOTHES: tuple[Colour, ...] = (
    (60, 72, 96), (150, 56, 60), (84, 116, 104), (222, 216, 204), (44, 44, 50), (196, 150, 84), (112, 92, 132),
    (92, 130, 162), (120, 124, 128), (206, 122, 104),
)  # fmt: skip


def paint_person(
    canvas: Image.Image, person: Person, stand: Stand, mood: Mood, light: Light, random: np.random.Generator
) -> None:
    """Paint onto an RGB canvas."""
    head = TurnedHead(person.face, stand)
    bright = 0.98 - 0.2 * light.strength * (1 - max(0.0, light.lamp[2]))
    easel = Easel(canvas, ImageDraw.Draw(canvas, "RGBA"), head, person, mood, bright)
    paint_hair_behind(easel, bright, random)
    _bust(easel, light, random)
    for side in (-1, 1):
        _ear(easel, side)
    _skin(easel, light)
    paint_features(easel)
    paint_beard(easel, bright, random)
    _glasses(easel)
    paint_hair(easel, bright, random)


def _skin(easel: Easel, light: Light) -> None:
    """Lit skin within the head's outline."""
    relief = easel.head.relief()
    rows, columns = relief.x.shape
    colours = _tone(easel.person, relief.x, relief.y).reshape(-1, 3)
    lit = light_surface(colours, relief.normals.reshape(-1, 3), light)
    picture = run_on(lit.reshape(rows, columns, 3), relief.seen, 4)
    outline = easel.head.outline()
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    left, upper, right, lower = int(min(xs)) - 2, int(min(ys)) - 2, int(max(xs)) + 3, int(max(ys)) + 3
    laid = easel.head.lay(picture, (left, upper, right, lower))
    mask = Image.new("L", laid.size)
    ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in outline], fill=255)
    easel.canvas.paste(laid, (left, upper), mask)


def _tone(person: Person, x: Floats, y: Floats) -> Floats:
    """Skin is redder on cheeks and nose, and paler on the forehead."""
    side = np.abs(x)
    blush = np.exp(-(((side - 0.42) / 0.2) ** 2) - ((y + 0.26) / 0.16) ** 2)
    blush += 0.8 * np.exp(-((x / 0.14) ** 2) - ((y + 0.36) / 0.12) ** 2)
    hollow = np.exp(-(((side - 0.3) / 0.19) ** 2) - ((y - 0.02) / 0.12) ** 2)
    base = np.asarray(person.skin, np.float32)
    change = blush[..., None] * floats((6, -13, -12)) - hollow[..., None] * floats((14, 17, 12))
    crown = np.clip((y - 0.3) / 0.5, 0, 1)[..., None] * floats((5, 5, 4))
    return np.asarray(base + change * (base / 220) + crown, np.float32)


def _bust(easel: Easel, light: Light, random: np.random.Generator) -> None:
    """Neck, shoulders and clothes; the body turns less than the head."""
    person, stand = easel.person, easel.head.stand
    pixels, x, y = stand.pixels, stand.x, stand.y
    lean = np.radians(stand.roll_degrees * 0.7)

    def place(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        # the neck's foot stays where it is while the head rolls
        return [(x + (px + np.sin(lean) * min(0.0, py + 0.5) * -0.4) * pixels, y - py * pixels) for px, py in points]

    cloth = jitter(CLOTHES[random.integers(len(CLOTHES))], 14, random)
    wide = 0.4 * person.face.jaw
    turned = 0.1 * np.sin(np.radians(stand.yaw_degrees))
    neck = [
        (-wide + turned, -0.4),
        (-wide, -1.1),
        (-wide - 0.1, -2.0),
        (wide + 0.1, -2.0),
        (wide, -1.1),
        (wide + turned, -0.4),
    ]
    shoulders = smooth([(-2.1, -3.2), (-1.75, -1.95), (-1.2, -1.62), (-0.5, -1.36), (0, -1.52), (0.5, -1.36), (1.2,
                                                                                                               -1.62),
                        (1.75, -1.95), (2.1, -3.2)])  # fmt: skip
    tint = scaled(person.skin, 0.96 - 0.2 * light.strength)
    paint_gradient(easel.canvas, place(smooth(neck)), darker(tint, 0.34), darker(tint, 0.06))
    chin = [(-0.62, -0.55), (0.62, -0.55), (0.48 + turned, -1.17), (turned, -1.3), (-0.48 + turned, -1.17)]
    _neck_shadow(easel, place(chin), place(smooth(neck)))
    kind = int(random.integers(4))
    collar = [(-0.5, -1.34), (0, -1.52 - 0.3 * (kind == 1)), (0.5, -1.34)]
    body = [*shoulders[: len(shoulders) // 3], *smooth(collar), *shoulders[-(len(shoulders) // 3) :]]
    paint_gradient(easel.canvas, place(body), lighter(cloth, 0.08), darker(cloth, 0.3))
    edge = place(smooth(collar))
    easel.draw.polygon(taper(edge, (0.05 * pixels,)), fill=(*darker(cloth, 0.3), 200))
    if kind == 2:
        for side in (-1, 1):
            flap = [(0.46 * side, -1.28), (0.08 * side, -1.56), (0.3 * side, -1.86), (0.66 * side, -1.46)]
            paint_gradient(easel.canvas, place(flap), lighter(cloth, 0.3), lighter(cloth, 0.12))


def _neck_shadow(easel: Easel, outline: Points, neck: Points) -> None:
    """What the head throws onto the neck; soft, so it is painted small."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    pad = 0.12 * easel.head.stand.pixels
    left, upper = int(min(xs) - pad), int(min(ys) - pad)
    small = 4
    size = (int((max(xs) + pad - left) / small) + 1, int((max(ys) + pad - upper) / small) + 1)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([((x - left) / small, (y - upper) / small) for x, y in outline], fill=120)
    soft = mask.filter(ImageFilter.GaussianBlur(max(1.0, pad / small / 2)))
    cut = Image.new("L", (size[0] * small, size[1] * small))
    ImageDraw.Draw(cut).polygon([(x - left, y - upper) for x, y in neck], fill=255)
    shade = ImageChops.multiply(soft.resize(cut.size, Image.Resampling.BILINEAR), cut)
    easel.canvas.paste(darker(easel.person.skin, 0.75), (left, upper), shade)


def _ear(easel: Easel, side: int) -> None:
    """Hidden under long hair anyway."""
    person, head = easel.person, easel.head
    if person.hair_length > 1.6 and person.hair != "curls":
        return
    wide = 0.665 * person.face.width
    yaw = np.sin(np.radians(head.stand.yaw_degrees)) * side
    if yaw > 0.42:
        return
    # it stands off towards the back, and more above than below
    flare = [
        ((wide + 0.42 * (0.06 - z) + 0.05 * (y + 0.3)) * side, y, z - 0.1) for z, y in ring(-0.03, -0.12, 0.12, 0.19)
    ]
    skin = scaled(person.skin, easel.light)
    outline = head.place_at(flare)
    paint_gradient(easel.canvas, outline, darker(skin, 0.08), darker(skin, 0.2))
    easel.draw.line(
        [*outline, outline[0]], fill=(*darker(skin, 0.5), 110), width=max(1, round(0.016 * head.stand.pixels))
    )
    inner = [(wide * side + (x - wide * side) * 0.7, -0.12 + (y + 0.12) * 0.6, z) for x, y, z in flare]
    easel.draw.polygon(head.place_at(inner), fill=(*darker(skin, 0.5), 90))
    if person.earrings:
        (x, y), radius = head.place_at([(wide * side + 0.05 * side, -0.35, -0.1)])[0], 0.035 * head.stand.pixels
        easel.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(226, 192, 110))


def _glasses(easel: Easel) -> None:
    person, head = easel.person, easel.head
    if person.glasses == "none":
        return
    round_ = person.glasses == "round"
    colour = (62, 50, 44) if round_ else (28, 30, 36)
    wide = 0.034 * head.stand.pixels * (0.8 if round_ else 1.15)
    for side in (-1, 1):
        x, y = eye_middle(person, side)
        box = [(x - 0.21, y + 0.12), (x + 0.21, y + 0.12), (x + 0.19, y - 0.15), (x - 0.19, y - 0.15)]
        rim = ring(x, y - 0.015, 0.2, 0.17) if round_ else smooth(box, closed=True, steps=5)
        z = 0.82
        outline = head.place_at([(px, py, z - 0.28 * px * px) for px, py in rim])
        easel.draw.polygon(outline, fill=(236, 244, 250, 26))
        easel.draw.line([*outline, *outline[:2]], fill=(*colour, 255), width=max(2, round(wide)), joint="curve")
        arm = head.place_at([(x + 0.2 * side, y + 0.04, z - 0.1), (0.7 * person.face.width * side, y + 0.03, 0.1)])
        if np.sin(np.radians(head.stand.yaw_degrees)) * side < 0.12:
            easel.draw.line(arm, fill=(*colour, 255), width=max(2, round(wide * 0.9)))
    gap = 0.3 * person.eye_gap - 0.2
    bridge = head.place_at([(-gap, 0.03, 0.82), (0, 0.05, 0.86), (gap, 0.03, 0.82)])
    easel.draw.line(bridge, fill=(*colour, 255), width=max(2, round(wide)), joint="curve")
