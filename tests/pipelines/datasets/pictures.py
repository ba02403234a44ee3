"""Small pictures, folders and workspaces for the tests of datasets."""

import hashlib
import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PARAMS = """# comments stay
datasets: []

classifiers:
  cars:
    sample: {images: 30, seed: 7}
  simpsons: {}
"""


def encode_picture(seed: int, *, size: tuple[int, int] = (40, 30), form: str = "JPEG") -> bytes:
    """Noise of a seed: a different picture for each."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def make_class_folders(folder: Path, **counts: int) -> Path:
    """`make_class_folders(path, cat=3, dog=4)`: that many different pictures in each class."""
    for place, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{name}{number}.jpg").write_bytes(encode_picture(1000 * place + number))
    return folder


def make_workspace(folder: Path) -> Path:
    """A git repository with params.yaml and an empty .dvc folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".dvc").mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    for key, value in (("user.name", "A tester"), ("user.email", "tester@example.org")):
        subprocess.run(["git", "-C", str(folder), "config", key, value], check=True)
    return folder


class FakeDvc:
    """Writes .dvc files like `dvc add` does, by a hash of names and bytes, and can be told to fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.failure: Exception | None = None

    def __call__(self, workspace: Path, *arguments: str) -> None:
        self.calls.append(arguments)
        if self.failure:
            (workspace / f"{arguments[1]}.dvc").write_text("half")
            raise self.failure
        folder = workspace / arguments[1]
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        content = b"".join(str(path.relative_to(folder)).encode() + path.read_bytes() for path in files)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        pointer = f"outs:\n- md5: {md5}.dir\n  nfiles: {len(files)}\n  path: {folder.name}\n"
        (workspace / f"{arguments[1]}.dvc").write_text(pointer)


@pytest.fixture
def fake_dvc(monkeypatch: pytest.MonkeyPatch) -> FakeDvc:
    """Stands in for the DVC process, which takes more than a second a call."""
    fake = FakeDvc()
    monkeypatch.setattr("pipelines.datasets.versions.run_dvc", fake)
    return fake


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "workspace")
