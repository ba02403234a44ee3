"""The whole machine's power cut, on the real stack: `python -m tests.stream.faults.power_cut [--frames N]`.

In a clone and a home of its own: the demo trains a model and its cameras play; in the middle of the frames every
process of the stack ends by SIGKILL in one go, the supervisor and its keeper too; `vigia up` brings all back.
Takes some minutes.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from deploy.keeper import pid_file
from deploy.processes import find_processes
from pipelines.settings import Endpoints
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC, GROUP
from tests.stream.faults.observer import Observer
from tests.stream.live import end_offsets
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="frames stored before the cut")
    frames = parser.parse_args().frames
    with tempfile.TemporaryDirectory(prefix="vigia-power-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder))
        try:
            print(json.dumps(cut_power(place, frames), indent=2))
        finally:
            place.kill_everything()
    return 0


class Place:
    """A clone and a home; commands run in it as a user would type them."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.home = folder / "home"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.clone)], check=True)
        for name, value in (("user.name", "Vigía"), ("user.email", "vigia@localhost")):
            subprocess.run(["git", "-C", str(self.clone), "config", name, value], check=True)
        self.environment = {**os.environ, "VIGIA_HOME": str(self.home), "VIGIA_PORTS": "auto"}

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "vigia", *arguments]
        return subprocess.Popen(command, cwd=self.clone, env=self.environment, start_new_session=True)

    def run(self, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "vigia", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.clone, env=self.environment, stdout=subprocess.PIPE, check=True)
        return dict(json.loads(done.stdout or b"{}"))

    def endpoints(self) -> Endpoints:
        found = Endpoints.load(self.home / "endpoints.json")
        assert found is not None, "the stack has written no endpoints"
        return found

    def kill_everything(self) -> int:
        """SIGKILL to all that belongs to the stack, before any of it can react; how many it were."""
        keeper = pid_file(self.home)
        pid = int(keeper.read_text()) if keeper.exists() else 0
        processes = [psutil.Process(pid)] if pid and psutil.pid_exists(pid) else []
        processes += find_processes(self.home)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        for process in processes:
            process.wait(20)
        return len(processes)


def cut_power(place: Place, frames: int) -> dict[str, Any]:
    url = f"sqlite:///{place.home / 'store' / 'vigia.db'}"
    demo = place.start("demo")
    wait_until(lambda: (place.home / "endpoints.json").exists(), timeout_seconds=120, what="the endpoints")
    bootstrap = place.endpoints().kafka_bootstrap
    observer = Observer(bootstrap, GROUP, url, dict.fromkeys(range(FRAMES_PARTITIONS), 0))
    observer.start()
    wait_until(lambda: observer.stored >= frames, timeout_seconds=600, what=f"{frames} frames stored")
    stored, cut_at = observer.stored, time.monotonic()
    demo.kill()
    killed = place.kill_everything()
    demo.wait()
    place.run("up", "--detach")
    up_seconds = time.monotonic() - cut_at
    sent = place.run("cameras", "--file", str(place.home / "demo" / "cameras.yaml"), "--once")["sent"]
    ends = {tp.partition: end for tp, end in end_offsets(bootstrap, FRAMES_TOPIC).items()}
    wait_until(lambda: observer.committed == ends, timeout_seconds=120, what=f"all of {ends} acknowledged")
    observer.stop()
    place.start("down").wait(60)
    total = sum(ends.values())
    return {
        "frames": total,
        "stored_before_the_cut": stored,
        "sent_after_it": sent,
        "processes_killed": killed,
        "lost": total - observer.stored,
        "committed_too_far": observer.violations,
        "looks": observer.turns,
        "seconds_to_a_healthy_stack": round(up_seconds, 1),
        "seconds_stood_still": round(observer.longest_gap(cut_at), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
