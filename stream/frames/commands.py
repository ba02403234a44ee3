"""`vigia kept`: the frames that are kept, where they lie, and how they go."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from stream.frames.kept_frames import KeptFrame
    from stream.frames.opened import OpenedFrames

kept_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Frames whose pictures are kept.")

FileOption = Annotated[Path, typer.Option("--file", metavar="FILE", help="The cameras.yaml with the `keep` sections.")]
CamerasFile = Path("cameras.yaml")


@kept_app.command()
def status(file: FileOption = CamerasFile, json: JsonOption = False) -> None:
    """How much is kept, of which cameras and why, and the limits."""
    opened = _open(file)
    document = opened.describe()
    if json:
        print_json(document)
        return
    gib = 1024**3
    print(f"{document['store']}: {document['bytes'] / gib:.3f} of {document['max_bytes'] / gib:g} GiB")
    for each in document["cameras"]:
        print(f"{each['camera_id'] or '-':20} {each['reason']:12} {each['frames']:>9}  since {each['oldest_at']}")
    for other in document["elsewhere"]:
        say(f"{other['rows']} rows more lie in {other['store']}")
    if not document["enabled"]:
        say(f"{file} says that nothing is kept (keep.enabled).")


@kept_app.command("list")
def list_kept(
    camera: Annotated[str | None, typer.Option(help="Only those of this camera.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only those kept as sampled, unknown, unsure, dead_letter or labelled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    json: JsonOption = False,
) -> None:
    """The newest kept frames, a line for each reason."""
    found = _open(CamerasFile).index.list_newest(camera_id=camera, reason=reason, limit=limit)
    if json:
        print_json([_summary(frame) for frame in found])
        return
    if not found:
        say("No frames are kept.")
    for frame in found:
        moment = frame.kept_at.isoformat(timespec="seconds") if frame.kept_at else "-"
        print(f"{frame.frame_id:32} {moment}  {frame.reason:12} {frame.size_bytes:>9}  {frame.camera_id or '-'}")


@kept_app.command()
def show(
    frame_id: Annotated[str, typer.Argument(metavar="FRAME_ID", help="Its id, or its topic-partition-offset.")],
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the kept bytes to this file.")] = None,
    json: JsonOption = False,
) -> None:
    """Why a frame is kept and where, and its bytes if they are wanted."""
    from pipelines.errors import FrameStoreError, WorkspaceError

    opened = _open(CamerasFile)
    found = opened.index.find(frame_id)
    if not found:
        raise FrameStoreError(f"Expected the id of a kept frame, received {frame_id!r}. See `vigia kept list`.")
    if save:
        content = opened.read(found[0])
        try:
            save.write_bytes(content)
        except OSError as error:
            raise WorkspaceError(
                f"Expected to write {save}, received: {error.strerror}. Choose another file."
            ) from error
        say(f"{len(content)} bytes: {save.absolute()}")
    if json:
        print_json([_summary(frame) for frame in found])
    else:
        for frame in found:
            print("  ".join(f"{name} {value}" for name, value in _summary(frame).items()))


@kept_app.command()
def sweep(file: FileOption = CamerasFile, json: JsonOption = False) -> None:
    """Remove now what is too old or too much, and files that belong to no frame; a worker does it every minute."""
    from dataclasses import asdict

    from pipelines.errors import FrameStoreError

    swept = _open(file).retention.sweep(orphans=True)
    if swept is None:
        raise FrameStoreError("Expected to sweep alone; another process sweeps at this moment. Run again later.")
    if json:
        print_json(asdict(swept))
    else:
        say(f"{swept.rows} rows, {swept.files} files, {swept.bytes} bytes removed; {swept.orphans} had no row")


@kept_app.command()
def delete(
    camera: Annotated[str, typer.Option(help="Whose pictures go.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    file: FileOption = CamerasFile,
    json: JsonOption = False,
) -> None:
    """Delete every kept picture of a camera at once, labelled ones and those being read too."""
    from dataclasses import asdict

    from pipelines.errors import FrameStoreError

    opened = _open(file)
    frames = opened.index.count_camera(camera).get(opened.store.address, 0)
    if not yes and not typer.confirm(f"Delete {frames} pictures of {camera} for ever?", err=True):
        raise typer.Exit(1)
    swept = opened.delete_camera(camera)
    elsewhere = opened.index.count_camera(camera)
    say(f"{swept.rows} rows, {swept.files} files, {swept.bytes} bytes of {camera} deleted")
    if opened.policy().of(camera).enabled:
        say(f"New frames of {camera} are still kept; to end that, set `keep: {{enabled: false}}` for it in {file}.")
    if json:
        print_json({"camera_id": camera, **asdict(swept), "elsewhere": elsewhere})
    if elsewhere:
        raise FrameStoreError(
            f"Expected every kept picture of {camera} in this store, some lie in {', '.join(elsewhere)}. "
            "Delete them there as well."
        )


def _open(file: Path) -> "OpenedFrames":
    from pipelines.settings import load_settings
    from stream.frames.opened import open_frames

    return open_frames(load_settings(), file)


def _summary(frame: "KeptFrame") -> dict[str, Any]:
    return {
        "frame_id": frame.frame_id,
        "camera_id": frame.camera_id,
        "reason": frame.reason,
        "topic": frame.position.topic,
        "partition": frame.position.partition,
        "offset": frame.position.offset,
        "sha256": frame.sha256,
        "size_bytes": frame.size_bytes,
        "store": frame.store,
        "path": frame.path,
        "captured_at": frame.captured_at.isoformat() if frame.captured_at else None,
        "kept_at": frame.kept_at.isoformat() if frame.kept_at else None,
    }
