"""Setting the scene for a fault, running it, and judging: the same for the tests and for the table."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.stream.embedded_kafka import EmbeddedKafka, find_free_ports
from tests.stream.faults.faults import Fault
from tests.stream.faults.proxy import SlowProxy
from tests.stream.faults.scene import Outcome, Scene
from tests.stream.postgres import Postgres

DISK_BYTES = 8 << 20


def run_fault(fault: Fault, broker: EmbeddedKafka, home: Path, frames: int, **options: Any) -> Outcome:
    """One fault in a home of its own. `options` are more arguments of `fault.inject`."""
    home.mkdir(parents=True)
    with set_scene(fault, broker, home, frames) as scene:
        fault.begin(scene)
        fault.inject(scene, **options)
        return scene.finish()


@contextmanager
def set_scene(fault: Fault, broker: EmbeddedKafka, home: Path, frames: int) -> Iterator[Scene]:
    """The scene with what the fault needs; nothing has begun yet."""
    with ExitStack() as stack:
        needs: dict[str, Any] = {}
        if fault.needs == "slow broker":
            port, advertised = find_free_ports(2)
            needs["proxy"] = stack.enter_context(SlowProxy(advertised, port))
            own = EmbeddedKafka(home / "broker", port=port, advertised_port=advertised)
            broker = stack.enter_context(own)
        elif fault.needs == "postgresql":
            needs["postgres"] = stack.enter_context(Postgres())
            needs["database_url"] = needs["postgres"].url
        elif fault.needs == "small disk":
            stack.enter_context(small_disk(home / "store"))
        yield stack.enter_context(Scene(broker=broker, home=home, frames=frames, **fault.scene, **needs))


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of eight MiB mounted at the folder."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def can_mount(folder: Path) -> bool:
    """Whether this process may mount a small disk."""
    if shutil.which("mount") is None:
        return False
    probe = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(probe, capture_output=True).returncode != 0:
        return False
    subprocess.run(["umount", "-l", str(folder)], check=True)
    return True
