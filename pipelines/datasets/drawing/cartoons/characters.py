"""The invented cartoon characters: drawn for this program, after nobody's."""

from dataclasses import dataclass
from typing import Literal

from pipelines.datasets.drawing.colours import Colour
from pipelines.datasets.drawing.lines import Points

Eyes = Literal["beans", "lidded", "goggles", "cyclops", "almond", "sparks", "screen"]
Nose = Literal["ball", "carrot", "button", "hook", "none", "snout"]
Top = Literal["leaves", "beehive", "antenna", "puffs", "cap", "comet", "bulb", "flower", "bat", "beanie", "horns"]
Extra = Literal[
    "moustache", "beard", "freckles", "blush", "fang", "monocle", "glasses", "spines", "bolts", "scarf", "gap"
]


@dataclass(frozen=True, slots=True)
class Character:
    """What one knows a character by."""

    name: str
    skin: Colour
    head: Points
    """The right half of the head's outline, from the crown down to the chin; the left one mirrors it."""
    eyes: Eyes
    eye: Colour
    eye_place: tuple[float, float, float]
    """Apart, up, and size."""
    nose: Nose
    nose_colour: Colour
    mouth: float
    """Height of the mouth."""
    top: Top
    top_colour: Colour
    extras: tuple[Extra, ...] = ()
    accent: Colour = (240, 240, 240)


LILAC: Colour = (196, 168, 214)
TEAL: Colour = (112, 188, 184)
CORAL: Colour = (238, 142, 122)
MINT: Colour = (164, 214, 172)
SAND: Colour = (222, 182, 146)
SLATE: Colour = (142, 164, 190)

CHARACTERS: tuple[Character, ...] = (
    Character(
        "don_nabo", LILAC, [(0, 0.86), (0.5, 0.82), (0.86, 0.5), (0.9, 0.1), (0.66, -0.4), (0.26, -0.84), (0, -1.05)],
        "lidded", (96, 70, 120), (0.34, 0.22, 0.21), "ball", (214, 128, 168), -0.34, "leaves", (104, 164, 84),
        ("moustache",), (122, 84, 60),
    ),
    Character(
        "tia_farola", CORAL, [(0, 0.95), (0.34, 0.9), (0.52, 0.6), (0.52, 0.0), (0.5, -0.5), (0.34, -0.92), (0, -1.02)],
        "beans", (60, 50, 60), (0.25, 0.2, 0.14), "hook", CORAL, -0.52, "beehive", (88, 156, 150),
        ("glasses", "blush"), (250, 226, 120),
    ),
    Character(
        "pipo_tuerca", SLATE, [(0, 0.8), (0.6, 0.8), (0.76, 0.68), (0.8, 0.0), (0.76, -0.72), (0.6, -0.86), (0, -0.88)],
        "screen", (120, 232, 214), (0.3, 0.2, 0.16), "none", SLATE, -0.44, "antenna", (232, 96, 80),
        ("bolts",), (70, 82, 104),
    ),
    Character(
        "luna_pecas", TEAL, [(0, 0.84), (0.48, 0.78), (0.84, 0.4), (0.88, -0.12), (0.66, -0.62), (0.3, -0.86), (0,
                                                                                                                -0.9)],
        "goggles", (222, 130, 60), (0.36, 0.08, 0.26), "button", (76, 146, 150), -0.5, "puffs", (52, 56, 104),
        ("freckles", "gap"), (232, 96, 120),
    ),
    Character(
        "capitan_percebe", SAND, [(0, 0.7), (0.36, 0.66), (0.54, 0.36), (0.6, -0.1), (0.84, -0.5), (0.7, -0.86), (0,
                                                                                                                  -0.98)],
        "beans", (48, 60, 84), (0.21, 0.12, 0.12), "snout", (226, 140, 118), -0.52, "cap", (52, 72, 118),
        ("beard",), (236, 236, 230),
    ),
    Character(
        "nico_cometa", MINT, [(0, 1.0), (0.2, 0.76), (0.5, 0.3), (0.82, -0.2), (0.86, -0.6), (0.5, -0.86), (0, -0.9)],
        "cyclops", (94, 112, 200), (0.0, 0.06, 0.36), "none", MINT, -0.52, "comet", (246, 120, 84), ("blush",), (238,
                                                                                                                 130,
                                                                                                                 140),
    ),
    Character(
        "doctora_bombilla", SLATE, [(0, 1.0), (0.58, 0.92), (0.9, 0.54), (0.86, 0.1), (0.58, -0.3), (0.52, -0.78), (0,
                                                                                                                    -0.94)],
        "goggles", (84, 140, 110), (0.36, 0.26, 0.24), "carrot", (232, 150, 122), -0.52, "bulb", (236, 146, 84),
        ("monocle",), (226, 190, 90),
    ),
    Character(
        "gran_cacto", (122, 178, 112), [(0, 0.92), (0.4, 0.86), (0.6, 0.5), (0.62, 0.0), (0.62, -0.6), (0.56, -0.92),
                                        (0, -0.94)],
        "lidded", (120, 86, 50), (0.26, 0.2, 0.19), "none", MINT, -0.3, "flower", (236, 110, 152), ("spines",), (240,
                                                                                                                 232,
                                                                                                                 190),
    ),
    Character(
        "mora_vampira", LILAC, [(0, 0.76), (0.44, 0.74), (0.72, 0.4), (0.78, 0.0), (0.58, -0.46), (0.2, -0.84), (0,
                                                                                                                 -0.9)],
        "almond", (220, 70, 90), (0.34, 0.12, 0.25), "button", (150, 116, 176), -0.46, "bat", (74, 48, 92), ("fang",
                                                                                                             "blush"),
        (236, 130, 170),
    ),
    Character(
        "bruno_bolardo", CORAL, [(0, 0.7), (0.4, 0.66), (0.62, 0.36), (0.74, -0.1), (0.98, -0.46), (0.84, -0.84), (0,
                                                                                                                   -0.94)],
        "beans", (50, 40, 44), (0.2, 0.18, 0.1), "ball", (222, 104, 92), -0.52, "beanie", (70, 110, 170), ("scarf",),
              (246, 206, 96),
    ),
    Character(
        "yeti_berta", (206, 224, 236), [(0, 0.86), (0.46, 0.82), (0.8, 0.46), (0.84, -0.1), (0.8, -0.6), (0.44, -0.92),
                                        (0, -0.98)],
        "sparks", (60, 90, 140), (0.32, 0.04, 0.16), "snout", (130, 164, 200), -0.5, "horns", (150, 116, 92),
              ("blush",),
        (246, 170, 180),
    ),
)  # fmt: skip
