"""The long run with kills, in its three-minute form."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from docs.soak.growth import slope_per_hour
from docs.soak.run import LONG_LIVED, Soak, SoakPlan, camera_names
from tests.stream.fakes import FakeRegistry, draw_jpeg


def test_cameras_are_named_so_that_every_partition_gets_as_many() -> None:
    assert len(set(camera_names(8))) == 8


def test_memory_that_grows_by_a_megabyte_a_minute_has_a_slope_of_sixty() -> None:
    assert slope_per_hour([0, 60, 120], [100, 101, 102]) == pytest.approx(60)


@pytest.mark.integration
def test_kills_again_and_again_lose_and_double_nothing_and_leave_no_descriptor_behind(tmp_path: Path) -> None:
    home, pictures = tmp_path / "home", tmp_path / "pictures"
    home.mkdir()
    pictures.mkdir()
    for value in (20, 40, 200, 220):
        (pictures / f"{value}.jpg").write_bytes(draw_jpeg(value))
    FakeRegistry(home / "registry.json").promote(cars=1)
    # no kill within 30 s of the end: the sixth is due 16 s before that, and no seventh
    plan = SoakPlan(seconds=160, cameras=4, fps=10, kill_every_seconds=19, warm_up_seconds=30)
    soak = Soak(plan, home, pictures, tmp_path / "report.json", lambda slot: fake_worker(soak, slot), threading.Event())

    report = soak.run()

    assert [kill["what"] for kill in report["kills"]] == ["worker-1"] * 5 + ["kafka"]
    assert report["balance"]["produced"] > 1000
    assert (report["balance"]["lost"], report["balance"]["doubled"]) == (0, 0)
    assert not any(report["unasked_ends"][name] for name in LONG_LIVED)
    for name in LONG_LIVED:
        descriptors = report["growth"][name]["descriptors"]
        assert descriptors["last"] <= descriptors["least"] + 8, report["growth"][name]
    assert all(kill["take_over_seconds"] is not None for kill in report["kills"])


def fake_worker(soak: Soak, slot: int) -> Sequence[str]:
    return (sys.executable, "-m", "tests.stream.fake_worker", str(soak.home), soak.broker.bootstrap, str(slot))
