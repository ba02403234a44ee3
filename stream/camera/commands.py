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
        {"camera_id": camera_id, **camera.model_dump(mode="json"), **_live(states.get(camera_id))}
        for camera_id, camera in config.cameras.items()
    ]
    if json:
        print_json(rows)
        return
    if not rows:
        say(f"{file} names no cameras. Add one with `vigia camera add ID FOLDER`.")
    for row in rows:
        print(f"{row['camera_id']:20} {row['state'] or 'never ran':10} {row['frames_sent']:>9} frames  {row['source']}")


@camera_app.command()
def add(
    camera_id: Annotated[str, typer.Argument(metavar="ID", help="The camera's id.")],
    source: Annotated[Path, typer.Argument(help="A folder of pictures.")],
    rate: Annotated[float, typer.Option(help="Frames per second.")] = 5.0,
    format: Annotated[str, typer.Option(help="v2: picture and headers; v1: JSON.")] = "v2",
    loop: Annotated[bool, typer.Option(help="Begin again after the last picture.")] = True,
    classifier: Annotated[
        list[str] | None, typer.Option(help="Who answers; may be given several times. None: every one.")
    ] = None,
    file: CamerasFileOption = Path("cameras.yaml"),
) -> None:
    """Write a camera into cameras.yaml, or change it."""
    from stream.camera.config import set_camera
    from stream.camera.sources import FolderSource

    pictures = FolderSource(source).names()
    camera: dict[str, Any] = {"source": _source_for(file, source), "rate": rate, "format": format, "loop": loop}
    if classifier:
        camera["classifiers"] = classifier
    set_camera(file, camera_id, camera)
    say(f"{camera_id}: {len(pictures)} pictures of {source}, {rate:g} frames per second")


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
    file: CamerasFileOption = Path("cameras.yaml"),
    json: JsonOption = False,
) -> None:
    """Read a camera's first picture, without sending it."""
    from pipelines.errors import CameraError
    from pipelines.images import decode_image
    from stream.camera.config import load_cameras
    from stream.camera.sources import FolderSource

    config = load_cameras(file)
    if camera_id not in config.cameras:
        known = ", ".join(config.cameras) or "none"
        raise CameraError(f"Expected a camera of {file} ({known}), received {camera_id!r}.")
    source = FolderSource(file.absolute().parent / config.cameras[camera_id].source)
    names = source.names()
    picture = source.read(names[0])
    height, width, _ = decode_image(picture.jpeg).shape
    say(f"{camera_id}: {len(names)} pictures, the first is {names[0]}, {width}x{height}, {len(picture.jpeg)} bytes")
    if json:
        first = {"image_name": names[0], "width": width, "height": height, "size_bytes": len(picture.jpeg)}
        print_json({"camera_id": camera_id, "ok": True, "pictures": len(names), "first": first})


def _live(row: dict[str, Any] | None) -> dict[str, Any]:
    names = ("state", "last_frame_at", "frames_sent", "frames_dropped", "last_error")
    live = {name: row[name] if row else None for name in names}
    live["frames_sent"], live["frames_dropped"] = live["frames_sent"] or 0, live["frames_dropped"] or 0
    return live


def _source_for(file: Path, source: Path) -> str:
    """Relative to the folder of cameras.yaml where it lies in it, so that the workspace can be moved."""
    folder, absolute = file.absolute().parent, source.absolute()
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
