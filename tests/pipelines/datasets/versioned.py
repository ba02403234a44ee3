"""A dataset with a history, for tests of versions: made with the stand-in for DVC, which takes no time."""

import shutil
from pathlib import Path

from pipelines.datasets.importing import import_dataset
from pipelines.datasets.objects import find_cache, object_path
from pipelines.datasets.versions import read_dataset_version
from pipelines.settings import Settings
from tests.pipelines.datasets.pictures import encode_picture, hash_md5, make_class_folders


class VersionedPets:
    """Cats and dogs in a workspace, and the folder that they were imported from."""

    def __init__(self, workspace: Path, source: Path) -> None:
        self.workspace = workspace
        self.source = make_class_folders(source, cat=6, dog=6)
        self.raw = workspace / "data" / "raw" / "pets"
        self.settings = Settings(home=workspace / ".vigia")

    @property
    def md5(self) -> str:
        return read_dataset_version(self.workspace, "pets").md5

    def commit(self) -> str | None:
        """Import what lies in the source, exactly that; the commit."""
        return import_dataset(self.workspace, self.source, "pets", replace=True, commit=True).git_commit

    def add(self, file: str, seed: int) -> None:
        (self.source / file).write_bytes(encode_picture(seed))

    def move(self, file: str, to: str) -> None:
        (self.source / file).rename(self.source / to)

    def remove(self, file: str) -> None:
        (self.source / file).unlink()

    def object_of(self, file: str) -> Path:
        """Where the cache holds a picture of the version in force."""
        return object_path(find_cache(self.workspace), hash_md5((self.raw / file).read_bytes()))

    def damage(self, file: str) -> Path:
        """Other bytes in the cache, write-protected as before; the object."""
        path = self.object_of(file)
        path.chmod(0o644)
        path.write_bytes(b"damaged")
        path.chmod(0o444)
        return path

    def forget_folder(self) -> None:
        shutil.rmtree(self.raw)

    def forget_cache(self) -> None:
        shutil.rmtree(self.workspace / ".dvc" / "cache")
