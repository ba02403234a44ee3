"""The animals of the drawn dataset: what tells breeds apart, in shares of a middling animal of their species."""

from dataclasses import dataclass
from typing import Literal

Species = Literal["cats", "dogs"]
Ears = Literal["pricked", "folded", "drop"]
Tail = Literal["long", "curl", "plume", "stub", "whip"]
Marking = Literal["plain", "tabby", "spots", "patches", "tuxedo", "points", "saddle"]


@dataclass(frozen=True, slots=True)
class Breed:
    """Build of one breed; colours, pose and light are no part of it."""

    species: Species
    name: str
    leg: float
    length: float
    girth: float
    bone: float
    """Thickness of the legs."""
    neck: float
    head: float
    """Radius of the skull, in shoulder heights."""
    snout: float
    """How far the muzzle stands out, in radii of the skull."""
    snout_girth: float
    ears: Ears
    ear: float
    tail: Tail
    fluff: float
    """How far the fur stands off: 0 smooth to 1 shaggy."""
    markings: tuple[Marking, ...]


# fmt: off
# a table: species, name, leg, length, girth, bone, neck, head, snout, snout_girth, ears, ear, tail, fluff
BREEDS: tuple[Breed, ...] = (
    Breed("cats", "shorthair", 0.92, 1.0, 0.95, 0.92, 0.75, 0.313, 0.16, 1.0, "pricked", 1.0, "long", 0.2,
          ("tabby", "tabby", "plain", "tuxedo", "patches")),
    Breed("cats", "oriental", 1.1, 1.02, 0.78, 0.78, 1.05, 0.278, 0.26, 0.82, "pricked", 1.3, "long", 0.05,
          ("points", "points", "plain", "spots")),
    Breed("cats", "persian", 0.72, 0.95, 1.22, 1.1, 0.55, 0.371, 0.04, 1.1, "pricked", 0.68, "plume", 0.9,
          ("plain", "patches", "points")),
    Breed("cats", "forest", 0.95, 1.1, 1.15, 1.05, 0.8, 0.325, 0.2, 1.1, "pricked", 1.15, "plume", 0.75,
          ("tabby", "tabby", "tuxedo", "plain")),
    Breed("cats", "fold", 0.85, 0.98, 1.08, 1.0, 0.65, 0.36, 0.1, 1.05, "folded", 0.6, "long", 0.35,
          ("plain", "tabby", "tuxedo")),
    Breed("cats", "bobtail", 0.98, 0.92, 0.95, 0.95, 0.8, 0.307, 0.18, 1.0, "pricked", 1.0, "stub", 0.25,
          ("patches", "patches", "tabby", "saddle")),
    Breed("cats", "leopard", 1.0, 1.08, 0.92, 0.98, 0.85, 0.29, 0.2, 0.95, "pricked", 0.9, "long", 0.05,
          ("spots", "spots", "tabby")),
    Breed("dogs", "retriever", 1.05, 1.05, 1.05, 1.08, 0.95, 0.29, 0.79, 1.1, "drop", 0.85, "plume", 0.4,
          ("plain", "plain", "tuxedo")),
    Breed("dogs", "shepherd", 1.1, 1.12, 1.0, 1.0, 1.0, 0.273, 0.95, 0.95, "pricked", 1.05, "plume", 0.4,
          ("saddle", "saddle", "plain")),
    Breed("dogs", "sled", 1.05, 1.0, 1.08, 1.05, 0.9, 0.29, 0.75, 1.0, "pricked", 0.8, "curl", 0.55,
          ("tuxedo", "saddle", "points")),
    Breed("dogs", "hound", 1.0, 1.0, 1.0, 1.05, 0.95, 0.278, 0.86, 1.05, "drop", 1.15, "whip", 0.05,
          ("saddle", "patches", "saddle", "tuxedo")),
    Breed("dogs", "badger", 0.52, 1.3, 0.9, 1.1, 0.9, 0.273, 1.04, 0.85, "drop", 1.1, "whip", 0.1,
          ("plain", "tuxedo", "points", "tabby")),
    Breed("dogs", "water", 1.12, 0.92, 1.05, 1.15, 1.0, 0.302, 0.81, 0.85, "drop", 1.05, "stub", 1.0,
          ("plain", "plain", "patches")),
    Breed("dogs", "bull", 0.82, 0.98, 1.25, 1.35, 0.6, 0.336, 0.4, 1.45, "folded", 0.75, "stub", 0.05,
          ("plain", "tabby", "patches", "tuxedo")),
    Breed("dogs", "herder", 0.62, 1.12, 1.1, 1.1, 0.8, 0.29, 0.73, 0.95, "pricked", 1.1, "stub", 0.4,
          ("tuxedo", "tuxedo", "saddle")),
    Breed("dogs", "terrier", 0.9, 0.9, 0.98, 0.95, 0.9, 0.29, 0.68, 1.15, "folded", 0.85, "whip", 0.7,
          ("patches", "plain", "saddle", "spots")),
)
# fmt: on
