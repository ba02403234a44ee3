from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.drawn_faces import CLASS_NAMES, draw_picture
from pipelines.images import decode_image
from tests.realdata import find_real_pictures

PICTURES = 60


def test_there_are_at_least_eight_people() -> None:
    assert len(CLASS_NAMES) >= 8


@pytest.mark.realdata
def test_a_face_detector_accepts_nine_of_ten_drawn_faces() -> None:
    weights = find_real_pictures("weights") / "yunet_n_640_640.onnx"

    accepted = sum(_count_faces(weights, draw_picture(index, 7).jpeg) == 1 for index in range(PICTURES))

    assert accepted / PICTURES >= 0.9


def _count_faces(weights: Path, jpeg: bytes) -> int:
    import cv2

    picture = np.ascontiguousarray(decode_image(jpeg)[:, :, ::-1])
    height, width = picture.shape[:2]
    detector = cv2.FaceDetectorYN.create(str(weights), "", (width, height), score_threshold=0.7)
    _, faces = detector.detect(picture)
    return 0 if faces is None else len(faces)
