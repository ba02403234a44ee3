"""The faults: what is done to a scene, and when, in frames stored so far."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stream.faults.scene import Scene
from tests.stream.faults.worker import Failure


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name in the table, what happens, and what the scene needs for it."""

    name: str
    what: str
    inject: Callable[[Scene], None]
    scene: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1


def kill_again_and_again(scene: Scene) -> None:
    _signal_ten_times(scene, signal.SIGKILL)


def _signal_ten_times(scene: Scene, how: signal.Signals) -> None:
    for _ in range(10):
        scene.wait_for_more(scene.frames // 12)
        scene.injecting()
        scene.crew[0].send_signal(how)
        scene.crew[0].wait_for_restart()


FAULTS = (Fault("kill -9, ten times", "the only worker, at 60 frames a second", kill_again_and_again, {"rate": 60.0}),)
