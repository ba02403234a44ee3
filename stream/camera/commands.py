"""`vigia camera`: the cameras of cameras.yaml."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

CamerasFileOption = Annotated[Path, typer.Option("--file", metavar="FILE", help="The cameras.yaml to use.")]

camera_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The cameras of cameras.yaml.")


@camera_app.command("list")
def list_cameras(file: CamerasFileOption = Path("cameras.yaml"), json: JsonOption = False) -> None:
    """Every camera with its source and what it last did."""
    from pipelines.settings import load_settings
    from stream.camera.config import load_cameras
    from stream.store import PredictionStore

    config = load_cameras(file)
    states = {row["camera_id"]: row for row in PredictionStore(load_settings().resolve_database_url()).read_cameras()}
    rows = [
        {"camera_id": camera_id, **_shown(camera), **_live(states.get(camera_id))}
        for camera_id, camera in config.cameras.items()
    ]
    if json:
        print_json(rows)
        return
    if not rows:
        say(f"{file} names no cameras. Add one with `vigia camera add ID SOURCE`.")
    for row in rows:
        print(
            f"{row['camera_id']:20} {row['state'] or 'never ran':10} {row['view'] or '':8} "
            f"{row['frames_sent']:>9} frames  {row['source']}"
        )
        if row["last_error"]:
            print(f"{'':20} {row['last_error']}")


def _shown(camera: Any) -> dict[str, Any]:
    from stream.camera.addresses import redact

    return {**camera.model_dump(mode="json"), "source": redact(camera.source)}


@camera_app.command()
def add(
    camera_id: Annotated[str, typer.Argument(metavar="ID", help="The camera's id.")],
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, a video file, a webcam's number or device, or an address rtsp://, http://, https://. "
            "Write ${NAME} for a secret of the environment. push: the camera sends its pictures to POST /frames."
        ),
    ],
    rate: Annotated[float, typer.Option(help="Frames per second, at most.")] = 5.0,
    resize: Annotated[int | None, typer.Option(help="Longest side in pixels of what is sent. None: as it is.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="realtime or lossless. None: lossless for folders and video files.")
    ] = None,
    format: Annotated[str, typer.Option(help="v2: picture and headers; v1: JSON.")] = "v2",
    loop: Annotated[bool, typer.Option(help="Begin a folder or video again after its end.")] = True,
    classifier: Annotated[
        list[str] | None, typer.Option(help="Who answers; may be given several times. None: every one.")
    ] = None,
    check: Annotated[bool, typer.Option(help="Look whether the source can be read.")] = True,
    file: CamerasFileOption = Path("cameras.yaml"),
) -> None:
    """Write a camera into cameras.yaml, or change it."""
    from stream.camera.addresses import PUSH, redact
    from stream.camera.config import check_camera, set_camera

    written = _source_for(file, source)
    options = {"resize": resize, "mode": mode, "classifiers": classifier}
    camera: dict[str, Any] = {"source": written, "rate": rate, "format": format, "loop": loop}
    camera |= {name: value for name, value in options.items() if value}
    config = check_camera(camera_id, camera)
    if check and written != PUSH:  # such a camera comes by itself
        from stream.camera.looking import look_through

        look = look_through(camera_id, config, file.absolute().parent, seconds=0)
        pictures = f"{look.pictures} pictures, " if look.pictures is not None else ""
        say(f"{camera_id}: {pictures}{look.width}x{look.height}, {look.codec}")
    set_camera(file, camera_id, camera)
    does = "may push" if written == PUSH else f"plays {redact(written)},"
    say(f"{camera_id} {does} at most {rate:g} frames per second")


@camera_app.command()
def remove(
    camera_id: Annotated[str, typer.Argument(metavar="ID", help="The camera's id.")],
    file: CamerasFileOption = Path("cameras.yaml"),
) -> None:
    """Take a camera out of cameras.yaml; its predictions stay."""
    from stream.camera.config import set_camera

    set_camera(file, camera_id, None)
    say(f"{camera_id} removed from {file}")


@camera_app.command("test")
def try_camera(
    camera_id: Annotated[str, typer.Argument(metavar="ID", help="The camera's id.")],
    seconds: Annotated[float, typer.Option(min=0, help="How long to watch a live camera.")] = 3.0,
    picture: Annotated[
        Path | None, typer.Option(help="Where to save what it sees. None: below the state folder.")
    ] = None,
    file: CamerasFileOption = Path("cameras.yaml"),
    json: JsonOption = False,
) -> None:
    """Show what a camera sees, without sending it: a saved picture, its size, codec, rate and view."""
    from pipelines.errors import CameraError
    from pipelines.settings import load_settings
    from stream.camera.config import load_cameras
    from stream.camera.looking import look_through, save_picture

    config = load_cameras(file)
    if camera_id not in config.cameras:
        known = ", ".join(config.cameras) or "none"
        raise CameraError(f"Expected a camera of {file} ({known}), received {camera_id!r}.")
    look = look_through(camera_id, config.cameras[camera_id], file.absolute().parent, seconds)
    saved = save_picture(look.jpeg, picture or load_settings().state / "cameras", camera_id)
    rate = f", {look.fps:.1f} frames per second" if look.fps else ""
    say(f"{camera_id}: {look.kind} {look.shown}, {look.width}x{look.height}, {look.codec}{rate}, view {look.view}")
    say(f"what it sees is in {saved}")
    if json:
        print_json(_describe_look(camera_id, look, saved))


def _describe_look(camera_id: str, look: Any, saved: Path) -> dict[str, Any]:
    names = ("kind", "width", "height", "codec", "fps", "view", "pictures")
    first = {
        "image_name": look.image_name,
        "width": look.width,
        "height": look.height,
        "size_bytes": len(look.jpeg),
    }
    described = {name: getattr(look, name) for name in names}
    return {
        "camera_id": camera_id,
        "ok": True,
        "source": look.shown,
        **described,
        "picture": str(saved),
        "first": first,
    }


def _live(row: dict[str, Any] | None) -> dict[str, Any]:
    """What the store knows of a camera; a camera that never ran has counters of 0 and nothing else."""
    names = ("state", "last_frame_at", "frames_sent", "frames_dropped", "last_error")
    seen = ("kind", "width", "height", "codec", "fps", "view")
    live = {name: row[name] if row else None for name in (*names, *seen)}
    live["frames_sent"], live["frames_dropped"] = live["frames_sent"] or 0, live["frames_dropped"] or 0
    return live


def _source_for(file: Path, source: str) -> str:
    """A path relative to the folder of cameras.yaml where it lies in it, so that the workspace can be moved."""
    from stream.camera.addresses import recognise_kind

    if "${" in source or recognise_kind(source) not in ("folder", "video"):
        return source
    folder, absolute = file.absolute().parent, Path(source).absolute()
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)


@camera_app.command()
def report(
    cameras: Annotated[list[str], typer.Argument(metavar="ID...", help="One or more cameras.")],
    classifier: Annotated[str, typer.Option(help="Whose predictions.")],
    since: Annotated[
        datetime, typer.Option(help="A time with its zone.", formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"])
    ],
    json: JsonOption = False,
) -> None:
    """What became of cameras' frames: predictions, dead letters, latency; accuracy for pictures in class folders."""
    from dataclasses import asdict

    from pipelines.settings import load_settings
    from stream.camera.reports import report_cameras
    from stream.store import PredictionStore

    store = PredictionStore(load_settings().resolve_database_url())
    found = report_cameras(store.engine, cameras, classifier, since)
    if json:
        print_json(asdict(found))
        return
    accuracy = "unknown" if found.accuracy is None else f"{found.accuracy:.3f} of {found.labelled}"
    say(f"{found.predictions} predictions, {found.dead_letters} dead letters, accuracy {accuracy}, {found.latency_ms}")
