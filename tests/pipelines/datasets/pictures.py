"""Small pictures, folders and workspaces for the tests of datasets."""

import hashlib
import io
import json
import shutil
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


def hash_md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class FakeDvc:
    """Writes .dvc files and the cached listing like `dvc add` does, with its hashes, and can be told to fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.failure: Exception | None = None

    def __call__(self, workspace: Path, *arguments: str) -> None:
        self.calls.append(arguments)
        if arguments[0] == "checkout":
            self._check_out(workspace, arguments[-1])
            return
        if self.failure:
            (workspace / f"{arguments[1]}.dvc").write_text("half")
            raise self.failure
        folder = workspace / arguments[1]
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        names = {path.relative_to(folder).as_posix(): path for path in files}
        entries = [{"md5": hash_md5(names[name].read_bytes()), "relpath": name} for name in sorted(names)]
        listing = json.dumps(entries, sort_keys=True).encode()
        md5 = hash_md5(listing)
        cached = workspace / ".dvc" / "cache" / "files" / "md5" / md5[:2] / f"{md5[2:]}.dir"
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_bytes(listing)
        for entry in entries:
            self._keep(cached.parent.parent, entry["md5"], names[entry["relpath"]].read_bytes())
        pointer = f"outs:\n- md5: {md5}.dir\n  nfiles: {len(files)}\n  path: {folder.name}\n"
        (workspace / f"{arguments[1]}.dvc").write_text(pointer)

    @staticmethod
    def _keep(cache: Path, md5: str, content: bytes) -> None:
        """An object that is there already is left alone, as by DVC itself."""
        file = cache / md5[:2] / md5[2:]
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            file.write_bytes(content)

    @staticmethod
    def _check_out(workspace: Path, pointer: str) -> None:
        md5 = (workspace / pointer).read_text().split("md5: ")[1].split()[0]
        cache = workspace / ".dvc" / "cache" / "files" / "md5"
        folder = (workspace / pointer).with_suffix("")
        shutil.rmtree(folder, ignore_errors=True)
        for entry in json.loads((cache / md5[:2] / md5[2:]).read_bytes()):
            file = folder / entry["relpath"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes((cache / entry["md5"][:2] / entry["md5"][2:]).read_bytes())


@pytest.fixture
def fake_dvc(monkeypatch: pytest.MonkeyPatch) -> FakeDvc:
    """Stands in for the DVC process, which takes more than a second a call."""
    fake = FakeDvc()
    monkeypatch.setattr("pipelines.datasets.versions.run_dvc", fake)
    monkeypatch.setattr("pipelines.datasets.installing.run_dvc", fake)
    monkeypatch.setattr("pipelines.datasets.checkout.run_dvc", fake)
    return fake


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "workspace")
