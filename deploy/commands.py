"""`vigia up`, `down`, `status`, `logs`: the one-machine stack; `vigia doctor` is mounted from its own module."""

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.doctor_commands import doctor_app
from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.health import Health

MOST_WORKERS = 64

app = typer.Typer(rich_markup_mode=None)
app.add_typer(doctor_app)


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play every frame once, count the answers, stop everything.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The main job from pictures to live predictions, on drawn cars; runs until Ctrl-C."""
    from deploy.demo import run_demo
    from pipelines.settings import find_workspace, load_settings

    summary = run_demo(load_settings(), find_workspace(), once=once or as_json)
    if summary is None:
        return
    if as_json:
        print_json(summary)
    else:
        say(
            f"{summary['frames_sent']} frames, {summary['predictions']} predictions, {summary['lost']} lost, "
            f"live accuracy {summary['live_accuracy']:.3f}, 95 % within {summary['latency_ms']['p95']:.0f} ms"
        )
    if summary["lost"]:
        sys.exit(f"error: expected an answer to every frame, {summary['lost']} of {summary['frames_sent']} have none.")


@app.command()
def up(
    workers: Annotated[
        int, typer.Option(min=0, max=MOST_WORKERS, help="How many stream workers that answer for every classifier.")
    ] = 1,
    dedicated: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASSIFIER=N",
            help="N workers more that answer for this classifier alone, each frame beside the others; may be repeated.",
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Also a shadow, as `vigia challenge` starts it: it waits for a challenger.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return as soon as every service is healthy.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the one-machine stack and keep it running until Ctrl-C."""
    import signal

    from deploy.announcements import Announcer
    from deploy.shadow import want_shadow
    from deploy.stack import run_stack, start_in_background
    from pipelines.settings import find_workspace, load_settings

    settings, workspace = load_settings(), find_workspace()
    own = [read_dedicated(words) for words in dedicated or ()]
    if workers + len(own) == 0:
        raise typer.BadParameter("expected at least one worker: --workers 1, or --dedicated CLASSIFIER=1")
    if shadow:
        want_shadow(settings.state)
    announcer = Announcer(as_json=as_json)
    if detach:
        start_in_background(settings, workspace, workers=workers, dedicated=own, on_survey=announcer.announce)
        return
    received = run_stack(settings, workspace, workers=workers, dedicated=own, on_survey=announcer.announce)
    say("Everything has stopped.")
    if received == signal.SIGINT:
        sys.exit(130)


@app.command()
def scale(
    workers: Annotated[
        int, typer.Argument(min=1, max=MOST_WORKERS, help="How many stream workers there are afterwards.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Add workers to the running stack, or stop surplus ones; no frame is lost. See docs/scaling.md."""
    from dataclasses import asdict

    from deploy.scaling import scale_workers
    from pipelines.settings import load_settings

    done = scale_workers(load_settings(), workers)
    if as_json:
        print_json(asdict(done))
        return
    for name, detail in done.details.items():
        say(f"{name}: {detail}")
    say(f"{len(done.added)} added, {len(done.removed)} stopped in {done.seconds:.1f} s.")


@app.command()
def down() -> None:
    """Stop the one-machine stack, and whatever a killed one left behind."""
    from deploy.stack import stop_stack
    from pipelines.settings import load_settings

    settings = load_settings()
    say("Everything has stopped." if stop_stack(settings) else f"No stack was running in {settings.state}.")


@app.command()
def status(
    with_frames: Annotated[
        bool, typer.Option("--frames/--no-frames", help="Also ask where every frame is, as `vigia frames` does.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Say how every service is; exit 0 when all are healthy, 1 otherwise."""
    from deploy.frames import FramesQuestion
    from deploy.guarded import say_guarded
    from deploy.health import describe
    from deploy.stack import ask_stack, is_running
    from pipelines.settings import load_settings

    settings = load_settings()
    question = FramesQuestion(settings) if with_frames and is_running(settings) else None
    healths = ask_stack(settings)
    frames = question.answer() if question else None
    if as_json:
        print_json({**describe(healths), "frames": frames})
    elif healths:
        print_table(healths)
        print("".join(f"{line}\n" for line in say_guarded(healths)), end="")
        if frames:
            print("\n".join(say_frames(frames)))
    else:
        say(f"No stack is running in {settings.state}. Start it with `vigia up`.")
    sys.exit(0 if healths and all(health.healthy for health in healths.values()) else 1)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A name from `vigia status`, `keeper` or `supervisord`.")],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="How many lines from the end.")] = 100,
) -> None:
    """Print the end of a service's log."""
    from deploy.logs import find_log, follow_log
    from deploy.stack import read_last_lines
    from pipelines.settings import load_settings

    file = find_log(load_settings().state, service)
    for line in read_last_lines(file, lines):
        print(line)
    if follow:
        follow_log(file, sys.stdout)


def read_dedicated(words: str) -> tuple[str, int]:
    """`cars=2` as a pair."""
    classifier, _, number = words.partition("=")
    if (
        not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", classifier)
        or not number.isdigit()
        or not 1 <= int(number) <= MOST_WORKERS
    ):
        raise typer.BadParameter(
            f"expected CLASSIFIER=N with N from 1 to {MOST_WORKERS}, such as cars=2, not {words!r}"
        )
    return classifier, int(number)


def print_table(healths: "Mapping[str, Health]") -> None:
    """One line a service, on stdout."""
    row = "{:<18} {:<10} {:>8} {:>9} {:>8}  {}"
    print(row.format("service", "state", "pid", "uptime", "restarts", "address and detail"))
    for name, health in healths.items():
        uptime = "-" if health.uptime_seconds is None else f"{health.uptime_seconds:.0f} s"
        words = [health.url, say_figures(health.figures), f"({health.detail})" if health.detail else ""]
        print(row.format(name, health.state, health.pid or "-", uptime, health.restarts, " ".join(filter(None, words))))


def say_frames(frames: "Mapping[str, Any]") -> list[str]:
    """The equation of each consumer group and what is wrong with it, or why there is none."""
    if "error" in frames:
        return [f"frames: {frames['error']}"]
    groups = frames["groups"].items()
    return [
        line
        for name, group in groups
        for line in [f"{name}: {group['equation']}" if len(groups) > 1 else group["equation"], *group["faults"]]
    ]


def say_figures(figures: "Mapping[str, Any]") -> str:
    """`cars 12, 9.8 frames/s, lag 3, 95 % within 41 ms`; nothing for a service that tells none."""
    p95 = figures.get("latency_ms", {}).get("p95")
    words = [
        *(say_model(name, model) for name, model in sorted(figures.get("models", {}).items())),
        f"{figures['fps']:g} frames/s" if "fps" in figures else "",
        f"lag {figures['lag']:,}" if "lag" in figures else "",
        f"95 % within {p95:,.0f} ms" if p95 is not None else "",
    ]
    return ", ".join(filter(None, words))


def say_model(name: str, model: "Mapping[str, Any]") -> str:
    """`cars 12 in f32 from copy (13 refused)`, `cars 12 in bf16 without alias`; the reason is in the worker's words."""
    precision = f" in {model['precision']}" if model.get("precision") else ""
    serves = f"{name} {model['version']}{precision}" if model.get("version") is not None else f"no {name}"
    refused = f" ({model['refused']['version']} refused)" if model.get("refused") else ""
    doubts = [" from copy"] * bool(model.get("from_copy")) + [" without alias"] * bool(model.get("orphan"))
    return f"{serves}{''.join(doubts)}{refused}"
