import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.figures import Lane, Spread, ratio
from pipelines.bench.report import build_document, check_places, render_markdown, save, write_section
from pipelines.errors import WorkspaceError

MACHINE = {
    "processor": "A Processor", "cores": 2, "cpu_flags": ["avx2"], "load_before": 0.1, "python": "3.11.7",
    "versions": {"numpy": "2.4"},
}  # fmt: skip
PARITY = {"top1_agreement": 1.0, "max_difference": 1e-6, "pictures": 32}
FAST = Lane(
    "ours v2", tuple({"fps": fps, "cpu_seconds_per_frame": 0.004} for fps in (90.0, 110.0, 100.0)), {"parity": PARITY}
)
SLOW = Lane("naive", tuple({"fps": fps, "cpu_seconds_per_frame": 0.05} for fps in (10.0, 10.0, 10.0)))
ABSENT = Lane("confluent", not_counted="confluent-kafka is not installed")


def document(**about: Any) -> dict[str, Any]:
    ratios = {"ours_over_naive": ratio(FAST, SLOW), "ours_over_confluent": ratio(FAST, ABSENT)}
    return build_document("stream", [SLOW, FAST, ABSENT], ratios, MACHINE, rounds=3, model="compact_cnn", **about)


def test_the_document_has_medians_at_the_names_of_the_contract_and_spreads_beside_them() -> None:
    made = document(latency_ms={"100 fps": {"p50": 5.0, "p95": 9.0, "p99": 12.0}})

    ours = made["lanes"]["ours v2"]
    assert (ours["fps"], ours["cpu_seconds_per_frame"]) == (100.0, 0.004)
    assert ours["spread"]["fps"] == {"median": 100.0, "min": 90.0, "max": 110.0}
    assert made["ratios"] == {"ours_over_naive": 10.0, "ours_over_confluent": None}
    assert made["latency_ms"]["100 fps"]["p99"] == 12.0
    assert made["machine"] == MACHINE


def test_a_lane_that_is_absent_says_why() -> None:
    made = document()

    assert made["lanes"]["confluent"]["counted"] is False
    assert "Not counted: confluent: confluent-kafka is not installed." in render_markdown(made)


def test_the_table_shows_the_spread_and_the_parity() -> None:
    table = render_markdown(document())

    assert "| ours v2 | 100.0 (90.0–110.0) | 4.00 |" in table
    assert "| 1.000 | 0.000001 |" in table
    assert "| ours over naive | 10 | 9–11 |" in table


def test_a_large_ratio_is_written_without_an_exponent() -> None:
    spread = Spread(1066.4, 912.5, 1264.0)

    assert "| ours over plain | 1066 | 912–1264 |" in render_markdown(
        build_document("page", [FAST], {"ours_over_plain": spread}, MACHINE, rounds=3)
    )


def test_lanes_with_the_same_reason_are_told_in_one_line() -> None:
    lanes = [Lane(name, not_counted="it differs") for name in ("a", "b")]
    made = build_document("engines", lanes, {}, MACHINE, rounds=1)

    assert "Not counted: a; b: it differs." in render_markdown(made)


def test_latency_and_overload_are_told_where_they_were_measured() -> None:
    table = render_markdown(
        document(
            latency_ms={
                "50% of peak": {"p50": 5.0, "p95": 9.0, "p99": 12.0, "sent_fps": 50.0, "p50_over_engine": 2.0},
                "100 fps": {"fps": 100.0, "frames": 0},
            },
            engine_ms_per_frame=2.5,
            light_load={"fps": 10.0, "p50": 4.2, "p50_unbatched": 4.0, "p50_over_unbatched": 1.05},
            overload={"sent_fps": 500.0, "oldest_seconds": 0.5, "throughput_over_peak": 0.7},
        )
    )

    assert "| 50% of peak | 50 | 5.0 (2.0×) | 9.0 | 12.0 |" in table
    assert "| 100 fps | 100 | – | – | – |" in table
    assert "2.50 ms of processor time a frame" in table
    assert "p50 4.2 ms with batches, 4.0 ms with every frame by itself, a ratio of 1.05" in table
    assert "the oldest answered was 0.50 s old, 0.70 of the peak rate was kept" in table


def test_everything_is_saved_in_a_folder_that_is_made(tmp_path: Path) -> None:
    latency = {"50% of peak": {"p50": 5.0, "p95": 9.0, "p99": 12.0}, "100 fps": {"frames": 0.0}}
    files = save(document(latency_ms=latency, engine_ms_per_frame=2.5), tmp_path / "new" / "folder")

    assert [file.name for file in files] == [f"bench-stream-compact_cnn.{kind}" for kind in ("json", "md", "png")]
    assert json.loads(files[0].read_text(encoding="utf-8"))["ratios"]["ours_over_naive"] == 10.0
    assert files[2].read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceError, match="Expected to write to"):
        save(document(), tmp_path / "file")


def test_a_place_that_cannot_be_written_is_found_before_anything_is_measured(tmp_path: Path) -> None:
    check_places(tmp_path / "new", tmp_path / "page.md")
    check_places(None, None)

    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="Expected to write to"):
        check_places(tmp_path / "file", None)
    with pytest.raises(WorkspaceError, match="Expected to write to"):
        check_places(None, tmp_path / "absent" / "page.md")


def test_a_page_gets_one_section_a_bench_and_the_same_one_again(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\nWords.\n", encoding="utf-8")
    other = build_document("decode", [SLOW], {}, MACHINE, rounds=3)

    write_section(document(), page)
    write_section(other, page)
    once = page.read_text(encoding="utf-8")
    write_section(document(measured_at_again=True), page)

    assert page.read_text(encoding="utf-8").count("## vigia bench stream: compact_cnn") == 1
    assert once.startswith("# Performance\n\nWords.\n\n<!-- bench-stream-compact_cnn -->\n")
    assert page.read_text(encoding="utf-8") == once


def test_nothing_is_removed_from_a_page_whose_mark_of_an_end_is_gone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    write_section(document(), page)
    page.write_text(page.read_text().replace("<!-- end of bench-stream-compact_cnn -->", "") + "Words.\n")

    write_section(document(), page)
    once = page.read_text()
    write_section(document(), page)

    assert "Words." in once
    assert page.read_text() == once


def test_what_is_counted_may_be_another_thing_than_a_frame() -> None:
    slow = Lane("up", ({"fps": 0.04, "cpu_seconds_per_frame": 30.0, "seconds": 25.0, "p50_ms": 1.5},))
    table = render_markdown(build_document("start", [slow], {}, MACHINE, rounds=1, unit="start"))

    assert "| lane | starts/s (least–most) | CPU-ms a start | seconds | p50, ms |" in table
    assert "| up | 0.040 (0.040–0.040) | 30000.00 | 25.00 | 1.50 |" in table
