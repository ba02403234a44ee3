"""Faces in a picture: YuNet through OpenCV, box, five landmarks and confidence of each.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20 (2023).
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.catalogue import Box
from pipelines.errors import ModelError
from pipelines.images import Image, resize_image

WEIGHTS_FILE: Final = "yunet_n_640_640.onnx"

LONGEST_SIDE: Final = 640
"""Pixels of the copy that is searched: what the network was trained on; larger copies found no further face."""
MIN_CONFIDENCE: Final = 0.7
"""The least sure of 383 real faces had 0.8; at 0.7 one cat or dog in seven is taken for a face, at 0.6 one in four."""
OVERLAP: Final = 0.3
"""Two boxes that share more of their area are one face."""
MARGIN: Final = 0.25
"""Share of the sides put around a picture in which no face was found: a face that fills the picture needs it."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face, in pixels of the picture."""

    box: Box
    landmarks: NDArray[np.float32]
    """(5, 2), each x and y: the eye on the left of the picture, the other eye, the tip of the nose, the corner of the
    mouth on the left of the picture, the other corner. May lie outside of the picture."""
    confidence: float
    """0 to 1."""

    @property
    def area(self) -> int:
        return self.box.width * self.box.height


class FaceDetector:
    """Finds faces; one detector may be used from several threads. The network is loaded at the first picture."""

    def __init__(self, weights: bytes) -> None:
        self._weights = weights
        self._local = threading.local()  # OpenCV's detector keeps the size of its input: one a thread

    @classmethod
    def load(cls, weights: Path) -> "FaceDetector":
        """From the file itself or the folder that holds it. Raises ModelError when it is not there or no network."""
        file = weights / WEIGHTS_FILE if weights.is_dir() else weights
        try:
            detector = cls(file.read_bytes())
        except OSError as error:
            raise ModelError(
                f"Expected the face detector at {file}, received: {error.strerror}. Put {WEIGHTS_FILE} into the "
                "folder that VIGIA_WEIGHTS_DIR names."
            ) from error
        detector.detect(np.zeros((32, 32, 3), np.uint8))
        return detector

    def detect(self, image: Image) -> tuple[Face, ...]:
        """Every face of an RGB picture, the largest first. Raises ModelError for weights that are no network."""
        faces = self._search(image)
        if not faces:
            faces = self._search_with_margin(image)
        return tuple(sorted(faces, key=lambda face: (-face.area, face.box.left, face.box.top)))

    def _search(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        size_hw = max(round(height * scale), 1), max(round(width * scale), 1)
        rows = self._run(resize_image(image, size_hw))
        ratio = np.array([width / size_hw[1], height / size_hw[0]], np.float32)
        faces = (_read_row(row, ratio, (height, width)) for row in rows)
        return [face for face in faces if face is not None]

    def _search_with_margin(self, image: Image) -> list[Face]:
        import cv2

        height, width = image.shape[:2]
        down, right = (max(round(side * MARGIN), 1) for side in (height, width))
        wider = cv2.copyMakeBorder(image, down, down, right, right, cv2.BORDER_REPLICATE)
        shift = np.array([right, down])
        moved = (_move(face, shift, (height, width)) for face in self._search(np.asarray(wider, np.uint8)))
        return [face for face in moved if face is not None]

    def _run(self, image: Image) -> NDArray[np.float32]:
        """(faces, 15): left, top, width, height, five points, confidence."""
        import cv2

        try:
            detector = self._build()
            detector.setInputSize((image.shape[1], image.shape[0]))
            _, rows = detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        except cv2.error as error:
            raise ModelError(
                f"Expected {WEIGHTS_FILE} as its authors publish it, received a file that OpenCV refuses: "
                f"{' '.join(str(error).split())[:200]}. Fetch it again."
            ) from error
        return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)

    def _build(self) -> Any:
        import cv2

        if not hasattr(self._local, "detector"):
            weights, nothing = np.frombuffer(self._weights, np.uint8), np.empty(0, np.uint8)
            self._local.detector = cv2.FaceDetectorYN.create(
                "onnx", weights, nothing, (LONGEST_SIDE, LONGEST_SIDE), MIN_CONFIDENCE, OVERLAP
            )
        return self._local.detector


def find_detector(weights_dir: Path | None) -> Path:
    """The detector's file. Raises ModelError where it is not there."""
    file = (weights_dir or Path()) / WEIGHTS_FILE
    if weights_dir is None or not file.is_file():
        raise ModelError(f"Expected {WEIGHTS_FILE} in the folder that VIGIA_WEIGHTS_DIR names. Put it there.")
    return file


def largest_face(faces: Iterable[Face]) -> Face | None:
    """The one that a picture is of, most likely; None without any."""
    return max(faces, key=lambda face: face.area, default=None)


def _read_row(row: NDArray[np.float32], ratio: NDArray[np.float32], size_hw: tuple[int, int]) -> Face | None:
    if not np.isfinite(row).all():
        return None
    corners = np.stack([row[:2], row[:2] + row[2:4]]) * ratio
    return _clip(corners, row[4:14].reshape(5, 2) * ratio, float(row[14]), size_hw)


def _move(face: Face, shift: NDArray[np.int_], size_hw: tuple[int, int]) -> Face | None:
    corners = np.array([[face.box.left, face.box.top], [face.box.right, face.box.bottom]]) - shift
    return _clip(corners, (face.landmarks - shift).astype(np.float32), face.confidence, size_hw)


def _clip(
    corners: NDArray[Any], landmarks: NDArray[np.float32], confidence: float, size_hw: tuple[int, int]
) -> Face | None:
    """None for a box that lies outside of the picture."""
    limits = np.array([size_hw[1], size_hw[0]])
    left, top, right, bottom = (int(each) for each in np.clip(np.rint(corners), 0, limits).ravel())
    if left >= right or top >= bottom:
        return None
    return Face(Box(left, top, right, bottom), landmarks, min(max(confidence, 0.0), 1.0))
