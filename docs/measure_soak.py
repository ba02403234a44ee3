"""A long run with kills: `python -m docs.measure_soak --hours 2 --cameras 4 --fps 10 --kill-every 300 --out FILE.json`.

A real Kafka, two real workers that serve a network trained on drawn cars, and the real cameras process play folders.
Worker 1 is killed with -9 again and again, every sixth time the broker instead; worker 2 and the cameras live all the
time. What is known so far is written to FILE every minute, each sample to FILE with the ending `.samples.jsonl`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from PIL import Image as PillowImage

from docs.soak.run import Soak, SoakPlan

ROOT = Path(__file__).parents[1]


def train_cars(folder: Path, home: Path) -> Path:
    """A network of drawn cars in the registry of `home`, trained in a clone; the pictures it was trained on."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    for key, value in (("user.name", "soak"), ("user.email", "soak@example.org")):
        subprocess.run(["git", "config", key, value], cwd=clone, check=True)
    environment = os.environ | {"VIGIA_HOME": str(home), "VIGIA_PORTS": "auto"}
    for words in (("data", "sample", "cars"), ("train", "cars")):
        command = [sys.executable, "-m", "vigia", *words]
        subprocess.run(command, cwd=clone, env=environment, check=True, stdout=sys.stderr)
    return clone / "data" / "raw" / "cars"


def shrink_pictures(source: Path, into: Path) -> Path:
    """Small ones, so that what takes the time is the way of a frame and not its decoding."""
    for file in sorted(source.rglob("*.jpg")):
        target = into / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with PillowImage.open(file) as picture:
            picture.resize((96, 64)).save(target, "JPEG", quality=90)
    return into


def serve_command(slot: int) -> Sequence[str]:
    return (sys.executable, "-m", "vigia", "worker", "--slot", str(slot))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--kill-every", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--warm-up", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--home", type=Path, help="a folder to work in; it stays")
    parser.add_argument("--pictures", type=Path, help="with --home: what a model that is in its registry is shown")
    options = parser.parse_args()
    with ExitStack() as stack:
        work = Path(options.home or stack.enter_context(tempfile.TemporaryDirectory(prefix="vigia-soak-"))).absolute()
        home = work / "home"
        home.mkdir(parents=True, exist_ok=True)
        pictures = shrink_pictures(options.pictures or train_cars(work, home), work / "pictures")
        plan = SoakPlan(options.hours * 3600, options.cameras, options.fps, options.kill_every, options.warm_up)
        soak = Soak(plan, home, pictures.absolute(), options.out.absolute(), serve_command)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: soak.stop.set())
        print(json.dumps(soak.run(), indent=1))


if __name__ == "__main__":
    main()
