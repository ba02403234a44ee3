"""The invented people of the drawn dataset: what one knows them by. Nobody sat for them."""

from dataclasses import dataclass, field
from typing import Literal

from pipelines.datasets.drawing.colours import Colour
from pipelines.datasets.drawing.people.heads import Face

Hair = Literal["crop", "side", "fringe", "centre", "waves", "curls", "bun", "bald", "swept"]
Beard = Literal["none", "full", "goatee", "moustache", "stubble"]
Glasses = Literal["none", "round", "square"]


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that stays the same from one picture to the next."""

    name: str
    skin: Colour
    face: Face
    hair: Hair
    hair_colour: Colour
    hair_length: float
    """Where it ends below the crown: 1 at the ears, 2 at the chin, 3 on the shoulders."""
    eye: Colour
    eye_size: float = 1.0
    eye_gap: float = 1.0
    eye_slant: float = 0.0
    """How much higher the outer corner lies, in hundredths of half a head."""
    brow: float = 1.0
    """Thickness."""
    brow_arch: float = 1.0
    lips: float = 1.0
    """Fullness."""
    mouth: float = 1.0
    """Width."""
    lip_colour: Colour = (176, 92, 88)
    beard: Beard = "none"
    glasses: Glasses = "none"
    lashes: float = 1.0
    age: float = 0.0
    """0 young, 1 lined."""
    freckles: bool = False
    mole: tuple[float, float] | None = None
    earrings: bool = False
    brow_colour: Colour | None = field(default=None)
    """None: like the hair, a little darker."""


PALE: Colour = (240, 208, 188)
ROSY: Colour = (232, 188, 164)
OLIVE: Colour = (214, 168, 132)
TAN: Colour = (190, 138, 102)
BROWN: Colour = (146, 98, 70)
DEEP: Colour = (104, 68, 50)

PEOPLE: tuple[Person, ...] = (
    Person("amaro_piedrazul", OLIVE, Face(1.02, 1.12, 1.2, 0.9, 1.1, 1.05, 1.15, 1.3), "side", (44, 34, 30), 0.9,
           (84, 58, 38), 0.95, 1.0, -1.0, 1.5, 0.5, 0.8, 1.05, (168, 100, 88), "stubble"),
    Person("belen_altamar", PALE, Face(0.95, 0.92, 0.85, 1.2, 0.85, 0.9, 0.9, 0.7), "waves", (164, 66, 34), 3.0,
           (92, 134, 92), 1.15, 1.0, 2.0, 0.8, 1.2, 1.15, 0.95, (196, 92, 92), freckles=True, lashes=1.5),
    Person("casio_brunavera", DEEP, Face(1.0, 1.05, 1.05, 1.1, 1.35, 1.0, 0.95, 1.0), "crop", (26, 22, 22), 0.6,
           (58, 38, 28), 1.0, 1.05, 0.0, 1.2, 0.8, 1.4, 1.1, (128, 70, 66), "goatee"),
    Person("delia_montenube", ROSY, Face(1.08, 1.05, 0.95, 1.35, 1.05, 0.9, 1.0, 0.8), "bun", (196, 192, 190), 0.9,
           (96, 122, 150), 0.92, 0.98, -1.5, 0.8, 0.9, 0.8, 1.0, (178, 102, 98), glasses="round", age=1.0,
           earrings=True, brow_colour=(150, 142, 138)),
    Person("eloy_cantarroca", ROSY, Face(1.1, 1.15, 1.15, 1.1, 1.2, 1.05, 1.15, 1.2), "bald", (150, 96, 60), 0.5,
           (94, 120, 140), 0.88, 1.02, -1.0, 1.6, 0.4, 0.7, 1.05, (172, 104, 92), "full", age=0.5),
    Person("fatima_lunaverde", TAN, Face(0.97, 0.94, 0.82, 1.1, 0.92, 1.1, 1.05, 0.8), "centre", (34, 26, 28), 3.0,
           (74, 48, 32), 1.2, 0.98, 3.0, 1.25, 1.1, 1.2, 0.95, (170, 74, 82), lashes=1.7, mole=(0.3, -0.52)),
    Person("gael_sietepuentes", PALE, Face(0.93, 0.93, 0.92, 0.85, 0.88, 1.12, 1.1, 0.9), "swept", (218, 182, 114), 1.0,
           (104, 154, 190), 1.0, 0.95, 1.0, 0.9, 0.8, 0.85, 0.95, (190, 116, 106), glasses="square",
           brow_colour=(172, 132, 84)),
    Person("hanae_rioclaro", (236, 202, 168), Face(1.03, 0.95, 0.85, 1.2, 0.95, 0.85, 0.75, 0.6), "fringe", (30, 27,
                                                                                                             32),
           2.1, (62, 42, 34), 0.95, 1.08, 4.0, 0.85, 0.6, 1.0, 0.88, (196, 98, 100), lashes=1.2),
    Person("ines_valdetrigo", BROWN, Face(1.0, 0.96, 0.92, 1.25, 1.2, 0.95, 0.9, 0.8), "curls", (44, 30, 26), 2.2,
           (88, 58, 36), 1.12, 1.05, 1.5, 1.0, 1.2, 1.4, 1.08, (150, 66, 72), lashes=1.6, earrings=True),
    Person("jonas_finisterra", OLIVE, Face(1.0, 1.0, 1.0, 0.8, 1.15, 1.18, 1.2, 1.1), "swept", (122, 118, 116), 0.9,
           (104, 84, 58), 0.92, 1.0, -2.0, 1.3, 0.5, 0.75, 1.1, (160, 98, 88), "moustache", age=0.9,
           brow_colour=(84, 78, 76)),
)  # fmt: skip
