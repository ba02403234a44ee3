"""Round bodies from balls: rolled along limbs, seen by a camera, lit by a lamp. Lengths in shoulder heights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.datasets.drawing.arrays import Floats, floats

Spot = tuple[float, float, float]
"""A point: x forward, y up, z towards the viewer of a body that looks right."""
Knot = tuple[float, float, float, float]
"""A point and the radius of the limb there."""


@dataclass(frozen=True, slots=True)
class Balls:
    """A body: centres (n, 3), radii (n,) and, for each ball, the number of the part that it belongs to."""

    centres: Floats
    radii: Floats
    parts: NDArray[np.int16]

    def turned(self, rotation: Floats, scale: float, offset: Spot) -> "Balls":
        """Rotated by a (3, 3) matrix, then scaled, then moved."""
        centres = self.centres @ rotation.T * scale + np.asarray(offset, np.float32)
        return Balls(centres.astype(np.float32), self.radii * np.float32(scale), self.parts)


@dataclass(frozen=True, slots=True)
class View:
    """A camera that looks at the origin from the side, and how its picture lies on the canvas."""

    yaw_degrees: float
    """0 shows a body that looks right, 90 one that looks at the camera."""
    pitch_degrees: float
    """How far the camera looks down."""
    distance: float
    pixels: float = 1.0
    left: float = 0.0
    top: float = 0.0
    """Where the origin lies on the canvas."""

    @property
    def rotation(self) -> Floats:
        return turn(yaw_degrees=0, pitch_degrees=self.pitch_degrees) @ turn(yaw_degrees=self.yaw_degrees)

    def project(self, spots: Floats) -> tuple[Floats, Floats]:
        """(n, 3) in body lengths -> (n, 3) in pixels, y down and depth towards the camera; and each one's scale."""
        seen = np.atleast_2d(spots) @ self.rotation.T
        scale = self.pixels * self.distance / (self.distance - seen[:, 2])
        flat = np.stack(
            (self.left + seen[:, 0] * scale, self.top - seen[:, 1] * scale, seen[:, 2] * self.pixels), axis=1
        )
        return flat.astype(np.float32), scale.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Surface:
    """What the camera sees of a body, a row a visible pixel."""

    size: tuple[int, int]
    """Width and height of the canvas."""
    seen: NDArray[np.bool_]
    """(height, width): where the body is."""
    depth: Floats
    """(height, width), towards the camera; the same unit as pixels."""
    owners: NDArray[np.int16]
    """(n,): the ball."""
    spots: Floats
    """(n, 3): where on the body, in its own lengths, before the camera."""
    normals: Floats
    """(n, 3): which way the surface looks, in the camera's frame, y up; soft where limbs meet."""


@lru_cache(maxsize=256)
def turn(yaw_degrees: float = 0.0, pitch_degrees: float = 0.0, roll_degrees: float = 0.0) -> Floats:
    """Rotation (3, 3): about the upright, then the cross axis, then the line of sight."""
    yaw, pitch, roll = (math.radians(degrees) for degrees in (yaw_degrees, pitch_degrees, roll_degrees))
    upright = ((math.cos(yaw), 0, -math.sin(yaw)), (0, 1, 0), (math.sin(yaw), 0, math.cos(yaw)))
    cross = ((1, 0, 0), (0, math.cos(pitch), -math.sin(pitch)), (0, math.sin(pitch), math.cos(pitch)))
    sight = ((math.cos(roll), -math.sin(roll), 0), (math.sin(roll), math.cos(roll), 0), (0, 0, 1))
    return floats(np.asarray(sight) @ np.asarray(cross) @ np.asarray(upright))


def roll(knots: Sequence[Knot], part: int) -> Balls:
    """Balls along a smooth line through the knots, close enough to look like one limb."""
    points = np.asarray(knots, np.float32)
    if len(points) == 1:
        return Balls(points[:, :3], points[:, 3], np.full(1, part, np.int16))
    padded = np.concatenate((2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]))
    pieces = [points[:1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        gap = float(np.linalg.norm(end[:3] - start[:3]))
        count = max(1, math.ceil(gap / (0.42 * max(0.02, float(min(start[3], end[3]))))))
        t = np.linspace(0, 1, min(count, 14) + 1, dtype=np.float32)[1:, None]
        # Catmull and Rom's spline: passes through every knot
        bend = (end - before, 2 * before - 5 * start + 4 * end - after, 3 * start - before - 3 * end + after)
        pieces.append(start + 0.5 * (bend[0] * t + bend[1] * t**2 + bend[2] * t**3))
    rolled = np.concatenate(pieces)
    return Balls(rolled[:, :3], np.maximum(rolled[:, 3], 0.01), np.full(len(rolled), part, np.int16))


def fan(root: tuple[Spot, Spot], tip: Spot, radius: float, part: int, rows: int = 6) -> Balls:
    """A flat ear: lines of balls that narrow from the root to the tip."""
    first, second, end = (np.asarray(spot, np.float32) for spot in (*root, tip))
    lines = []
    for row in np.linspace(0, 1, rows).tolist():
        bulge = 1 + 0.35 * row * (1 - row)
        middle = (first + second) / 2 * (1 - row) + end * row
        half = (second - first) / 2 * (1 - row) * bulge
        across = np.linspace(-1, 1, max(2, round((rows - 1) * (1 - row)) + 1), dtype=np.float32)[:, None]
        lines.append(middle + half * across)
    centres = np.concatenate(lines).astype(np.float32)
    return Balls(centres, np.full(len(centres), radius, np.float32), np.full(len(centres), part, np.int16))


def join(pieces: Sequence[Balls]) -> Balls:
    """One body of many pieces."""
    return Balls(
        np.concatenate([piece.centres for piece in pieces]),
        np.concatenate([piece.radii for piece in pieces]),
        np.concatenate([piece.parts for piece in pieces]),
    )


def look_at(balls: Balls, view: View, size: tuple[int, int]) -> Surface:
    """The visible side of a body on a canvas of (width, height)."""
    flat, scale = view.project(balls.centres)
    radii = balls.radii * scale
    with np.errstate(invalid="ignore"):
        depth, owner = _splat(flat, radii, size)
    seen = owner >= 0
    rows, columns = np.nonzero(seen)
    owners = owner[rows, columns]
    offset = np.stack((columns, rows, depth[rows, columns]), axis=1).astype(np.float32) - flat[owners]
    normals = offset / radii[owners, None] * np.asarray((1, -1, 1), np.float32)
    spots = balls.centres[owners] + (normals @ view.rotation) * balls.radii[owners, None]
    soft = _soften(normals, seen, (rows, columns), max(1.0, 0.03 * view.pixels))
    return Surface(size, seen, depth, owners, spots, soft)


def _splat(flat: Floats, radii: Floats, size: tuple[int, int]) -> tuple[Floats, NDArray[np.int16]]:
    """Depth and the nearest ball of every pixel; -1 where there is none."""
    width, height = size
    depth = np.full((height, width), -np.inf, np.float32)
    owner = np.full((height, width), -1, np.int16)
    xs, ys = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    for number, ((x, y, z), radius) in enumerate(zip(flat.tolist(), radii.tolist(), strict=True)):
        left, right = max(0, math.ceil(x - radius)), min(width, math.floor(x + radius) + 1)
        upper, lower = max(0, math.ceil(y - radius)), min(height, math.floor(y + radius) + 1)
        if left >= right or upper >= lower:
            continue
        near = (radius * radius - (ys[upper:lower] - y) ** 2)[:, None] - (xs[left:right] - x) ** 2
        np.sqrt(near, out=near)
        near += z
        window = depth[upper:lower, left:right]
        # beyond the ball's edge the root is no number, and no number is nearer than anything
        wins = near > window
        np.copyto(window, near, where=wins)
        np.copyto(owner[upper:lower, left:right], np.int16(number), where=wins)
    return depth, owner


def _soften(
    normals: Floats, seen: NDArray[np.bool_], pixels: tuple[NDArray[np.intp], NDArray[np.intp]], radius: float
) -> Floats:
    """Normals blurred within the body and brought back to length one."""
    layers = []
    for axis in range(3):
        layer = np.full(seen.shape, 127.5, np.float32)
        layer[pixels] += normals[:, axis] * 127
        blurred = Image.fromarray(layer.round().astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
        layers.append((np.asarray(blurred, np.float32)[pixels] - 127.5) / 127)
    soft = np.stack(layers, axis=1) * 0.75 + normals * 0.25
    length = np.linalg.norm(soft, axis=1, keepdims=True)
    return floats(soft / np.maximum(length, 1e-6))
