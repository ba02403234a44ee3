"""Pictures on their way in: read, imported and prepared, by ours and by what a short program would do."""

import hashlib
import io
import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import Image as PillowImage

from pipelines.bench.pictures import draw_pictures
from pipelines.bench.works import Work

CLASSIFIER: Final = "bench"
CLASSES: Final = 4
PARAMS: Final = f"datasets: []\n\nclassifiers:\n  {CLASSIFIER}: {{}}\n"
PAIRS: Final = tuple((f"{name} ours", f"{name} plain") for name in ("read", "import", "prepare"))
QUALITY: Final = 92
MOST_SIDE: Final = 320
"""What `prepare` does with the pictures by default; the plain way does the same."""


def draw_folder(home: Path, count: int) -> Path:
    """Class folders of `count` drawn camera pictures of 640x480; kept below the home for the next time."""
    folder = home / "drawn" / str(count)
    if not folder.is_dir():
        partial_ = folder.with_suffix(".partial")
        shutil.rmtree(partial_, ignore_errors=True)
        for number, encoded in enumerate(draw_pictures(count=count)):
            file = partial_ / f"class-{number % CLASSES}" / f"{number:06d}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded)
        partial_.rename(folder)
    return folder


def build_data_works(source: Path) -> list[Work]:
    """Read: checked, hashed and copied. Import: that, and under DVC. Prepare: decoded, scaled, in TFRecord shards."""
    import_plainly = Work("import plain", partial(_import_plainly, source), _list_imported, _start_workspace)
    return [
        Work("read ours", partial(_read_ours, source), lambda _folder, said: said),
        Work("read plain", partial(_copy_plainly, source), lambda _folder, said: said),
        Work("import ours", partial(_import_ours, source), _list_imported, _start_workspace),
        import_plainly,
        Work("prepare ours", _prepare_ours, _list_prepared, partial(_lay_raw, source)),
        Work("prepare plain", _prepare_plainly, lambda _folder, said: said, partial(_lay_raw, source)),
    ]


def _read_ours(source: Path, folder: Path) -> list[str]:
    from pipelines.datasets.collecting import collect_pictures
    from pipelines.datasets.layouts.recognition import read_source

    listing = read_source(source, classifier=CLASSIFIER)
    return [each.sha256 for each in collect_pictures(listing.pictures, (), folder, lambda _line: None).pictures]


def _copy_plainly(source: Path, folder: Path) -> list[str]:
    """Each picture opened by Pillow, which is how most programs find out that one is broken."""
    hashes = []
    for file in sorted(source.rglob("*.jpg")):
        with PillowImage.open(file) as picture:
            picture.load()
        hashes.append(hashlib.sha256(file.read_bytes()).hexdigest())
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return hashes


def _start_workspace(folder: Path) -> None:
    """A git repository with params.yaml, ready for DVC; what git asks of people is told it."""
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    (folder / "params.yaml").write_text(PARAMS)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)


def _import_ours(source: Path, folder: Path) -> None:
    from pipelines.datasets.importing import import_dataset

    import_dataset(folder, source, CLASSIFIER)


def _import_plainly(source: Path, folder: Path) -> None:
    from pipelines.datasets.dvc import run_dvc

    _copy_plainly(source, _raw(folder))
    run_dvc(folder, "add", str(_raw(folder).relative_to(folder)))


def _list_imported(folder: Path, _said: Any) -> Iterable[str]:
    """Of those that DVC knows of: without its record nothing counts."""
    if not _raw(folder).with_suffix(".dvc").is_file():
        return []
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in _raw(folder).rglob("*.jpg")]


def _lay_raw(source: Path, folder: Path) -> None:
    (folder / "params.yaml").write_text(PARAMS)
    for file in source.rglob("*.jpg"):
        target = _raw(folder) / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)


def _prepare_ours(folder: Path) -> None:
    from pipelines.stages.prepare import prepare

    prepare(folder, CLASSIFIER)


def _list_prepared(folder: Path, _said: Any) -> Iterable[str]:
    from pipelines.datasets.shards import read_split
    from pipelines.datasets.splits import SPLITS

    prepared = folder / "data" / "prepared" / CLASSIFIER
    return [picture.sha256 for split in SPLITS for picture in read_split(prepared, split)]


def _prepare_plainly(folder: Path) -> list[str]:
    """Decoded, scaled and encoded by Pillow, written by TensorFlow; no audit, no manifest, one file a split."""
    import tensorflow as tf

    from pipelines.datasets.splits import SPLITS

    hashes = []
    writers = [tf.io.TFRecordWriter(str(folder / f"{split}.tfrecord")) for split in SPLITS]
    for file in sorted(_raw(folder).rglob("*.jpg")):
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        features = {
            "image": _bytes_feature(tf, scale_plainly(content)),
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(file.parent.name[-1])])),
            "sha256": _bytes_feature(tf, sha256.encode()),
            "file": _bytes_feature(tf, str(file.relative_to(_raw(folder))).encode()),
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        writers[int(sha256[:8], 16) % len(writers)].write(example.SerializeToString())
        hashes.append(sha256)
    for writer in writers:
        writer.close()
    return hashes


def scale_plainly(content: bytes) -> bytes:
    """The way of most programs from a JPEG to a smaller one."""
    with PillowImage.open(io.BytesIO(content)) as picture:
        scale = min(1.0, MOST_SIDE / max(picture.size))
        size = (round(picture.width * scale), round(picture.height * scale))
        scaled = picture.convert("RGB").resize(size, PillowImage.Resampling.BILINEAR)
    stream = io.BytesIO()
    scaled.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _bytes_feature(tf: Any, value: bytes) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _raw(folder: Path) -> Path:
    return folder / "data" / "raw" / CLASSIFIER
