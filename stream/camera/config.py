"""cameras.yaml: which pictures each camera plays, how fast, and which classifiers answer."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.errors import ParamsError
from pipelines.params import ClassifierName, describe_validation_error
from stream.frames.config import CameraKeep, Keep, KeepPolicy

RELOAD_SECONDS: Final = 1.0
AS_THE_FILE: Final = CameraKeep()

CameraId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f](.*[^\s\x00-\x1f\x7f])?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraConfig(_Strict):
    """One camera."""

    source: str = Field(min_length=1)
    """A folder of pictures; relative to the folder of cameras.yaml."""
    rate: float = Field(default=5.0, gt=0, le=1000, allow_inf_nan=False)
    """Frames per second."""
    format: Literal["v1", "v2"] = "v2"
    loop: bool = True
    """Begin again after the last picture."""
    order: Literal["name", "shuffled"] = "name"
    """By path, or mixed; a camera mixes the same pictures the same way each time."""
    classifiers: tuple[ClassifierName, ...] = ()
    """Who answers; none named: every classifier with a production version."""
    enabled: bool = True
    keep: CameraKeep | None = None
    """Which of its frames stay, where that differs from the file's own `keep`."""


class CamerasConfig(_Strict):
    """The whole file."""

    cameras: dict[CameraId, CameraConfig] = {}
    keep: Keep = Keep()

    @field_validator("cameras", "keep", mode="before")
    @classmethod
    def _nothing_is_the_default(cls, value: Any) -> Any:
        # a section with every entry commented out
        return {} if value is None else value


def load_cameras(file: Path) -> CamerasConfig:
    """The file's cameras; a file that is not there has none. Raises ParamsError naming each wrong key."""
    try:
        document = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return CamerasConfig()
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        words = " ".join(str(error).split())
        raise ParamsError(f"Expected YAML in {file}. {words}. Correct the file and run again.") from error
    try:
        return CamerasConfig.model_validate({} if document is None else document)
    except ValidationError as error:
        raise ParamsError(
            f"{file.name}: {describe_validation_error(error)}. Correct the file and run again."
        ) from error


def set_camera(file: Path, camera_id: str, camera: dict[str, Any] | None) -> None:
    """Write one camera into the file, or take it out with None; comments stay.

    Nothing is written when the outcome would not be valid, or for an id to take out that is not there.
    """
    yaml = YAML(typ="rt")
    load_cameras(file)
    text = file.read_text(encoding="utf-8") if file.exists() else "cameras: {}\n"
    document = yaml.load(text) or {}
    if document.get("cameras") is None:
        document["cameras"] = {}
    if camera is not None:
        document["cameras"][camera_id] = camera
    elif document["cameras"].pop(camera_id, None) is None:
        known = ", ".join(document["cameras"]) or "none"
        raise ParamsError(f"Expected a camera of {file.name} ({known}), received {camera_id!r}.")
    try:
        CamerasConfig.model_validate(document)
    except ValidationError as error:
        raise ParamsError(f"Camera {camera_id!r}: {describe_validation_error(error)}. Nothing was written.") from error
    if document["cameras"]:
        document["cameras"].fa.set_block_style()
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    os.replace(partial, file)


class CamerasWatch:
    """cameras.yaml as it is now; read again when it changed, looked at once a second at most.

    A change that is wrong is said once and ignored: the cameras that run go on as before.
    """

    def __init__(self, file: Path, say: Callable[[str], object]) -> None:
        self._file = file
        self._say = say
        self._stamp = self._look()
        self._looked_at = time.monotonic()
        self._config = load_cameras(file)

    def current(self) -> CamerasConfig:
        now = time.monotonic()
        if now - self._looked_at >= RELOAD_SECONDS:
            self._looked_at = now
            if (stamp := self._look()) != self._stamp:
                self._stamp = stamp
                self._reload()
        return self._config

    def routes(self) -> dict[str, tuple[str, ...]]:
        """Camera id to the classifiers it names; a camera that names none is left out."""
        return {name: camera.classifiers for name, camera in self.current().cameras.items() if camera.classifiers}

    def keep_policy(self) -> KeepPolicy:
        """Which frames stay; every camera of the file is named, so that a key may be compared with them."""
        config = self.current()
        return KeepPolicy(config.keep, {name: camera.keep or AS_THE_FILE for name, camera in config.cameras.items()})

    def _reload(self) -> None:
        try:
            self._config = load_cameras(self._file)
        except ParamsError as error:
            self._say(f"the change of {self._file.name} is ignored: {error}")

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
