"""A bench's figures as one JSON document, a Markdown table, a plot, and a section of docs/performance.md."""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipelines.bench.figures import Lane, Spread
from pipelines.errors import WorkspaceError

DIGITS: Final = 6

Document = Mapping[str, Any]


def build_document(
    target: str,
    lanes: Sequence[Lane],
    ratios: Mapping[str, Spread | None],
    machine: Mapping[str, Any],
    *,
    latency_ms: Mapping[str, Mapping[str, float]] | None = None,
    **about: Any,
) -> dict[str, Any]:
    """Medians at the names of the contract, the spreads beside them."""
    return {
        "target": target,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        "lanes": {lane.name: describe_lane(lane) for lane in lanes},
        "ratios": {name: _round(found.median) if found else None for name, found in ratios.items()},
        "ratio_spreads": {name: _spread(found) for name, found in ratios.items() if found},
        "latency_ms": dict(latency_ms or {}),
        "machine": dict(machine),
    }


def describe_lane(lane: Lane) -> dict[str, Any]:
    """Medians, their spreads, and whether they count."""
    spreads = lane.spreads()
    return {
        **{name: _round(found.median) for name, found in spreads.items()},
        **lane.about,
        "counted": lane.counts,
        "not_counted": lane.not_counted,
        "rounds": len(lane.rounds),
        "spread": {name: _spread(found) for name, found in spreads.items()},
    }


def render_markdown(document: Document) -> str:
    """Tables of lanes, ratios and latencies, and what they were measured on."""
    parts = [_lanes_table(document["lanes"], document.get("unit", "frame"))]
    if document["ratio_spreads"]:
        parts.append(_ratios_table(document["ratio_spreads"]))
    if document["latency_ms"]:
        parts.append(_latency_table(document["latency_ms"], document.get("engine_ms_per_frame")))
    if (light := document.get("light_load")) and light.get("p50_over_unbatched"):
        parts.append(_light_line(light))
    if overload := document.get("overload"):
        parts.append(_overload_line(overload))
    if reason := document.get("latency_not_counted"):
        parts.append(f"Latency was not measured to the end: {reason}")
    parts += _remarks(document["lanes"])
    parts.append(_machine_line(document))
    return "\n\n".join(parts) + "\n"


def check_places(out: Path | None, page: Path | None) -> None:
    """Before minutes of measuring. Raises WorkspaceError when the figures could not be written in the end."""
    try:
        if out:
            out.mkdir(parents=True, exist_ok=True)
        for folder in filter(None, (out, page.absolute().parent if page else None)):
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise WorkspaceError(
            f"Expected to write to {out or page}, received: {error.strerror}. Choose another."
        ) from error


def save(document: Document, folder: Path) -> list[Path]:
    """`bench-<target>.json`, `.md` and `.png` in a folder that is made. Raises WorkspaceError."""
    stem = _stem(document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{stem}{suffix}" for suffix in (".json", ".md", ".png")]
        files[0].write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        files[1].write_text(f"# {_title(document)}\n\n{render_markdown(document)}", encoding="utf-8")
        draw_plot(document, files[2])
    except OSError as error:
        raise WorkspaceError(f"Expected to write to {folder}, received: {error.strerror}. Choose another.") from error
    return files


def draw_plot(document: Document, file: Path) -> None:
    """PNG: rate and processor time of the lanes that count, with their spreads; below them the latencies."""
    from matplotlib.figure import Figure

    lanes = {name: lane for name, lane in document["lanes"].items() if "fps" in lane and lane["counted"]}
    latency = {name: found for name, found in document["latency_ms"].items() if "p50" in found}
    heights = [1.0 + 0.4 * len(lanes)] + ([1.0 + 0.4 * len(latency)] if latency else [])
    figure = Figure(figsize=(10, 0.5 + sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_lanes(parts[0], lanes, document.get("unit", "frame"))
    if latency:
        _draw_latency(parts[1], latency, document.get("engine_ms_per_frame"))
    figure.suptitle(_title(document), fontsize=10)
    figure.savefig(file, dpi=110)


def _draw_lanes(part: Any, lanes: Mapping[str, Mapping[str, Any]], unit: str) -> None:
    rates, costs = part.subplots(1, 2, sharey=True)
    for axes, figure_name, factor, words in (
        (rates, "fps", 1.0, f"{unit}s a second"),
        (costs, "cpu_seconds_per_frame", 1000.0, f"CPU-ms a {unit}"),
    ):
        spreads = [lane["spread"][figure_name] for lane in lanes.values()]
        medians = [factor * each["median"] for each in spreads]
        lows = [factor * (each["median"] - each["min"]) for each in spreads]
        highs = [factor * (each["max"] - each["median"]) for each in spreads]
        axes.barh(list(lanes), medians, xerr=(lows, highs), color="#4c78a8", capsize=3)
        axes.set(xlabel=words)
    rates.invert_yaxis()


def _draw_latency(part: Any, latency: Mapping[str, Mapping[str, float]], engine_ms: float | None) -> None:
    """p50 as a bar, its whisker ends at p99; a line where decoder and engine alone would be."""
    axes = part.subplots()
    medians = [found["p50"] for found in latency.values()]
    highs = [found["p99"] - found["p50"] for found in latency.values()]
    axes.barh(list(latency), medians, xerr=([0.0] * len(highs), highs), color="#f58518", capsize=3)
    if engine_ms:
        axes.axvline(engine_ms, color="#54a24b", linestyle="--")
    axes.set(xlabel="captured to stored, ms: p50, and p99 at the whisker")
    axes.invert_yaxis()


def write_section(document: Document, file: Path) -> None:
    """Put the tables into a page, in the place of those of the same bench. Raises WorkspaceError."""
    stem = _stem(document)
    begin, end = f"<!-- {stem} -->", f"<!-- end of {stem} -->"
    section = f"{begin}\n## {_title(document)}\n\n{render_markdown(document)}{end}"
    try:
        page = file.read_text(encoding="utf-8") if file.exists() else "# Performance\n"
        before, _, after = page.partition(begin)
        _, found, after = after.partition(end)
        if found:
            after = after.lstrip("\n")
            page = f"{before}{section}\n" + (f"\n{after}" if after else "")
        else:
            # a beginning whose end somebody took away: what follows it is not ours to remove
            page = f"{page.replace(begin, '').rstrip()}\n\n{section}\n"
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"Expected to write {file}, received: {error.strerror}. Choose another file.") from error


def _remarks(lanes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why figures do not count, or are to be read with care; lanes with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for name, lane in lanes.items():
        if lane["not_counted"]:
            reasons.setdefault(lane["not_counted"], []).append(name)
    words = [f"Not counted: {'; '.join(names)}: {reason}." for reason, names in reasons.items()]
    if hasty := [name for name, lane in lanes.items() if lane.get("steady", 1.0) < 1.0]:
        words.append(f"Too few frames to be exact: {', '.join(hasty)}. Measure for longer.")
    return words


def _lanes_table(lanes: Mapping[str, Mapping[str, Any]], unit: str) -> str:
    columns = [
        (words, name, factor, digits)
        for words, name, factor, digits in COLUMNS
        if any(name in lane or name in (lane.get("parity") or {}) for lane in lanes.values())
    ]
    head = "| lane | " + " | ".join(words.replace("frame", unit) for words, *_ in columns) + " |"
    rows = [head, "|---" * (len(columns) + 1) + "|"]
    for name, lane in lanes.items():
        told = {**lane, **(lane.get("parity") or {})}
        cells = [_cell(told, key, factor, digits) for _, key, factor, digits in columns]
        rows.append(f"| {name}{'' if lane['counted'] else ' (not counted)'} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


COLUMNS: Final = (
    ("frames/s (least–most)", "fps", 1.0, 1),
    ("CPU-ms a frame", "cpu_seconds_per_frame", 1000.0, 2),
    ("seconds", "seconds", 1.0, 2),
    ("p50, ms", "p50_ms", 1.0, 2),
    ("p95, ms", "p95_ms", 1.0, 2),
    ("broker's CPU-ms a frame", "broker_cpu_seconds_per_frame", 1000.0, 2),
    ("peak RSS of a process, MB", "peak_rss_mb", 1.0, 0),
    ("peak PSS of all, MB", "peak_pss_mb", 1.0, 0),
    ("start to first answer, s", "start_seconds", 1.0, 1),
    ("lost", "lost", 1.0, 0),
    ("doubled", "doubled", 1.0, 0),
    ("same class as Keras", "top1_agreement", 1.0, 3),
    ("max difference", "max_difference", 1.0, 6),
)
"""Words, key of a lane, factor and digits of each column; what is counted may be another thing than a frame."""
SPREAD_SHOWN: Final = {"fps"}


def _cell(lane: Mapping[str, Any], key: str, factor: float, digits: int) -> str:
    value = lane.get(key)
    if not isinstance(value, int | float):
        return "–"
    if key in SPREAD_SHOWN and value < 1:
        digits += 2  # what takes many seconds
    text = f"{factor * value:.{digits}f}"
    if key in SPREAD_SHOWN:
        found = lane["spread"][key]
        text += f" ({factor * found['min']:.{digits}f}–{factor * found['max']:.{digits}f})"
    return text


def _ratios_table(spreads: Mapping[str, Mapping[str, float]]) -> str:
    rows = ["| ratio | median | least–most |", "|---|---|---|"]
    for name, found in spreads.items():
        median, least, most = (_write_ratio(found[each]) for each in ("median", "min", "max"))
        rows.append(f"| {name.replace('_', ' ')} | {median} | {least}–{most} |")
    return "\n".join(rows)


def _write_ratio(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _latency_table(latency: Mapping[str, Mapping[str, float]], engine_ms: float | None) -> str:
    rows = ["| captured to stored, ms | frames/s sent | p50 | p95 | p99 |", "|---|---|---|---|---|"]
    for name, found in latency.items():
        sent = found.get("sent_fps", found.get("fps", 0))
        cells = " | ".join(_delay(found, key) for key in ("p50", "p95", "p99"))
        rows.append(f"| {name} | {sent:.0f} | {cells} |")
    if engine_ms:
        rows.append(f"\nDecoder and engine alone need {engine_ms:.2f} ms of processor time a frame (1×).")
    return "\n".join(rows)


def _delay(found: Mapping[str, float], key: str) -> str:
    if key not in found:
        return "–"
    times = found.get(f"{key}_over_engine")
    return f"{found[key]:.1f}" + (f" ({times:.1f}×)" if times is not None else "")


def _light_line(light: Mapping[str, float]) -> str:
    return (
        f"Light load, {light['fps']:.0f} frames a second: p50 {light['p50']:.1f} ms with batches, "
        f"{light['p50_unbatched']:.1f} ms with every frame by itself, a ratio of {light['p50_over_unbatched']:.2f}."
    )


def _overload_line(overload: Mapping[str, float]) -> str:
    return (
        f"Flood of realtime frames, {overload.get('sent_fps', 0):.0f} a second: the oldest answered was "
        f"{overload.get('oldest_seconds', 0):.2f} s old, {overload.get('throughput_over_peak', 0):.2f} of the peak "
        "rate was kept."
    )


def _machine_line(document: Document) -> str:
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{document['measured_at'][:10]}, rounds: {document['rounds']}; {machine['processor']}, {machine['cores']} "
        f"cores ({', '.join(machine['cpu_flags'])}), load {machine['load_before']} before; Python {machine['python']}; "
        f"{versions}."
    )


def _title(document: Document) -> str:
    model = _name_model(document)
    return f"vigia bench {document['target']}" + (f": {model}" if model else "")


def _stem(document: Document) -> str:
    return re.sub(r"[^\w-]+", "-", f"bench-{document['target']}-{_name_model(document)}").strip("-")


def _name_model(document: Document) -> str:
    """With its precision, where that is a lower one: such figures stand beside those in f32."""
    precision = document.get("precision", "f32")
    return " ".join(filter(None, (document.get("model"), precision if precision != "f32" else None)))


def _spread(found: Spread) -> dict[str, float]:
    return {"median": _round(found.median), "min": _round(found.least), "max": _round(found.most)}


def _round(value: float) -> float:
    return round(value, DIGITS)
