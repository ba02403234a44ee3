"""cameras.yaml: where each camera's pictures come from, how fast, and which classifiers answer."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.errors import CameraError, ParamsError
from pipelines.params import ClassifierName
from stream.camera.addresses import is_live, recognise_kind, redact
from stream.frames.config import CameraKeep, Keep, KeepPolicy
from stream.messages import Mode
from stream.watched_file import WatchedFile

AS_THE_FILE: Final = CameraKeep()

CameraId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f](.*[^\s\x00-\x1f\x7f])?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraConfig(_Strict):
    """One camera."""

    source: str = Field(min_length=1)
    """A folder, a video file (both relative to the folder of cameras.yaml), a webcam's number or device, or an address
    rtsp://, rtsps://, http://, https://. `${NAME}` stands for a variable of the environment. `push`: the camera sends
    its pictures to `POST /frames`."""
    rate: float = Field(default=5.0, gt=0, le=1000, allow_inf_nan=False)
    """Frames per second at most; a source may be slower."""
    resize: int | None = Field(default=None, ge=16, le=4096)
    """Longest side in pixels of what is sent; left out: as it comes."""
    mode: Mode | None = None
    """`realtime`: the newest frame wins, others are dropped and counted; `lossless`: the source waits for the broker.
    Left out: `realtime` for webcams, rtsp:// and http://, else `lossless`."""
    format: Literal["v1", "v2"] = "v2"
    loop: bool = True
    """A folder or video begins again after its end."""
    order: Literal["name", "shuffled"] = "name"
    """Of a folder: by path, or mixed; a camera mixes the same pictures the same way each time."""
    classifiers: tuple[ClassifierName, ...] = ()
    """Who answers; none named: every classifier with a production version."""
    enabled: bool = True
    keep: CameraKeep | None = None
    """Which of its frames stay, where that differs from the file's own `keep`."""

    @property
    def delivery_mode(self) -> Mode:
        """`mode`, or what suits the source. A picture that was pushed and taken is answered."""
        kind = recognise_kind(self.source)
        return self.mode or ("realtime" if is_live(kind) and kind != "push" else "lossless")

    @field_validator("source", mode="before")
    @classmethod
    def _number_of_a_webcam(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("source")
    @classmethod
    def _known_scheme(cls, value: str) -> str:
        try:
            recognise_kind(value)
        except CameraError as error:
            raise ValueError(str(error)) from None
        return value


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
    # a date of no calendar is a ValueError, as is text that is no UTF-8
    except (YAMLError, ValueError, OSError) as error:
        raise ParamsError(
            f"Expected YAML in {file}. {_describe_yaml_error(error)}. Correct the file and run again."
        ) from None
    try:
        return CamerasConfig.model_validate({} if document is None else document)
    except ValidationError as error:
        raise ParamsError(f"{file.name}: {_describe_findings(error)}. Correct the file and run again.") from None


def check_camera(camera_id: str, camera: dict[str, Any]) -> CameraConfig:
    """One camera as the file would hold it. Raises ParamsError naming each wrong key."""
    try:
        return CamerasConfig.model_validate({"cameras": {camera_id: camera}}).cameras[camera_id]
    except ValidationError as error:
        raise ParamsError(f"Camera {camera_id!r}: {_describe_findings(error)}. Nothing was written.") from None


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
        raise ParamsError(f"Camera {camera_id!r}: {_describe_findings(error)}. Nothing was written.") from None
    if document["cameras"]:
        document["cameras"].fa.set_block_style()
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    os.replace(partial, file)


def _describe_yaml_error(error: Exception) -> str:
    """Without the line that it is about, which may hold a password."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # of a key that is there twice the values are told too
        words = (error.problem or error.context or "It cannot be read").partition(" with value")[0]
        return f"{words}{place}"
    if isinstance(error, OSError):
        return str(error.strerror)
    return type(error).__name__ if isinstance(error, YAMLError) else redact(str(error))


def _describe_findings(error: ValidationError) -> str:
    """Every finding with its path in the file, on one line; a value that may hold a password is not repeated."""
    return "; ".join(
        f"{'.'.join(redact(str(part)) for part in item['loc']) or 'file'}: {_describe_finding(item)}"
        for item in error.errors()
    )


def _describe_finding(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    shown = "source" not in item["loc"] and isinstance(item["input"], str | int | float | None)
    return f"{item['msg']}, received {redact(str(item['input']))!r}" if shown else str(item["msg"])


class CamerasWatch(WatchedFile[CamerasConfig]):
    """cameras.yaml as it is now; a change that is wrong is ignored: the cameras that run go on as before.

    Raises ParamsError for a file that is wrong from the start.
    """

    def __init__(self, file: Path, say: Callable[[str], object]) -> None:
        super().__init__(file, load_cameras, say)
        self._modes_of: CamerasConfig | None = None
        self._modes: Mapping[str, Mode] = {}

    def routes(self) -> dict[str, tuple[str, ...]]:
        """Camera id to the classifiers it names; a camera that names none is left out."""
        return {name: camera.classifiers for name, camera in self.current().cameras.items() if camera.classifiers}

    def modes(self) -> Mapping[str, Mode]:
        """Camera id to its mode; asked for every frame."""
        config = self.current()
        if config is not self._modes_of:
            self._modes_of = config
            self._modes = {name: camera.delivery_mode for name, camera in config.cameras.items()}
        return self._modes

    def keep_policy(self) -> KeepPolicy:
        """Which frames stay; every camera of the file is named, so that a key may be compared with them."""
        config = self.current()
        return KeepPolicy(config.keep, {name: camera.keep or AS_THE_FILE for name, camera in config.cameras.items()})
