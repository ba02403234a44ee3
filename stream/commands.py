"""The commands of the live side."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say
from stream.accounting.commands import frames_app
from stream.bench.commands import bench_app
from stream.broker.commands import broker_app
from stream.camera.commands import CamerasFileOption, camera_app
from stream.dead_letters.commands import dead_letters_app
from stream.frames.commands import kept_app
from stream.guard.commands import guard_app
from stream.shadow.commands import run_shadow_here, shadow_app
from stream.time_travel.commands import replay_window_app
from stream.tracing.commands import trace_app

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(camera_app, name="camera")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(kept_app, name="kept")
app.add_typer(broker_app, name="broker")
app.add_typer(shadow_app)
app.add_typer(trace_app)
app.add_typer(frames_app)
app.add_typer(guard_app)
app.add_typer(replay_window_app)
app.add_typer(bench_app, name="bench")


class WorkerRole(StrEnum):
    PRODUCTION = "production"
    SHADOW = "shadow"


HttpPortOption = Annotated[
    int,
    typer.Option(
        "--http-port",
        envvar="VIGIA_HTTP_PORT",
        min=0,
        max=65535,
        help="Port of /health, /ready and /metrics of worker 1; worker 2 has the next one, and so on. 0: any free "
        "one, named in `vigia status`.",
    ),
]


@app.command()
def worker(
    slot: Annotated[
        int, typer.Option(envvar="VIGIA_WORKER_SLOT", min=1, help="This worker's place on the machine: 1, 2, ...")
    ] = 1,
    http_port: HttpPortOption = 0,
    classifier: Annotated[
        list[str] | None,
        typer.Option(help="Answer for this classifier alone, in a consumer group of its own; may be given again."),
    ] = None,
    role: Annotated[
        WorkerRole, typer.Option(help="`shadow` lets challengers answer a share of the frames, on spare time alone.")
    ] = WorkerRole.PRODUCTION,
) -> None:
    """Serve the production models on camera frames, in the foreground. Waits for the broker and for a first model."""
    if role is WorkerRole.SHADOW:
        run_shadow_here(slot, only=classifier)
    from pipelines.settings import load_settings
    from stream.frames.keeping import FramesPlace
    from stream.logs import configure_logs
    from stream.worker.place import build_setup
    from stream.worker.worker import WorkerSetup, run_worker

    settings = load_settings()
    configure_logs(settings.log_format, debug=settings.debug)
    setup = build_setup(
        WorkerSetup,
        slot,
        host=settings.host,
        http_port=http_port + slot - 1 if http_port else 0,
        classifiers=tuple(classifier or ()),
        frames=FramesPlace(settings.frames_url, settings.frames_endpoint),
    )
    try:
        code = run_worker(setup)
    except KeyboardInterrupt:
        code = 130  # while it still waited: nothing was read yet
    sys.exit(code)


@app.command()
def cameras(
    file: CamerasFileOption = Path("cameras.yaml"),
    once: Annotated[
        bool, typer.Option("--once", help="Play every source once and end, whatever the file says.")
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Go on when all is played: the file may change.")] = False,
    http_port: Annotated[
        int,
        typer.Option(
            "--http-port",
            envvar="VIGIA_INGEST_PORT",
            min=0,
            max=65535,
            help="Port of POST /frames, /health, /ready and /metrics; 0: any free one, named in cameras.json.",
        ),
    ] = 0,
    json: JsonOption = False,
) -> None:
    """Play every camera of cameras.yaml, in the foreground; ends when nothing is left to play."""
    from pipelines.settings import load_settings
    from stream.camera.cameras import CamerasSetup, run_cameras
    from stream.ingest.beside import answer_beside, read_token
    from stream.ingest.server import listen
    from stream.logs import configure_logs
    from stream.store import PredictionStore

    settings = load_settings()
    configure_logs(settings.log_format, debug=settings.debug)
    if not file.exists():
        say(f"{file} is not there, so there are no cameras. Add one with `vigia camera add ID SOURCE`.")
    token = read_token(settings.ingest_token)
    setup = CamerasSetup(
        bootstrap=known_bootstrap(settings.resolve_kafka_bootstrap()),
        state=settings.state,
        file=file.absolute(),
        store=PredictionStore(settings.resolve_database_url()),
        once=once,
        stay=stay,
        beside=None if once else answer_beside(listen(settings.host, http_port), token),
    )
    summary = run_cameras(setup)
    say(f"{summary.sent} frames delivered, {summary.dropped} dropped")
    if json:
        print_json({"sent": summary.sent, "dropped": summary.dropped, "failed": list(summary.failed)})
    if summary.interrupted:
        sys.exit(130)
    if summary.failed:
        sys.exit(f"error: expected every source to be readable, these were not: {', '.join(summary.failed)}.")


def known_bootstrap(bootstrap: str | None) -> str:
    """Raises BrokerError when no broker is configured and no stack runs."""
    from pipelines.errors import BrokerError

    if bootstrap is None:
        raise BrokerError("Expected a broker, found none. Start one with `vigia up`, or set VIGIA_KAFKA_BOOTSTRAP.")
    return bootstrap
