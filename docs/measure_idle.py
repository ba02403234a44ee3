"""What a stack costs that nobody sends frames to: `python -m docs.measure_idle [--page] [--seconds 60] [--settle 60]`.

A stack of its own on free ports, one worker that serves a drawn version of `cars`, no cameras. Processor time of every
service with all its children, as a share of one core, and how often a second its threads wake up. `--page` does it
again with the live page open in Chromium. `--home` measures a stack that runs already. Processor time may be compared
while the machine does other things, as long as it is not starved. One JSON document.
"""

import argparse
import json
import tempfile
import time
from collections import ChainMap, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.plan import run_folder
from deploy.processes import SERVICE_MARK, find_processes
from docs.live_stand import register
from pipelines.registry import open_registry
from pipelines.settings import Endpoints, Settings
from tests.place import Place
from tests.stream.models.made_artefact import make_artefact

SUPERVISOR: Final = "supervisord"
KEEPER: Final = "keeper"


@dataclass(frozen=True, slots=True)
class Used:
    """By one service since its processes began, children that have ended included."""

    cpu_seconds: float
    wakeups: Mapping[int, int]
    """Thread -> its voluntary context switches; of threads that are there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="Measure with the page open as well.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--settle", type=float, default=60.0, help="Between the last start and the first look.")
    parser.add_argument("--home", type=Path, help="Of a stack that runs, instead of one that is started.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder), options.home) as (state, started_in):
        time.sleep(options.settle)
        document: dict[str, Any] = {"started_in_seconds": started_in, "idle": measure(state, options.seconds)}
        if options.page:
            with _open_page(state):
                time.sleep(options.settle / 4)
                document["page_open"] = measure(state, options.seconds)
    print(json.dumps(document, indent=2))


def measure(state: Path, seconds: float) -> dict[str, Any]:
    """Each service's share of a core in percent and its wakeups a second, and all of them together."""
    began, before = time.monotonic(), read_services(state)
    time.sleep(seconds)
    after, wall = read_services(state), time.monotonic() - began
    return describe(before, after, wall)


def describe(before: Mapping[str, Used], after: Mapping[str, Used], seconds: float) -> dict[str, Any]:
    none = Used(0.0, {})
    services = {
        name: {
            "cpu_percent": round(100 * (used.cpu_seconds - before.get(name, none).cpu_seconds) / seconds, 2),
            "wakeups_a_second": round(count_new(before.get(name, none).wakeups, used.wakeups) / seconds, 1),
        }
        for name, used in sorted(after.items())
    }
    return {
        "seconds": round(seconds, 1),
        "cpu_percent": round(sum(each["cpu_percent"] for each in services.values()), 2),
        "wakeups_a_second": round(sum(each["wakeups_a_second"] for each in services.values()), 1),
        "services": services,
    }


def count_new(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """Of threads that are there at the end: what one that has ended did in between is not known."""
    return sum(switches - before.get(thread, 0) for thread, switches in after.items())


def read_services(state: Path) -> dict[str, Used]:
    keeper = psutil.Process(int((run_folder(state) / "keeper.pid").read_text(encoding="ascii")))
    used: dict[str, list[Used]] = defaultdict(list)
    used[KEEPER].append(_read(keeper))
    for process in find_processes(state):
        with suppress(psutil.Error, OSError):  # one that ended meanwhile
            used[process.environ().get(SERVICE_MARK, SUPERVISOR)].append(_read(process))
    return {
        name: Used(sum(each.cpu_seconds for each in many), dict(ChainMap(*(dict(each.wakeups) for each in many))))
        for name, many in used.items()
    }


def _read(process: psutil.Process) -> Used:
    times = process.cpu_times()
    wakeups: dict[int, int] = {}
    for file in Path(f"/proc/{process.pid}/task").glob("*/status"):
        with suppress(OSError):
            told = file.read_text(encoding="ascii").partition("\nvoluntary_ctxt_switches:")[2]
            wakeups[int(file.parent.name)] = int(told.split()[0])
    return Used(times.user + times.system + times.children_user + times.children_system, wakeups)


@contextmanager
def _running(folder: Path, home: Path | None) -> Iterator[tuple[Path, float | None]]:
    """The home of a stack, and how long its start took."""
    if home is not None:
        yield home.absolute(), None
        return
    place = Place(folder)
    place.state.mkdir()
    settings = Settings(home=place.state, mlflow_tracking_uri=f"sqlite:///{place.state / 'mlflow' / 'mlflow.db'}")
    settings.mlflow_artifacts.mkdir(parents=True)
    version = register(settings, make_artefact(folder / "made"))
    open_registry(settings).point("cars", "production", version)
    began = time.monotonic()
    try:
        up = place.run("up", "--detach")
        assert up.returncode == 0, up.stderr
        yield place.state, round(time.monotonic() - began, 1)
    finally:
        place.run("down")


@contextmanager
def _open_page(state: Path) -> Iterator[None]:
    from playwright.sync_api import sync_playwright

    from pipelines.export.chromium import find_chromium

    endpoints = Endpoints.load(state / "endpoints.json")
    assert endpoints
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        try:
            browser.new_page().goto(f"{endpoints.dashboard_url}/live")
            yield
        finally:
            browser.close()


if __name__ == "__main__":
    main()
