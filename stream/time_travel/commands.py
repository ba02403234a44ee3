"""`vigia replay-window`: frames of the past, answered by any version and compared with what was live then."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from stream.time_travel.replaying import ReplayReport
    from stream.time_travel.windows import ReplayWindow

replay_window_app = typer.Typer(rich_markup_mode=None)
MOMENT = "2026-11-27T18:00 (UTC), or 90m, 12h, 7d ago"


@replay_window_app.command("replay-window")
def replay(
    classifier: Annotated[str, typer.Option(help="Whose frames.")],
    model: Annotated[int, typer.Option(min=1, metavar="VERSION", help="The version that answers now.")],
    captured_from: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Captured from then on: {MOMENT}.")],
    captured_to: Annotated[str, typer.Option("--to", metavar="TIME", help="Captured before then.")] = "0s",
    camera: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only of this one; may be repeated.")] = None,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="On this process, or on Ray (an extra).")] = "local",
    source: Annotated[
        Literal["auto", "kept", "topic"],
        typer.Option(help="Pictures from the kept frames, from the topic, or whichever has them."),
    ] = "auto",
    anew: Annotated[bool, typer.Option("--anew", help="Also what this version answered in an earlier replay.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the comparison there as HTML.")] = None,
    json: JsonOption = False,
) -> None:
    """Answer a window of the past with any version, in spare time, and compare with what was live then."""
    import logging

    from pipelines.settings import load_settings
    from stream.time_travel.replayer import Asked
    from stream.time_travel.replaying import replay_window

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says comes as an error of ours, once
    require_folder(out)
    window = build_window(classifier, captured_from, captured_to, camera or [])
    settings = load_settings()
    if source == "topic":
        from stream.commands import known_bootstrap

        known_bootstrap(settings.resolve_kafka_bootstrap())
    report = replay_window(Asked(settings, window, model, source, anew), engine, say)
    if out:
        write_page(report, out)
    print_json(describe_report(report, out)) if json else tell_report(report)
    if report.stopped:
        say(f"stopped after {report.comparison.compared:,} of {report.comparison.frames:,} frames")
        say(f"go on with: {tell_command(report)}")
        sys.exit(130)


def build_window(classifier: str, captured_from: str, captured_to: str, cameras: list[str]) -> "ReplayWindow":
    """Raises typer.BadParameter for a wrong time, or two of the wrong order."""
    from datetime import UTC, datetime

    from stream.dead_letters.choosing import parse_moment
    from stream.time_travel.windows import ReplayWindow

    now = datetime.now(UTC)
    begins, ends = parse_moment(captured_from, now, "--from"), parse_moment(captured_to, now, "--to")
    if begins >= ends:
        raise typer.BadParameter(f"expected a time after --from ({begins:%Y-%m-%dT%H:%M:%SZ}), "
                                 f"received {captured_to!r}.", param_hint="--to")  # fmt: skip
    if begins >= now:
        raise typer.BadParameter(f"expected a time that is past, received {captured_from!r}.", param_hint="--from")
    if ends > now:
        raise typer.BadParameter(
            f"expected a time that is past, received {captured_to!r}: frames that come would belong to the window.",
            param_hint="--to",
        )
    return ReplayWindow(classifier, begins, ends, tuple(sorted(set(cameras))))


def require_folder(out: Path | None) -> None:
    """Raises WorkspaceError before the work is done and not after it."""
    from pipelines.errors import WorkspaceError

    if out and not out.absolute().parent.is_dir():
        raise WorkspaceError(f"Expected a folder at {out.absolute().parent}, found none. Make it, or correct --out.")


def write_page(report: "ReplayReport", out: Path) -> None:
    """Raises WorkspaceError when the file cannot be written."""
    from pipelines.errors import WorkspaceError
    from stream.time_travel.page import build_replay_page
    from stream.time_travel.replaying import find_shown

    page = build_replay_page(report, *find_shown(report))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"Expected to write {out}. {error.strerror}. Name another file with --out.") from error
    say(f"page: {out.absolute()}")


def describe_report(report: "ReplayReport", out: Path | None) -> dict[str, Any]:
    """The document of `--json`."""
    from dataclasses import asdict

    comparison, tally, window = report.comparison, report.tally, report.asked.window
    gone = sum(count for reason, count in tally.missing.items() if reason not in ("undecodable", "failed", "refused"))
    return {
        "classifier": window.classifier,
        "model_version": report.asked.version,
        "role": report.asked.role,
        "from": window.captured_from.isoformat(),
        "to": window.captured_to.isoformat(),
        "cameras": list(window.cameras),
        "engine": report.engine,
        "frames": comparison.frames,
        "compared": comparison.compared,
        "changed": comparison.changed,
        "agreement": comparison.agreement,
        "missing": comparison.missing,
        "missing_reasons": dict(tally.missing),
        "missing_frames": [
            {**asdict(each), "captured_at": each.captured_at.isoformat()} for each in report.missing_frames
        ],
        "missing_frames_cut": tally.missing.total() > len(report.missing_frames),
        "source": {"kept": tally.kept, "topic": tally.topic, "gone": gone, "before": tally.before},
        "changes": [asdict(each) for each in comparison.changes],
        "decisions": {"to_unknown": comparison.to_unknown, "to_known": comparison.to_known},
        "confidence_shift": comparison.confidence_shift,
        "per_camera": [{**asdict(each), "agreement": each.agreement} for each in comparison.cameras],
        "live_versions": {str(version): frames for version, frames in comparison.live_versions},
        "unanswered": asdict(report.unanswered),
        "resumed": report.resumed,
        "stopped": report.stopped,
        "answered": tally.answered,
        "seconds": round(report.seconds, 3),
        "fps": round(report.fps, 2),
        "report": str(out.absolute()) if out else None,
    }


def tell_report(report: "ReplayReport") -> None:
    """The same in words."""
    from stream.time_travel.pictures import tell_gone

    comparison, tally = report.comparison, report.tally
    before = f", {tally.before:,} before" if tally.before else ""
    print(f"{tally.answered:,} frames answered in {report.seconds:.1f} s, {report.fps:.1f} a second{before}")
    print(f"pictures: {tally.kept:,} kept, {tally.topic:,} from the topic")
    if tally.missing:
        print(f"missing: {tell_gone(tally.missing)}; which ones: --json, or --out FILE")
    agreement = "-" if comparison.agreement is None else f"{comparison.agreement:.4f}"
    print(f"agreement {agreement}: {comparison.changed:,} of {comparison.compared:,} frames get another label")
    print(f"decisions: {comparison.to_unknown:,} unknown now, {comparison.to_known:,} known now")
    for change in comparison.changes[:10]:
        print(f"  {change.before} -> {change.after}: {change.frames:,}")
    for camera in comparison.cameras:
        print(f"{camera.camera_id:24} {camera.compared:>9,} {camera.agreement:.4f} {camera.confidence_shift:+.3f}")
    if report.unanswered.dead_letters or report.unanswered.kept:
        say(
            f"not part of it, as nothing was live: {report.unanswered.dead_letters:,} dead letters, "
            f"{report.unanswered.kept:,} kept frames without an answer of {report.asked.window.classifier}"
        )


def tell_command(report: "ReplayReport") -> str:
    """The same replay again, with its times as they were understood."""
    import shlex

    asked, window = report.asked, report.asked.window
    words = ["vigia", "replay-window", "--classifier", window.classifier, "--model", str(asked.version)]
    words += ["--from", window.captured_from.isoformat(), "--to", window.captured_to.isoformat()]
    for camera in window.cameras:
        words += ["--camera", camera]
    words += ["--engine", report.engine] if report.engine != "local" else []
    words += ["--source", asked.source] if asked.source != "auto" else []
    return shlex.join(words)
