"""Faults of the prediction store: locked, moved, replaced, full, read-only, stopped."""

import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

from tests.stream.faults.scene import Scene, wait_for_exit
from tests.waiting import wait_until


def lock_store(scene: Scene) -> None:
    """Until the worker has given up and left."""
    scene.wait_for_more(scene.frames // 3)
    other = sqlite3.connect(store_file(scene), isolation_level=None, timeout=60)
    other.execute("BEGIN IMMEDIATE")
    scene.injecting()
    wait_for_exit(scene)
    other.execute("ROLLBACK")
    other.close()


def move_store_away(scene: Scene) -> None:
    """The folder is gone for a moment, and comes back before the worker gives up."""
    folder = store_file(scene).parent
    away = folder.with_name("away")
    scene.wait_for_more(scene.frames // 3)
    scene.look_also_at(away / "vigia.db")
    scene.injecting()
    folder.rename(away)
    scene.wait_for_word("is gone")
    away.rename(folder)


def replace_store(scene: Scene) -> None:
    """The folder is gone for good: what was stored is stored there, what comes lies in a new one."""
    folder = store_file(scene).parent
    gone = folder.with_name("gone")
    scene.wait_for_more(scene.frames // 3)
    scene.look_also_at(gone / "vigia.db")
    scene.injecting()
    folder.rename(gone)


def fill_disk(scene: Scene) -> None:
    """Until the worker has given up and left twice."""
    scene.wait_for_more(scene.frames // 3)
    filler = store_file(scene).parent / "filler"
    scene.injecting()
    _fill(filler)
    wait_for_exit(scene, times=2)
    filler.unlink()


def make_disk_read_only(scene: Scene) -> None:
    """A disk with files open for writing cannot be made so; the worker is killed and finds it that way."""
    disk = store_file(scene).parent
    scene.wait_for_more(scene.frames // 3)
    scene.injecting()
    scene.crew[0].hold()
    _remount(disk, "ro")
    scene.crew[0].start()
    scene.wait_for_word("readonly database", "Read-only file system")
    _remount(disk, "rw")


def stop_postgresql(scene: Scene) -> None:
    """Pulled out, and back when the worker has given up and left."""
    assert scene.postgres is not None
    scene.wait_for_more(scene.frames // 3)
    scene.injecting()
    scene.postgres.stop(signal.SIGQUIT)
    wait_for_exit(scene)
    scene.postgres.start()


def store_file(scene: Scene) -> Path:
    return Path(scene.database_url.removeprefix("sqlite:///"))


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue


def _remount(disk: Path, mode: str) -> None:
    mount = shutil.which("mount") or "mount"
    wait_until(
        lambda: subprocess.run([mount, "-o", f"remount,{mode}", str(disk)], capture_output=True).returncode == 0,
        timeout_seconds=60,
        what=f"the disk to be mounted {mode}",
    )
