from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.datasets.catalogue import Box
from pipelines.errors import ModelError
from pipelines.faces.detection import WEIGHTS_FILE, Face, FaceDetector, largest_face
from pipelines.images import Image, decode_image, resize_image
from tests.realdata import find_real_pictures


class FakeNetwork:
    """Stands in for OpenCV's detector: finds a bright patch and notes the sizes that it was shown."""

    def __init__(self, confidence: float = 0.9) -> None:
        self.sizes: list[tuple[int, int]] = []
        self._confidence = confidence

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802  # OpenCV's name
        self.sizes.append(size)

    def detect(self, image: Image) -> tuple[int, NDArray[np.float32] | None]:
        rows, columns = np.nonzero(image.mean(axis=2) > 200)
        if not len(rows) or image.shape[1] == rows.max() + 1 - rows.min():  # like a face that fills the picture
            return 1, None
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        points = [left, top, right, top, (left + right) / 2, (top + bottom) / 2, left, bottom, right, bottom]
        return 1, np.array([[left, top, right - left, bottom - top, *points, self._confidence]], np.float32)


def make_detector(network: Any) -> FaceDetector:
    detector = FaceDetector(b"")
    detector._local.detector = network
    return detector


def draw_patch(size_hw: tuple[int, int], box: Box) -> Image:
    image = np.zeros((*size_hw, 3), np.uint8)
    image[box.top : box.bottom, box.left : box.right] = 255
    return image


def test_a_face_is_given_in_pixels_of_the_picture_however_large_it_is() -> None:
    network = FakeNetwork()

    (face,) = make_detector(network).detect(draw_patch((1280, 2560), Box(400, 200, 1000, 800)))

    assert network.sizes == [(640, 320)]
    assert (
        np.abs(np.subtract((face.box.left, face.box.top, face.box.right, face.box.bottom), (400, 200, 1000, 800))).max()
        <= 4
    )
    assert face.landmarks[2] == pytest.approx([700, 500], abs=4)
    assert face.confidence == pytest.approx(0.9)


def test_a_small_picture_is_searched_as_it_is() -> None:
    network = FakeNetwork()

    (face,) = make_detector(network).detect(draw_patch((60, 80), Box(10, 20, 30, 50)))

    assert network.sizes == [(80, 60)]
    assert face.box == Box(10, 20, 30, 50)


def test_a_picture_without_a_face_is_searched_once_more_with_a_margin() -> None:
    network = FakeNetwork()

    assert make_detector(network).detect(np.zeros((40, 40, 3), np.uint8)) == ()
    assert network.sizes == [(40, 40), (60, 60)]


def test_a_box_that_reaches_beyond_the_picture_ends_with_it() -> None:
    class Beyond(FakeNetwork):
        def detect(self, image: Image) -> tuple[int, NDArray[np.float32] | None]:
            rows = np.array([[-10, -5, 200, 200, *range(10), 1.2], [90, 90, 9, 9, *range(10), 0.8]], np.float32)
            return 1, rows

    (face,) = make_detector(Beyond()).detect(np.zeros((50, 60, 3), np.uint8))

    assert face.box == Box(0, 0, 60, 50)
    assert face.confidence == 1.0


def test_the_largest_face_is_chosen_and_none_of_none() -> None:
    small, large = (Face(Box(0, 0, side, side), np.zeros((5, 2), np.float32), 0.9) for side in (5, 9))

    assert largest_face((small, large)) is large
    assert largest_face(()) is None


def test_weights_that_are_not_there_are_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"{WEIGHTS_FILE}, received: No such file.*VIGIA_WEIGHTS_DIR"):
        FaceDetector.load(tmp_path)


def test_weights_that_are_no_network_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).write_bytes(b"no network")

    with pytest.raises(ModelError, match="received a file that OpenCV refuses") as refused:
        FaceDetector.load(tmp_path)

    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector.load(find_real_pictures("weights"))


def load_real_face(number: int = 0) -> Image:
    files = sorted(find_real_pictures("data/faces/lfw_people/train").glob("*/*.jpg"))
    return decode_image(files[number].read_bytes())


@pytest.mark.realdata
def test_a_real_face_has_its_eyes_above_its_nose_above_its_mouth(detector: FaceDetector) -> None:
    for number in range(0, 100, 10):
        face = largest_face(detector.detect(load_real_face(number)))

        assert face is not None
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert face.box.left < nose[0] < face.box.right
        assert face.box.top < nose[1] < face.box.bottom


@pytest.mark.realdata
def test_a_real_face_that_fills_the_picture_is_found(detector: FaceDetector) -> None:
    for number in range(0, 100, 10):
        image = load_real_face(number)
        (box, *_) = (face.box for face in detector.detect(image))

        face = largest_face(detector.detect(np.ascontiguousarray(image[box.top : box.bottom, box.left : box.right])))

        assert face is not None
        assert face.area > 0.5 * box.width * box.height


@pytest.mark.realdata
def test_the_same_face_in_a_large_picture_lies_at_the_same_place(detector: FaceDetector) -> None:
    image = load_real_face()
    plain = largest_face(detector.detect(image))

    large = largest_face(detector.detect(resize_image(image, (1500, 1500))))

    assert plain is not None
    assert large is not None
    assert large.landmarks == pytest.approx(plain.landmarks * 6, abs=25)


@pytest.mark.realdata
def test_threads_share_one_detector_and_see_what_one_thread_sees(detector: FaceDetector) -> None:
    images = [load_real_face(number) for number in range(0, 60, 10)]
    alone = [[face.box for face in detector.detect(image)] for image in images]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: [face.box for face in detector.detect(image)], images))

    assert together == alone
