import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.datasets.catalogue import Box
from pipelines.datasets.inventory import LAST, RawPicture
from pipelines.datasets.perceptual_hash import LOOK_BYTES
from pipelines.datasets.spool import Spool, spool_pictures
from pipelines.images import decode_image
from pipelines.stage_params import PrepareParams
from tests.pipelines.datasets.pictures import encode_picture
from tests.pipelines.datasets.scenes import encode_scene


class Spooler:
    """Spools files of a folder into two others."""

    def __init__(self, folder: Path, encoded: BinaryIO, looks: BinaryIO) -> None:
        self.folder = folder
        self.outcome = encoded, looks

    def put(self, name: str, content: bytes, *, box: Box | None = None) -> RawPicture:
        (self.folder / name).write_bytes(content)
        return RawPicture(name, "cat", hashlib.sha256(content).hexdigest(), LAST, name, None, box)

    def spool(self, *pictures: RawPicture, **params: object) -> Spool:
        return spool_pictures(self.folder, pictures, PrepareParams.model_validate(params), *self.outcome)


@pytest.fixture
def spooler(tmp_path: Path) -> Iterator[Spooler]:
    with tempfile.TemporaryFile() as encoded, tempfile.TemporaryFile() as looks:
        yield Spooler(tmp_path, encoded, looks)


def test_each_picture_is_read_back_and_has_its_look(spooler: Spooler) -> None:
    contents = [encode_picture(seed) for seed in range(20)]

    spool = spooler.spool(*(spooler.put(f"{n}.jpg", content) for n, content in enumerate(contents)))

    assert [spool.read(each) for each in spool.pictures] == contents
    assert [each.sha256 for each in spool.pictures] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert spool.looks.shape == (20, LOOK_BYTES)
    assert len({look.tobytes() for look in spool.looks}) == 20
    assert [each.measures.size_bytes for each in spool.pictures] == [len(content) for content in contents]


def test_what_cannot_be_decoded_is_rejected_with_its_reason(spooler: Spooler) -> None:
    good, broken = spooler.put("good.jpg", encode_picture(1)), spooler.put("broken.jpg", b"words")
    gone = RawPicture("gone.jpg", "cat", "", LAST, "gone.jpg", None, None)

    spool = spooler.spool(broken, good, gone)

    assert [each.raw.name for each in spool.pictures] == ["good.jpg"]
    assert [each.file for each in spool.rejected] == ["broken.jpg", "gone.jpg"]
    assert spool.looks.shape == (1, LOOK_BYTES)


def test_a_folder_of_broken_files_leaves_an_empty_spool(spooler: Spooler) -> None:
    spool = spooler.spool(spooler.put("broken.jpg", b"words"))

    assert (spool.pictures, spool.looks.shape) == ((), (0, LOOK_BYTES))


def test_a_box_is_cut_out_and_its_size_is_told(spooler: Spooler) -> None:
    boxed = spooler.put("boxed.jpg", encode_scene(2), box=Box(20, 10, 70, 60))

    spool = spooler.spool(boxed, box_margin=0.1)

    (picture,) = spool.pictures
    assert (picture.width, picture.height) == (60, 60)
    expected = decode_image(encode_scene(2))[5:65, 15:75]
    assert np.abs(decode_image(spool.read(picture)).astype(int) - expected).mean() < 5


def test_a_picture_whose_box_lies_beside_it_is_rejected(spooler: Spooler) -> None:
    spool = spooler.spool(spooler.put("boxed.png", encode_picture(2), box=Box(500, 10, 520, 60)))

    assert "Expected a box within 40x30" in spool.rejected[0].reason


def test_a_box_of_other_bytes_is_not_used(spooler: Spooler) -> None:
    stale = spooler.put("a.png", encode_picture(2), box=Box(5, 5, 15, 15))
    (spooler.folder / "a.png").write_bytes(encode_picture(3))

    (picture,) = spooler.spool(stale).pictures

    assert (picture.width, picture.height) == (40, 30)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_original_bytes_stay_when_the_params_ask_for_them(spooler: Spooler, form: str) -> None:
    content = encode_picture(3, size=(400, 90), form=form)
    large = spooler.put("large", content)

    scaled = spooler.spool(large, max_side=64)
    original = spooler.spool(large, max_side=64, encoding="original")

    assert original.read(original.pictures[0]) == content
    assert decode_image(scaled.read(scaled.pictures[0])).shape == (14, 64, 3)


def test_an_original_beyond_a_frames_limits_is_scaled_down_all_the_same(spooler: Spooler) -> None:
    stream = io.BytesIO()
    PillowImage.fromarray(np.zeros((1300, 1100, 3), np.uint8)).save(stream, "PNG", compress_level=0)
    large = spooler.put("large.png", stream.getvalue())

    spool = spooler.spool(large, encoding="original")

    assert decode_image(spool.read(spool.pictures[0])).shape == (320, 271, 3)
