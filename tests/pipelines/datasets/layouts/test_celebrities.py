from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.catalogue import Box
from pipelines.datasets.layouts.celebrities import find_faces
from pipelines.datasets.layouts.listing import SourcePicture
from pipelines.datasets.layouts.recognition import read_source
from pipelines.datasets.manifest import Rejected
from pipelines.faces.detection import Face
from pipelines.images import Image
from tests.pipelines.datasets.layouts.sources import put
from tests.pipelines.datasets.pictures import encode_picture
from tests.realdata import find_real_pictures

Detect = Callable[[Image], tuple[Face, ...]]


def fake_detector(faces: Mapping[int, tuple[Face, ...]]) -> Detect:
    """Knows the faces of a picture by its width."""
    return lambda image: faces.get(image.shape[1], ())


def make_face(*corners: int) -> Face:
    return Face(Box(*corners), np.zeros((5, 2), np.float32), 0.9)


def test_the_largest_face_becomes_the_box_and_a_picture_without_one_is_rejected(tmp_path: Path) -> None:
    put(tmp_path, "two.jpg", content=encode_picture(1, size=(40, 30)))
    put(tmp_path, "none.jpg", content=encode_picture(2, size=(50, 30)))
    pictures = [SourcePicture("ada", tmp_path / name, name) for name in ("two.jpg", "none.jpg")]
    detector = fake_detector({40: (make_face(0, 0, 5, 5), make_face(10, 10, 20, 20))})

    found, rejected = find_faces(pictures, detector)

    assert [(each.name, each.box) for each in found] == [("two.jpg", Box(10, 10, 20, 20))]
    assert rejected == (Rejected("none.jpg", "No face found."),)


@pytest.mark.parametrize("name", ["broken.jpg", "gone.jpg"])
def test_a_picture_that_cannot_be_read_is_left_to_the_import_to_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, "broken.jpg", content=b"no picture")

    found, rejected = find_faces([SourcePicture("ada", tmp_path / name, name)], fake_detector({}))

    assert [each.name for each in found] == [name]
    assert rejected == ()


@pytest.mark.parametrize("weights", [None, "empty"])
def test_without_weights_whole_pictures_are_offered_and_the_evidence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str | None
) -> None:
    put(tmp_path / "people", "ada/1.jpg", "alan/2.jpg")
    monkeypatch.delenv("VIGIA_WEIGHTS_DIR", raising=False)
    if weights:
        monkeypatch.setenv("VIGIA_WEIGHTS_DIR", str(tmp_path / weights))

    listing = read_source(tmp_path / "people", "celebrities")

    assert listing.evidence.startswith("2 person folders; whole pictures: yunet_n_640_640.onnx")
    assert [each.box for each in listing.pictures] == [None, None]


@pytest.mark.realdata
def test_every_real_photograph_of_a_person_has_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_WEIGHTS_DIR", str(find_real_pictures("weights")))

    listing = read_source(find_real_pictures("data/faces/five_celebs/train"), classifier="celebrities")

    assert listing.layout == "celebrities"
    assert (len(listing.pictures), len(listing.rejected)) == (93, 0)
    assert all(each.box and each.box.width > 20 for each in listing.pictures)
