"""What a frozen trunk makes of every picture and of changed copies of it: computed once, kept in mapped files.

Kept as 16 bit: 62 KB a view of 288 pixels at the cut of MobileNetV2. The key holds everything that they follow from, so
another head, learning rate or number of epochs finds them there.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.shards import PreparedPicture, read_split
from pipelines.datasets.splits import Split
from pipelines.datasets.staging import check_free_space
from pipelines.features import FeatureExtractor
from pipelines.images import Image
from pipelines.openvino_core import open_core
from pipelines.preprocessing import WholePicture
from pipelines.scaled_images import decode_for_all
from pipelines.training.augmentation import augment_image
from pipelines.training.caches import cache_entry, is_done, mark_done
from pipelines.training.digests import digest_arrays, digest_document, digest_split
from pipelines.training.params import TrainPlan
from pipelines.training.pictures import map_ahead, read_labels

if TYPE_CHECKING:
    import keras

_FILE: Final = "activations.npy"


@dataclass(frozen=True)
class Activations:
    """One split as a trunk sees it."""

    values: NDArray[np.float16]
    """(pictures, views, ...), the first view plain; mapped from a file."""
    labels: NDArray[np.int64]
    key: str
    """Digest of what they follow from."""

    def draw(self, indices: NDArray[np.int64], epoch: int) -> NDArray[np.float32]:
        """One view of each picture: each epoch another, so that all are seen equally often."""
        views = (indices + epoch) % self.values.shape[1]
        return np.asarray(self.values[indices, views], np.float32)

    @cached_property
    def plain(self) -> NDArray[np.float32]:
        """The unchanged view of every picture."""
        return self.values[:, 0].astype(np.float32)


def load_activations(
    trunk: "keras.Model", prepared: Path, split: Split, plan: TrainPlan, cache: Path, told: Callable[[str], None]
) -> Activations:
    """From the cache, or computed into it; training pictures in `plan.views` views, others in one.

    Raises WorkspaceError when the disk has no room for them.
    """
    labels = read_labels(prepared, split)
    views = plan.views if split == "train" else 1
    shape = (len(labels), views, *trunk.output_shape[1:])
    key = _digest(trunk, prepared, split, plan, views)
    with cache_entry(cache, key) as folder:
        if not is_done(folder):
            told(f"{split}: {len(labels)} pictures in {views} views through the frozen trunk")
            _compute(trunk, read_split(prepared, split), plan, _create(folder / _FILE, shape))
        mark_done(folder)
        return Activations(np.load(folder / _FILE, mmap_mode="r"), labels, key)


def _digest(trunk: "keras.Model", prepared: Path, split: Split, plan: TrainPlan, views: int) -> str:
    changes = {"augment": plan.augment.model_dump(), "seed": plan.seed} if views > 1 else {}
    return digest_document(
        {
            "pictures": digest_split(prepared, split),
            "trunk": digest_arrays(trunk.get_weights()),
            "shape": trunk.output_shape[1:],
            "image_size": plan.image_size,
            "views": views,
            **changes,
            # left out where it is full: what was kept before there was a choice stays good
            **({"decoding": plan.decoding} if plan.decoding != "full" else {}),
        }
    )


def _create(file: Path, shape: tuple[int, ...]) -> NDArray[np.float16]:
    check_free_space(file.parent, 2 * int(np.prod(shape)))
    values = np.lib.format.open_memmap(file, "w+", np.float16, shape)
    with file.open("rb+") as stream:  # a mapped file that meets a full disk later kills the process
        os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
    return values


def _compute(
    trunk: "keras.Model", pictures: Iterator[PreparedPicture], plan: TrainPlan, out: NDArray[np.float16]
) -> None:
    side, views = plan.image_size, out.shape[1]
    plain = WholePicture((side, side), plan.decoding)

    def make_views(picture: PreparedPicture) -> list[Image]:
        # changed views are warped from all pixels
        sides = {plain.decode_side, None} if views > 1 else {plain.decode_side}
        images = decode_for_all(picture.encoded, sides)
        place = int(picture.sha256[:16], 16)
        changed = [
            augment_image(images[None], plan.augment, side, np.random.default_rng((plan.seed, place, view)))
            for view in range(1, views)
        ]
        return [plain(images[plain.decode_side]), *changed]

    extractor = compile_trunk(trunk, side)
    every = (view for made in map_ahead(make_views, pictures) for view in made)
    extractor.write_features(every, out.reshape(-1, *out.shape[2:]))


def compile_trunk(trunk: "keras.Model", side: int) -> FeatureExtractor:
    """The trunk in OpenVINO, which needs half of Keras's processor time."""
    import openvino as ov
    from openvino.preprocess import PrePostProcessor

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trunk.xml"
        trunk.export(str(file), format="openvino", verbose=False)
        steps: Any = PrePostProcessor(open_core().read_model(file))
        steps.input().tensor().set_element_type(ov.Type.u8)
        steps.input().preprocess().convert_element_type(ov.Type.f32)
        return FeatureExtractor(steps.build(), side)
