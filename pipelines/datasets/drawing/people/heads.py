"""Heads of people: a turned shape with nose, cheeks and chin on it. Half a head's height is one; y is up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.datasets.drawing.arrays import Floats, floats
from pipelines.datasets.drawing.lines import smooth_lines

Outline = list[tuple[float, float]]

# height, half width, half depth and how far forward the middle lies: a skull from the chin up
_LEVELS = floats([(-1.00, 0.10, 0.16, 0.36), (-0.95, 0.23, 0.26, 0.33), (-0.85, 0.34, 0.36, 0.27),
                  (-0.68, 0.47, 0.48, 0.19), (-0.45, 0.58, 0.60, 0.11), (-0.20, 0.655, 0.68, 0.05),
                  (0.10, 0.685, 0.72, 0.01), (0.35, 0.675, 0.73, -0.01), (0.60, 0.61, 0.68, -0.03),
                  (0.80, 0.47, 0.54, -0.05), (0.93, 0.29, 0.34, -0.06), (1.00, 0.08, 0.1, -0.06),])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Face:
    """What stays the same of a face in every picture; 1 is middling."""

    width: float = 1.0
    jaw: float = 1.0
    """Width of the lower face."""
    chin: float = 1.0
    """Width of the chin."""
    cheeks: float = 1.0
    nose_width: float = 1.0
    nose_length: float = 1.0
    nose_height: float = 1.0
    brow: float = 1.0
    """How far the brow stands out."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a head is turned and where it is on the canvas."""

    yaw_degrees: float
    pitch_degrees: float
    roll_degrees: float
    x: float
    y: float
    pixels: float
    """Of half a head's height."""

    @property
    def turns(self) -> tuple[float, float, float, float, float, float]:
        """Sine and cosine of yaw, pitch and roll."""
        angles = (math.radians(each) for each in (self.yaw_degrees, self.pitch_degrees, self.roll_degrees))
        yaw, pitch, roll = angles
        return math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch), math.sin(roll), math.cos(roll)

    def project(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """From the head's frame to pixels."""
        sin_yaw, cos_yaw, sin_pitch, cos_pitch, sin_roll, cos_roll = self.turns
        across, ahead = x * cos_yaw + z * sin_yaw, z * cos_yaw - x * sin_yaw
        up = y * cos_pitch + ahead * sin_pitch
        return (
            floats(self.x + (across * cos_roll - up * sin_roll) * self.pixels),
            floats(self.y - (up * cos_roll + across * sin_roll) * self.pixels),
        )


@dataclass(frozen=True, slots=True)
class Relief:
    """The skin of a head as the camera sees it, coarse: skin has no fine detail."""

    seen: NDArray[np.bool_]
    """(rows, columns)."""
    x: Floats
    y: Floats
    """(rows, columns): where on the face each pixel lies."""
    normals: Floats
    """(rows, columns, 3), y up."""


@lru_cache(maxsize=64)
def _profile(face: Face) -> Floats:
    """(4, n): heights, half widths and half depths squared, and middles, close together.

    Squared, because between two levels the ends of a skull then stay round.
    """
    at, wide, deep, ahead = _LEVELS.T
    low, tip = np.clip((0.1 - at) / 0.75, 0, 1), np.clip((-0.62 - at) / 0.3, 0, 1)
    wide = wide * face.width * (1 + (face.jaw - 1) * low) * (1 + (face.chin - 1) * tip)
    rough = np.stack((at, wide**2, deep**2, ahead), axis=1).astype(np.float64)
    return np.asarray(smooth_lines(rough[None])[0].T, np.float32)


def _levels(face: Face, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Half width, half depth and middle at heights y."""
    at, wide, deep, ahead = _profile(face)
    half_width, half_depth, middle = (np.interp(y, at, level).astype(np.float32) for level in (wide, deep, ahead))
    return np.sqrt(half_width), np.sqrt(half_depth), middle


def _bumps(face: Face, x: Floats, y: Floats) -> Floats:
    """How far nose, brows, cheeks, lips and chin stand out from the turned shape."""
    wide, tip = face.nose_width, -0.1 - 0.3 * face.nose_length
    climb = np.clip((0.16 - y) / (0.16 - tip), 0, 1)
    below = 1 / (1 + np.exp((tip - 0.09 - y) * 46))
    ridge = 0.21 * face.nose_height * climb**1.2 * below * np.exp(-((x / (0.075 + 0.05 * climb * wide)) ** 2))
    at_x, at_y, broad, tall, height = _hills(face)
    across, up = (np.abs(x)[..., None] - at_x) / broad, (y[..., None] - at_y) / tall
    return np.asarray(ridge + np.exp(-across * across - up * up) @ height, np.float32)


def _look_up_bumps(face: Face, x: Floats, y: Floats) -> Floats:
    """The same for a few points, from a table: to a pixel exact enough, and ten times as fast."""
    column = ((x + 1) * 150).round().clip(0, 300).astype(int)
    row = ((y + 1.1) * 150).round().clip(0, 330).astype(int)
    return floats(_bump_table(face)[row, column])


@lru_cache(maxsize=64)
def _bump_table(face: Face) -> Floats:
    x, y = np.meshgrid(np.linspace(-1, 1, 301), np.linspace(-1.1, 1.1, 331))
    return _bumps(face, floats(x), floats(y))


@lru_cache(maxsize=64)
def _hills(face: Face) -> Floats:
    """Round hills on both sides of the face: (5, n) of x, y, width, height on the skin, and how far they stand out."""
    wide, tip = face.nose_width, -0.1 - 0.3 * face.nose_length
    return floats([(0, tip, 0.1 * wide, 0.085, 0.1 * face.nose_height),
                   (0.115 * wide, tip - 0.035, 0.055, 0.055, 0.075), (0.3, 0.02, 0.17, 0.12, -0.1),
                   (0.3, 0.0, 0.12, 0.085, 0.06), (0.27, 0.2, 0.22, 0.07, 0.05 * face.brow),
                   (0.44, -0.24, 0.17, 0.16, 0.06 * face.cheeks), (0, -0.6, 0.2, 0.05, 0.05),
                   (0, -0.71, 0.17, 0.05, 0.055), (0, -0.79, 0.16, 0.035, -0.035), (0, -0.91, 0.14, 0.1, 0.06),
                   (0.25, -0.5, 0.05, 0.14, -0.018),]).T.copy()  # fmt: skip


@dataclass(frozen=True, slots=True)
class TurnedHead:
    """A face on a stand."""

    face: Face
    stand: Stand

    def place(self, points: Sequence[tuple[float, float]], lift: float = 0.0) -> Outline:
        """Points on the face, x to the viewer's right, no further than its side -> pixels; `lift` above the skin."""
        x, y = np.asarray(points, np.float32).T
        half, deep, ahead = _levels(self.face, y)
        x = np.clip(x, -half, half)
        round_ = np.sqrt(np.clip(1 - (x / (half * 1.02)) ** 2, 0.0, 1))
        z = ahead + deep * round_ + _look_up_bumps(self.face, x, y) + lift
        across, down = self.stand.project(x, y, z)
        return list(zip(across.tolist(), down.tolist(), strict=True))

    def place_at(self, points: Sequence[tuple[float, float, float]]) -> Outline:
        """Points anywhere about the head -> pixels."""
        x, y, z = np.asarray(points, np.float32).T
        across, down = self.stand.project(x, y, z)
        return list(zip(across.tolist(), down.tolist(), strict=True))

    def outline(self, grow: float = 0.0, lowest: float = -1.0, steps: int = 40) -> Outline:
        """The head's edge as the camera sees it, `grow` wider,
        from the left at `lowest` over the crown to the right."""
        y = np.cos(np.linspace(0, np.pi, steps, dtype=np.float32))
        y = y[y >= lowest]
        left, right = self._edge(y, grow, -1), self._edge(y[::-1], grow, 1)
        return list(reversed(left)) + list(reversed(right))

    def _edge(self, y: Floats, grow: float, side: int) -> Outline:
        sin_yaw, cos_yaw, sin_pitch, _, sin_roll, cos_roll = self.stand.turns
        half, deep, ahead = _levels(self.face, y)
        across = ahead * sin_yaw + side * np.hypot(half * cos_yaw, deep * sin_yaw) * (1 + 1.4 * grow)
        up = y * (1 + grow) + ahead * sin_pitch
        x = self.stand.x + (across * cos_roll - up * sin_roll) * self.stand.pixels
        down = self.stand.y - (up * cos_roll + across * sin_roll) * self.stand.pixels
        return list(zip(x.tolist(), down.tolist(), strict=True))

    def relief(self, rows: int = 96) -> Relief:
        """The skin on a grid of about `rows` rows, upright: roll it onto the canvas afterwards."""
        sin_yaw, cos_yaw, sin_pitch, cos_pitch, _, _ = self.stand.turns
        columns = round(rows * 0.86)
        across, up = np.meshgrid(np.linspace(-0.95, 0.95, columns), np.linspace(1.1, -1.1, rows))
        y = up.astype(np.float32)
        z = np.zeros_like(y)
        for _ in range(2):
            half, deep, ahead = _levels(self.face, y)
            reach = np.hypot(half * cos_yaw, deep * sin_yaw)
            ratio = (across - ahead * sin_yaw) / reach
            angle = np.arcsin(np.clip(ratio, -1, 1)) - np.arctan2(deep * sin_yaw, half * cos_yaw)
            x, z = half * np.sin(angle), ahead + deep * np.cos(angle)
            y = np.asarray((up - (z * cos_yaw - x * sin_yaw) * sin_pitch) / cos_pitch, np.float32)
        depth = z * cos_yaw - x * sin_yaw + _bumps(self.face, x, y) * np.clip(np.cos(angle), 0, 1)
        seen = (np.abs(ratio) < 0.985) & (y > -0.985) & (y < 0.94)
        step = 2.2 / (rows - 1)
        down, right = np.gradient(depth, step, 1.9 / (columns - 1))
        normals = np.stack((-right, down, np.ones_like(depth)), axis=2)
        normals /= np.linalg.norm(normals, axis=2, keepdims=True)
        return Relief(seen, x, y, normals.astype(np.float32))

    def lay(self, picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
        """An upright picture of the relief's grid, rolled and scaled onto (left, upper, right, lower) of the canvas."""
        _, _, _, _, sin_roll, cos_roll = self.stand.turns
        width, height = picture.size
        per_x, per_y = (width - 1) / 1.9 / self.stand.pixels, (height - 1) / 2.2 / self.stand.pixels
        x, y = self.stand.x - box[0], self.stand.y - box[1]
        # from a canvas pixel back to the grid: unroll about the head's middle, then scale
        matrix = (
            cos_roll * per_x, -sin_roll * per_x, (width - 1) / 2 - (cos_roll * x - sin_roll * y) * per_x,
            sin_roll * per_y, cos_roll * per_y, (height - 1) / 2 - (sin_roll * x + cos_roll * y) * per_y,
        )  # fmt: skip
        size = (box[2] - box[0], box[3] - box[1])
        return picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
