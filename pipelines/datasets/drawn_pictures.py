"""What all drawn datasets share: the words for their pictures, and how a folder of them is drawn."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

SUPERSAMPLING = 2
"""Scenes are painted this much larger than the picture."""


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One picture of a drawn dataset."""

    label: str
    file_name: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Actor:
    """A thing that can be painted anywhere along a scene."""

    half_width: float
    """In pixels of the canvas."""
    paint: Callable[[Image.Image, float, float], None]
    """Onto an RGB canvas, its middle at x pixels, at so many seconds since it came."""


class Drawing(Protocol):
    """What a module of a drawn dataset offers."""

    @property
    def CLASS_NAMES(self) -> tuple[str, ...]: ...  # noqa: N802 - a module's constant

    @property
    def SUBJECT(self) -> str:  # noqa: N802 - a module's constant
        """What the classes are, in words that follow their number."""

    @property
    def THINGS(self) -> str:  # noqa: N802 - a module's constant
        """What the drawings stand for."""

    def draw_picture(self, index: int, seed: int) -> DrawnPicture:
        """Picture `index` of a seed: the same bytes on every call, the classes in turns."""

    def paint_stage(self, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
        """RGB canvas of (width, height): a scene with nothing in it."""

    def cast_actor(self, label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
        """A thing of a class, as large as suits a scene of (width, height)."""


def draw_folder(
    folder: Path, class_names: tuple[str, ...], draw_picture: Callable[[int, int], DrawnPicture], images: int, seed: int
) -> None:
    """Write `images` pictures into class folders below `folder`, drawn by every core.

    Picture i of a seed is the same however many are drawn; `draw_picture` is a module's function, so that other
    processes find it.
    """
    for name in class_names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    workers = max(1, min(os.cpu_count() or 1, images // 16))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(partial(_draw_into, folder, draw_picture, seed), range(images), chunksize=16):
            pass


def _draw_into(folder: Path, draw_picture: Callable[[int, int], DrawnPicture], seed: int, index: int) -> None:
    picture = draw_picture(index, seed)
    (folder / picture.label / picture.file_name).write_bytes(picture.jpeg)
