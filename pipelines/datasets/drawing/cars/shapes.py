"""The invented cars of the drawn dataset: one side view each, in metres, front to the right, y up from the road."""

from dataclasses import dataclass
from typing import Literal

Points = tuple[tuple[float, float], ...]
Role = Literal["paint", "glass", "trim", "metal", "cargo", "front_lamp", "rear_lamp", "stripe", "shade"]


@dataclass(frozen=True, slots=True)
class Part:
    """A surface added to the body."""

    role: Role
    outline: Points
    rounds: int = 1
    """How often its corners are cut; 0 leaves them sharp."""
    behind: bool = False
    """Drawn before the body instead of after it."""


@dataclass(frozen=True, slots=True)
class CarShape:
    """Everything that makes one make and model; colour and scene are no part of it."""

    name: str
    body: Points
    glass: Points
    pillars: tuple[float, ...]
    """Where body-coloured posts divide the glass."""
    seams: tuple[tuple[float, float, float], ...]
    """Door gaps: x, and y from and to."""
    wheels: tuple[float, ...]
    wheel_radius: float
    spokes: int
    parts: tuple[Part, ...] = ()
    body_rounds: int = 2

    @property
    def length(self) -> float:
        return max(x for x, _ in self.body)

    @property
    def height(self) -> float:
        return max(y for part in (self.body, *(part.outline for part in self.parts)) for _, y in part)


def _box(left: float, bottom: float, right: float, top: float) -> Points:
    return ((left, bottom), (left, top), (right, top), (right, bottom))


# fmt: off
# an outline reads better in rows of corners than as one corner a line
HATCHBACK = CarShape(
    name="aldea_pico",
    body=((0.08, 0.26), (0.0, 0.5), (0.03, 0.92), (0.3, 1.46), (0.7, 1.55), (1.7, 1.54), (2.2, 1.42), (2.75, 1.0),
          (3.22, 0.9), (3.46, 0.7), (3.5, 0.42), (3.4, 0.26)),
    glass=((0.3, 1.0), (0.5, 1.41), (0.76, 1.45), (1.68, 1.44), (2.08, 1.34), (2.5, 1.0)),
    pillars=(1.22,),
    seams=((1.22, 0.32, 1.0), (2.42, 0.5, 1.0)),
    wheels=(0.7, 2.82),
    wheel_radius=0.33,
    spokes=5,
    parts=(
        Part("rear_lamp", ((0.05, 0.72), (0.1, 1.0), (0.22, 0.98), (0.2, 0.72))),
        Part("front_lamp", ((2.98, 0.72), (3.08, 0.88), (3.34, 0.76), (3.38, 0.66))),
        Part("trim", ((0.0, 0.3), (0.0, 0.46), (0.3, 0.46), (0.3, 0.3))),
        Part("trim", ((3.2, 0.28), (3.2, 0.44), (3.5, 0.44), (3.5, 0.28))),
    ),
)
ESTATE = CarShape(
    name="aldea_larga",
    body=((0.06, 0.26), (0.0, 0.55), (0.02, 0.95), (0.2, 1.42), (0.5, 1.49), (2.4, 1.49), (2.85, 1.4), (3.45, 0.98),
          (4.35, 0.88), (4.64, 0.7), (4.72, 0.42), (4.6, 0.26)),
    glass=((0.2, 0.98), (0.36, 1.37), (0.6, 1.4), (2.36, 1.4), (2.74, 1.33), (3.2, 0.98)),
    pillars=(1.1, 2.05),
    seams=((1.1, 0.55, 0.98), (2.05, 0.3, 0.98), (3.1, 0.5, 0.98)),
    wheels=(0.92, 3.78),
    wheel_radius=0.34,
    spokes=7,
    parts=(
        Part("metal", ((0.5, 1.53), (0.6, 1.56), (2.3, 1.56), (2.4, 1.53)), 0, behind=True),
        Part("rear_lamp", ((0.04, 0.68), (0.1, 1.02), (0.24, 1.02), (0.2, 0.7))),
        Part("front_lamp", ((4.1, 0.72), (4.15, 0.86), (4.5, 0.76), (4.56, 0.66))),
        Part("metal", _box(0.3, 0.62, 4.0, 0.655), 0),
    ),
)
SEDAN = CarShape(
    name="brisa_velero",
    body=((0.06, 0.26), (0.0, 0.5), (0.0, 0.92), (0.2, 1.0), (0.95, 1.02), (1.5, 1.38), (1.95, 1.45), (2.5, 1.44),
          (2.9, 1.35), (3.5, 0.97), (4.4, 0.86), (4.66, 0.68), (4.72, 0.42), (4.6, 0.26)),
    glass=((1.12, 1.0), (1.56, 1.31), (1.98, 1.37), (2.5, 1.36), (2.82, 1.28), (3.26, 0.98)),
    pillars=(2.14,),
    seams=((1.3, 0.6, 1.0), (2.14, 0.3, 1.0), (3.15, 0.5, 0.98)),
    wheels=(0.95, 3.75),
    wheel_radius=0.34,
    spokes=10,
    parts=(
        Part("rear_lamp", ((0.0, 0.7), (0.0, 0.9), (0.42, 0.9), (0.3, 0.76))),
        Part("front_lamp", ((4.08, 0.7), (4.2, 0.84), (4.52, 0.76), (4.6, 0.64))),
        Part("metal", ((1.06, 0.98), (1.08, 1.01), (3.3, 1.0), (3.34, 0.97)), 0),
        Part("metal", _box(0.0, 0.44, 0.34, 0.48), 0),
        Part("metal", _box(4.36, 0.42, 4.7, 0.46), 0),
    ),
)
COUPE = CarShape(
    name="brisa_flecha",
    body=((0.08, 0.22), (0.0, 0.5), (0.02, 0.88), (0.5, 0.98), (1.1, 1.1), (1.7, 1.23), (2.15, 1.24), (2.5, 1.17),
          (3.1, 0.92), (3.95, 0.82), (4.36, 0.58), (4.44, 0.34), (4.34, 0.22)),
    glass=((1.15, 0.94), (1.72, 1.14), (2.13, 1.16), (2.42, 1.1), (2.9, 0.92)),
    pillars=(1.6,),
    seams=((1.6, 0.28, 0.92), (2.85, 0.4, 0.86)),
    wheels=(0.84, 3.58),
    wheel_radius=0.35,
    spokes=5,
    parts=(
        Part("paint", ((0.06, 0.86), (0.02, 1.12), (0.16, 1.12), (0.22, 0.9)), 0, behind=True),
        Part("paint", ((-0.12, 1.1), (-0.12, 1.17), (0.42, 1.14), (0.42, 1.1)), 0),
        Part("rear_lamp", ((0.02, 0.66), (0.03, 0.78), (0.36, 0.82), (0.3, 0.7))),
        Part("front_lamp", ((3.96, 0.66), (4.0, 0.74), (4.26, 0.62), (4.34, 0.52))),
        Part("shade", ((1.2, 0.5), (1.22, 0.74), (1.52, 0.66), (1.5, 0.54))),
        Part("trim", ((1.15, 0.22), (1.15, 0.3), (3.25, 0.3), (3.25, 0.22)), 0),
    ),
)
PICKUP = CarShape(
    name="tajo_mula",
    body=((0.04, 0.46), (0.0, 0.6), (0.0, 1.1), (0.0, 1.14), (1.9, 1.14), (1.98, 1.14), (1.98, 1.7), (2.1, 1.82),
          (3.15, 1.82), (3.45, 1.72), (3.95, 1.2), (5.0, 1.12), (5.26, 0.95), (5.3, 0.6), (5.2, 0.44)),
    glass=((2.12, 1.2), (2.12, 1.62), (2.2, 1.7), (3.12, 1.7), (3.36, 1.62), (3.74, 1.2)),
    pillars=(2.75,),
    seams=((1.96, 0.5, 1.14), (2.75, 0.5, 1.2), (3.66, 0.6, 1.18)),
    wheels=(1.05, 4.3),
    wheel_radius=0.43,
    spokes=6,
    parts=(
        Part("trim", _box(-0.02, 1.11, 1.96, 1.17), 0),
        Part("rear_lamp", _box(0.0, 0.72, 0.12, 1.06), 0),
        Part("front_lamp", ((4.95, 0.84), (4.95, 1.02), (5.2, 0.98), (5.26, 0.84))),
        Part("metal", _box(-0.08, 0.46, 0.3, 0.58), 1),
        Part("metal", _box(4.98, 0.44, 5.36, 0.6), 1),
        Part("trim", _box(1.7, 0.42, 3.6, 0.5), 0),
    ),
)
OFF_ROADER = CarShape(
    name="tajo_roca",
    body=((0.1, 0.5), (0.08, 0.7), (0.1, 1.85), (0.14, 1.96), (2.5, 1.96), (2.62, 1.88), (2.82, 1.26), (3.88, 1.2),
          (3.96, 1.1), (3.98, 0.6), (3.94, 0.48)),
    glass=((0.26, 1.28), (0.26, 1.8), (2.42, 1.8), (2.6, 1.28)),
    pillars=(0.98, 1.76),
    seams=((0.98, 0.6, 1.28), (1.76, 0.5, 1.28), (2.68, 0.6, 1.26)),
    wheels=(0.88, 3.2),
    wheel_radius=0.43,
    spokes=6,
    parts=(
        Part("trim", ((-0.16, 0.82), (-0.16, 1.5), (0.06, 1.5), (0.06, 0.82)), 2, behind=True),
        Part("metal", ((0.3, 1.96), (0.3, 2.1), (0.34, 2.1), (0.34, 2.0), (2.2, 2.0), (2.2, 2.1), (2.26, 2.1),
             (2.26, 1.96)), 0, behind=True),
        Part("trim", _box(0.25, 2.08, 2.32, 2.13), 0, behind=True),
        Part("rear_lamp", _box(0.12, 0.86, 0.24, 1.12), 0),
        Part("front_lamp", ((3.7, 0.88), (3.7, 1.1), (3.92, 1.1), (3.92, 0.88)), 2),
        Part("metal", _box(3.74, 0.48, 4.1, 0.64), 1),
        Part("trim", _box(1.36, 0.46, 2.7, 0.54), 0),
    ),
    body_rounds=1,
)
ROUND = CarShape(
    name="faro_gota",
    body=((0.12, 0.34), (0.0, 0.5), (0.1, 0.82), (0.5, 1.2), (1.05, 1.5), (1.65, 1.6), (2.15, 1.5), (2.5, 1.2),
          (2.62, 1.02), (3.15, 1.0), (3.56, 0.8), (3.7, 0.5), (3.66, 0.34)),
    glass=((0.88, 1.06), (1.14, 1.34), (1.62, 1.47), (2.06, 1.38), (2.38, 1.06)),
    pillars=(1.46,),
    seams=((1.4, 0.4, 1.04), (2.36, 0.5, 1.04)),
    wheels=(0.76, 2.98),
    wheel_radius=0.35,
    spokes=0,
    parts=(
        Part("paint", ((0.1, 0.42), (0.2, 0.82), (0.76, 1.0), (1.3, 0.8), (1.42, 0.4))),
        Part("paint", ((2.34, 0.4), (2.44, 0.82), (2.98, 1.0), (3.6, 0.86), (3.72, 0.42))),
        Part("front_lamp", ((3.3, 0.68), (3.28, 0.88), (3.44, 0.96), (3.58, 0.86), (3.58, 0.7), (3.44, 0.62)), 2),
        Part("rear_lamp", ((0.08, 0.62), (0.08, 0.78), (0.22, 0.82), (0.26, 0.66)), 2),
        Part("metal", ((-0.08, 0.34), (-0.08, 0.46), (0.26, 0.46), (0.26, 0.34))),
        Part("metal", ((3.46, 0.34), (3.46, 0.46), (3.82, 0.46), (3.82, 0.34))),
        Part("metal", _box(1.4, 0.34, 2.34, 0.4), 0),
    ),
    body_rounds=3,
)
VAN = CarShape(
    name="muelle_caja",
    body=((0.02, 0.32), (0.0, 0.6), (0.0, 2.1), (0.1, 2.24), (3.4, 2.28), (3.85, 2.18), (4.5, 1.3), (5.02, 1.1),
          (5.2, 0.85), (5.22, 0.42), (5.12, 0.3)),
    glass=((3.2, 1.3), (3.2, 1.96), (3.3, 2.02), (3.74, 2.0), (4.26, 1.3)),
    pillars=(),
    seams=((1.55, 0.4, 2.1), (3.08, 0.4, 2.1), (4.2, 0.5, 1.3)),
    wheels=(1.0, 4.28),
    wheel_radius=0.37,
    spokes=6,
    parts=(
        Part("stripe", ((0.0, 1.02), (0.0, 1.24), (2.9, 1.24), (3.1, 1.02)), 0),
        Part("rear_lamp", _box(0.02, 0.8, 0.14, 1.5), 0),
        Part("front_lamp", ((4.76, 0.82), (4.76, 1.08), (5.04, 1.02), (5.16, 0.84))),
        Part("trim", _box(0.0, 0.3, 0.4, 0.46), 1),
        Part("trim", _box(4.86, 0.3, 5.26, 0.52), 1),
        Part("trim", _box(1.6, 1.58, 3.0, 1.61), 0),
    ),
    body_rounds=1,
)
MINIBUS = CarShape(
    name="muelle_paseo",
    body=((0.0, 0.36), (0.0, 0.6), (0.0, 2.4), (0.12, 2.58), (5.6, 2.58), (5.92, 2.44), (6.14, 1.4), (6.2, 0.95),
          (6.2, 0.42), (6.12, 0.34)),
    glass=((0.16, 1.36), (0.16, 2.28), (5.6, 2.28), (5.82, 2.2), (6.0, 1.36)),
    pillars=(1.0, 1.86, 2.72, 3.58, 4.44, 5.28),
    seams=((4.4, 0.4, 1.36), (5.3, 0.4, 1.36)),
    wheels=(1.25, 4.95),
    wheel_radius=0.42,
    spokes=8,
    parts=(
        Part("stripe", _box(0.0, 0.9, 6.18, 1.06), 0),
        Part("stripe", _box(0.0, 1.12, 6.16, 1.17), 0),
        Part("metal", ((1.0, 2.58), (1.06, 2.72), (2.5, 2.72), (2.56, 2.58)), 1, behind=True),
        Part("rear_lamp", _box(0.02, 0.62, 0.14, 0.86), 0),
        Part("front_lamp", ((5.92, 0.62), (5.92, 0.84), (6.18, 0.84), (6.18, 0.62)), 1),
        Part("trim", _box(5.7, 0.34, 6.26, 0.5), 1),
    ),
    body_rounds=1,
)
BOX_TRUCK = CarShape(
    name="muelle_lonja",
    body=((4.28, 0.42), (4.26, 0.6), (4.26, 2.1), (4.4, 2.3), (5.2, 2.3), (5.5, 2.18), (5.86, 1.34), (6.0, 1.16),
          (6.04, 0.5), (5.96, 0.4)),
    glass=((4.6, 1.36), (4.6, 2.02), (4.7, 2.1), (5.18, 2.1), (5.38, 2.02), (5.68, 1.36)),
    pillars=(),
    seams=((4.5, 0.8, 1.36), (5.64, 0.9, 1.36)),
    wheels=(1.15, 5.2),
    wheel_radius=0.44,
    spokes=8,
    parts=(
        Part("trim", _box(0.02, 0.6, 4.6, 0.78), 0, behind=True),
        Part("cargo", _box(-0.04, 0.78, 4.14, 2.98), 0, behind=True),
        Part("stripe", ((-0.04, 1.3), (-0.04, 1.9), (1.3, 1.9), (1.9, 1.3)), 0, behind=True),
        Part("metal", _box(-0.04, 0.74, 4.14, 0.82), 0, behind=True),
        Part("metal", _box(-0.04, 2.94, 4.14, 3.0), 0, behind=True),
        Part("trim", _box(2.0, 0.4, 3.9, 0.62), 1, behind=True),
        Part("rear_lamp", _box(-0.04, 0.62, 0.14, 0.74), 0),
        Part("front_lamp", ((5.72, 0.68), (5.72, 0.9), (5.98, 0.9), (6.0, 0.68)), 1),
        Part("trim", _box(5.56, 0.38, 6.1, 0.58), 1),
    ),
    body_rounds=1,
)

SHAPES: tuple[CarShape, ...] = (
    HATCHBACK, ESTATE, SEDAN, COUPE, PICKUP, OFF_ROADER, ROUND, VAN, MINIBUS, BOX_TRUCK,
)
