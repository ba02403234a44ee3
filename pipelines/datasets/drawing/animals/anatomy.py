"""Cats and dogs as balls: a breed in a pose, and where its head is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

from pipelines.datasets.drawing.animals.breeds import Breed
from pipelines.datasets.drawing.animals.clay import Balls, Knot, Spot, fan, join, roll, turn
from pipelines.datasets.drawing.arrays import Floats, floats

Stance = Literal["stand", "sit", "lie"]


class Part(IntEnum):
    """What a ball belongs to; coats colour by it."""

    BODY = 0
    LEG = 1
    TAIL = 2
    HEAD = 3
    MUZZLE = 4
    EAR = 5
    NOSE = 6
    TONGUE = 7


@dataclass(frozen=True, slots=True)
class Bearing:
    """How one animal holds itself."""

    stance: Stance
    head_yaw: float
    head_pitch: float
    head_roll: float
    """Degrees from straight ahead: towards the viewer, up, and to the shoulder."""
    stride: float
    """-1 to 1: how far the legs of one side are ahead."""
    tail_lift: float
    """0 hanging to 1 up."""
    panting: bool


@dataclass(frozen=True, slots=True)
class Head:
    """Where a head is, so that eyes can be painted onto it."""

    centre: Spot
    rotation: Floats
    radius: float

    def place(self, spots: Floats) -> Floats:
        """From radii before the skull's middle (forward, up, left) to the body's frame, (n, 3)."""
        moved = spots * np.float32(self.radius) @ self.rotation.T + np.asarray(self.centre, np.float32)
        return moved.astype(np.float32)

    def locate(self, spots: Floats) -> Floats:
        """The way back."""
        return ((spots - np.asarray(self.centre, np.float32)) @ self.rotation / self.radius).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a stance fixes before legs and head are hung onto it."""

    pieces: list[Balls]
    neck: Spot
    tail: Spot
    tail_on_ground: bool


def build_animal(breed: Breed, bearing: Bearing) -> tuple[Balls, Head]:
    """The balls of an animal that stands on y = 0 and looks along x."""
    frame = _STANCES[bearing.stance](breed, bearing)
    x, y, z = frame.neck
    nape, girth = 0.16 * breed.girth**0.5, breed.girth
    end = (x + 0.13 * breed.neck, y + 0.17 * breed.neck, z)
    neck = roll(((x - 0.05, y - 0.08, z, 0.2 * girth), (*end, nape)), Part.BODY)
    rotation = floats(turn(bearing.head_yaw) @ turn(roll_degrees=bearing.head_pitch) @ _tilt(bearing.head_roll))
    head = Head((end[0] + 0.06, end[1] + 0.5 * breed.head, z), rotation, breed.head)
    skull = _build_head(breed, bearing)
    placed = Balls(head.place(skull.centres), skull.radii * np.float32(breed.head), skull.parts)
    return join([*frame.pieces, neck, _tail(breed, bearing, frame), placed]), head


def _tilt(degrees: float) -> Floats:
    """About the line of the nose."""
    return floats(turn(90) @ turn(roll_degrees=degrees) @ turn(-90))


def _stand(breed: Breed, bearing: Bearing) -> _Frame:
    girth, half = breed.girth, 0.5 * breed.length
    elbow = 0.46 * breed.leg
    back = elbow + 0.27 * girth**0.5
    torso = roll(
        (
            (-half, back, 0, 0.21 * girth),
            (-0.2 * half, back - 0.01, 0, 0.2 * girth),
            (0.5 * half, back - 0.03, 0, 0.24 * girth),
            (0.96 * half, back + 0.02, 0, 0.19 * girth),
        ),
        Part.BODY,
    )
    pieces = [torso]
    for side in (-1, 1):
        z, ahead = 0.12 * girth * side, 0.13 * bearing.stride * side * breed.leg
        pieces.append(_front_leg(breed, (0.8 * half, back - 0.06, z), ahead))
        pieces.append(_hind_leg(breed, (-0.9 * half, back - 0.04, z), -ahead))
    return _Frame(pieces, (0.95 * half, back + 0.12, 0), (-half - 0.14 * girth, back + 0.1, 0), tail_on_ground=False)


def _front_leg(breed: Breed, shoulder: Spot, ahead: float) -> Balls:
    x, y, z = shoulder
    bone = breed.bone
    return roll(
        (
            (x, y, z, 0.14 * bone),
            (x - 0.02 + 0.3 * ahead, 0.55 * y, z, 0.085 * bone),
            (x + 0.7 * ahead, 0.26 * y, z, 0.062 * bone),
            (x + ahead, 0.07, z, 0.066 * bone),
            (x + 0.075 + ahead, 0.055, z, 0.064 * bone),
        ),
        Part.LEG,
    )


def _hind_leg(breed: Breed, hip: Spot, ahead: float) -> Balls:
    x, y, z = hip
    bone = breed.bone
    return roll(
        (
            (x, y, z, 0.185 * bone**0.5),
            (x + 0.11 + 0.3 * ahead, 0.62 * y, z, 0.125 * bone),
            (x - 0.09 + 0.6 * ahead, 0.33 * y, z, 0.066 * bone),
            (x - 0.04 + ahead, 0.07, z, 0.066 * bone),
            (x + 0.05 + ahead, 0.055, z, 0.066 * bone),
        ),
        Part.LEG,
    )


def _sit(breed: Breed, bearing: Bearing) -> _Frame:
    girth, bone = breed.girth, breed.bone
    chest = 0.5 + 0.34 * breed.leg
    long = 0.28 + 0.16 * breed.length
    torso = roll(
        (
            (-long, 0.25 * girth, 0, 0.25 * girth),
            (-0.55 * long, 0.44 * chest + 0.1, 0, 0.25 * girth),
            (0.02, 0.76 * chest, 0, 0.23 * girth),
            (0.1, chest, 0, 0.18 * girth),
        ),
        Part.BODY,
    )
    pieces = [torso]
    for side in (-1, 1):
        z, spread = 0.12 * girth * side, 0.2 * girth * side
        paw = 0.13 + 0.05 * bearing.stride * side
        leg = ((0.08, 0.8 * chest, z, 0.13 * bone), (0.1, 0.42 * chest, z, 0.078 * bone), (paw, 0.16, z, 0.062 * bone),
               (paw + 0.01, 0.065, z, 0.066 * bone), (paw + 0.09, 0.055, z, 0.064 * bone))  # fmt: skip
        thigh = ((-0.8 * long, 0.22, spread, 0.2 * bone**0.5), (-0.28 * long, 0.27, 1.12 * spread, 0.15 * bone**0.5))
        foot = ((-0.5 * long, 0.07, 1.2 * spread, 0.065 * bone), (0.02, 0.06, 1.3 * spread, 0.07 * bone))
        pieces += [roll(leg, Part.LEG), roll(thigh, Part.LEG), roll(foot, Part.LEG)]
    return _Frame(pieces, (0.1, chest + 0.08, 0), (-long - 0.2 * girth, 0.1, 0), tail_on_ground=True)


def _lie(breed: Breed, bearing: Bearing) -> _Frame:
    girth, half, bone = breed.girth, 0.5 * breed.length, breed.bone
    torso = roll(
        (
            (-half, 0.24 * girth, 0, 0.24 * girth),
            (-0.1 * half, 0.25 * girth, 0, 0.235 * girth),
            (0.6 * half, 0.29 * girth, 0, 0.235 * girth),
            (0.95 * half, 0.36 * girth, 0, 0.19 * girth),
        ),
        Part.BODY,
    )
    pieces = [torso]
    for side in (-1, 1):
        z, spread = 0.14 * girth * side, 0.22 * girth * side
        reach = half + (0.3 + 0.06 * bearing.stride * side) * breed.leg
        leg = ((0.7 * half, 0.2, z, 0.12 * bone), (half, 0.085, 1.15 * z, 0.08 * bone),
               (reach, 0.066, z, 0.068 * bone), (reach + 0.09, 0.062, z, 0.068 * bone))  # fmt: skip
        thigh = ((-0.9 * half, 0.2, spread, 0.19 * bone**0.5), (-0.5 * half, 0.19, 1.1 * spread, 0.15 * bone**0.5))
        foot = ((-0.75 * half, 0.07, 1.25 * spread, 0.065 * bone), (-0.3 * half, 0.06, 1.35 * spread, 0.068 * bone))
        pieces += [roll(leg, Part.LEG), roll(thigh, Part.LEG), roll(foot, Part.LEG)]
    return _Frame(pieces, (0.92 * half, 0.42 * girth, 0), (-half - 0.2 * girth, 0.12, 0), tail_on_ground=True)


_STANCES: dict[Stance, Callable[[Breed, Bearing], _Frame]] = {"stand": _stand, "sit": _sit, "lie": _lie}


def _tail(breed: Breed, bearing: Bearing, frame: _Frame) -> Balls:
    x, y, z = frame.tail
    lift, low = bearing.tail_lift, frame.tail_on_ground
    thick = {"long": 0.06, "curl": 0.085, "plume": 0.11, "stub": 0.075, "whip": 0.045}[breed.tail]
    knots: tuple[Knot, ...]
    if breed.tail == "stub":
        knots = ((x + 0.06, y, z, 0.09), (x - 0.06, y + 0.03 + 0.05 * lift, z, thick))
    elif low:
        knots = ((x + 0.1, y, z, 0.07), (x - 0.12, 0.08, z + 0.08, thick), (x - 0.08, 0.07, z + 0.34, thick * 1.1),
                 (x + 0.2, 0.07, z + 0.46, thick * 0.75))  # fmt: skip
    elif breed.tail == "curl":
        knots = ((x + 0.08, y, z, 0.08), (x - 0.06, y + 0.2, z, thick), (x + 0.1, y + 0.36, z, thick * 1.1),
                 (x + 0.26, y + 0.24, z + 0.04, thick * 0.9))  # fmt: skip
    else:
        rise = 0.75 * lift - 0.32
        knots = ((x + 0.1, y, z, 0.07), (x - 0.1, y - 0.02 + 0.3 * rise, z, thick),
                 (x - 0.28 + 0.12 * lift, y - 0.04 + 0.75 * rise, z, thick * 1.1),
                 (x - 0.36 + 0.2 * lift, y + 0.06 + 1.1 * rise, z, thick * 0.7))  # fmt: skip
    return roll(knots, Part.TAIL)


def _build_head(breed: Breed, bearing: Bearing) -> Balls:
    """In radii of the skull: forward, up, left."""
    pieces = _cat_skull(breed) if breed.species == "cats" else _dog_skull(breed, bearing)
    for side in (-1, 1):
        pieces += _ear(breed, side)
    return join(pieces)


def _cat_skull(breed: Breed) -> list[Balls]:
    out, girth = breed.snout, breed.snout_girth
    pieces = [roll(((-0.1, 0, 0, 1.0), (0.12, 0.0, 0, 0.93)), Part.HEAD)]
    pieces.append(roll(((0.68, 0.22, 0, 0.3), (0.92 + 0.4 * out, -0.16, 0, 0.2)), Part.HEAD))
    pieces.append(roll(((0.6, -0.55, 0, 0.3), (0.78 + 0.8 * out, -0.6, 0, 0.2)), Part.MUZZLE))
    for side in (-1, 1):
        pieces.append(roll(((0.2, -0.26, 0.5 * side, 0.58),), Part.HEAD))
        pieces.append(
            roll(((0.7, -0.36, 0.2 * side, 0.32), (0.84 + out, -0.38, 0.19 * side, 0.27 * girth)), Part.MUZZLE)
        )
    return pieces


def _dog_skull(breed: Breed, bearing: Bearing) -> list[Balls]:
    out, girth = breed.snout, breed.snout_girth
    tip = 0.72 + out
    pieces = [roll(((-0.12, 0, 0, 0.95), (0.12, 0.04, 0, 0.86)), Part.HEAD)]
    pieces.append(roll(((0.5, -0.1, 0, 0.52), (0.6 + 0.3 * out, -0.26, 0, 0.42 * girth),
                        (tip, -0.32, 0, 0.33 * girth)), Part.MUZZLE))  # fmt: skip
    gape = 0.16 if bearing.panting else 0.0
    jaw = ((0.4, -0.5, 0, 0.36), (tip - 0.12, -0.6 - gape, 0, 0.22 * girth))
    pieces.append(roll(jaw, Part.MUZZLE))
    for side in (-1, 1):
        pieces.append(roll(((0.1, -0.34, 0.42 * side, 0.5),), Part.HEAD))
        pieces.append(roll(((tip - 0.08, -0.46, 0.17 * girth * side, 0.24 * girth),), Part.MUZZLE))
    nose = tip + 0.27 * girth
    pieces.append(roll(((nose, -0.16, -0.08, 0.14), (nose, -0.16, 0.08, 0.14)), Part.NOSE))
    if bearing.panting:
        pieces.append(roll(((tip - 0.15, -0.62, 0, 0.15), (tip + 0.2, -0.72, 0, 0.14), (tip + 0.26, -0.98, 0, 0.13)),
                           Part.TONGUE))  # fmt: skip
    return pieces


def _ear(breed: Breed, side: int) -> list[Balls]:
    long, cat = breed.ear, breed.species == "cats"
    if breed.ears == "pricked":
        wide = 0.4 if cat else 0.33
        root = ((0.1, 0.98 - 0.5 * wide, (0.12 + 0.06 * cat) * side), (-0.12, 0.42, 0.88 * side))
        tip = (0.02, 0.86 + 0.78 * long, (0.62 if cat else 0.58) * side)
        return [fan(root, tip, 0.11, Part.EAR, rows=15)]
    if breed.ears == "folded":
        root = ((0.12, 0.88, 0.2 * side), (-0.1, 0.5, 0.84 * side))
        top = (0.1, 0.78 + 0.32 * long, 0.62 * side)
        return [
            fan(root, top, 0.09, Part.EAR),
            fan((top, (0.0, 0.7, 0.8 * side)), (0.56, 0.62, 0.66 * side), 0.08, Part.EAR),
        ]
    drop = ((-0.08, 0.66, 0.62 * side, 0.16), (-0.02, 0.4, 0.98 * side, 0.2), (0.06, -0.1 * long, 1.06 * side, 0.24),
            (0.14, -0.72 * long, 0.98 * side, 0.2), (0.18, -0.92 * long, 0.94 * side, 0.1))  # fmt: skip
    behind = tuple((x - 0.18, y, z * 0.99, r) for x, y, z, r in drop)
    return [roll(drop, Part.EAR), roll(behind, Part.EAR)]
