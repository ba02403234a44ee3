"""A face turned upright and scaled so that its eyes, nose and mouth lie where the embedding expects them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image

ALIGNED_SIDE: Final = 112
TEMPLATE: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Pixels (x, y) of the eye on the left of the picture, the other eye, the nose and the corners of the mouth in an
aligned face of 112x112 (Deng et al. 2019, ArcFace, arXiv:1801.07698)."""


def align_face(image: Image, landmarks: NDArray[np.floating]) -> Image:
    """RGB uint8 (112, 112, 3); `landmarks` are five (x, y) in pixels of `image`, in the template's order."""
    import cv2

    transform = fit_similarity(landmarks, TEMPLATE)
    aligned = cv2.warpAffine(image, transform, (ALIGNED_SIDE, ALIGNED_SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(aligned, np.uint8)


def fit_similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """(2, 3): the turn, scale and shift of least squares from points to points, both (points, 2).

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, wanted = source - source_mean, target - target_mean
    left, strengths, right = np.linalg.svd(wanted.T @ centred / len(source))
    mirror = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])  # a turn, never a reflection
    rotation = left @ np.diag(mirror) @ right
    scale = (strengths * mirror).sum() / ((centred**2).sum() / len(source))
    shift = target_mean - scale * rotation @ source_mean
    return np.hstack([scale * rotation, shift[:, None]])
