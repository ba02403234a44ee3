from typing import Any

from deploy.guarded import say_guarded
from deploy.health import Health


def worker(version: int = 2, labels: float = 0.1, **changes: Any) -> Health:
    guard = {
        "version": version,
        "mode": "rollback",
        "watched_seconds": 40,
        "probation_seconds": 560,
        "figures": {
            "errors": {"value": 0.0, "limit": 0.2, "words": "", "alarm": False},
            "labels": {"value": labels, "limit": 0.5, "words": "", "alarm": labels > 0.5},
        },
        "found": {},
        **changes,
    }
    return Health("running", 1, None, 9.0, 0, True, "", {"fps": 1.0, "guard": {"cars": guard}})


def test_the_worst_figure_of_all_workers_is_told() -> None:
    assert say_guarded({"worker-1": worker(labels=0.1), "worker-2": worker(labels=0.3)}) == [
        "cars version 2: watched for 40 s, worst labels at 60% of its limit"
    ]


def test_what_was_found_is_told_once() -> None:
    found = {"labels": "it is the scene"}

    lines = say_guarded({"worker-1": worker(found=found), "worker-2": worker(found=found)})

    assert lines[0].count("it is the scene") == 1


def test_a_worker_that_still_serves_the_old_version_and_one_that_does_not_look_say_nothing() -> None:
    assert say_guarded({"worker-1": worker(1, labels=0.9), "worker-2": worker(2)})[0].startswith("cars version 2")
    assert say_guarded({"worker-1": worker(mode="off")}) == []
    assert say_guarded({"worker-1": worker(watched_seconds=None)}) == []
    assert say_guarded({"kafka": Health("running", 1, None, 9.0, 0, True, "")}) == []


def test_few_frames_are_said_to_be_few() -> None:
    assert say_guarded({"worker-1": worker(figures={})})[0].endswith("too few frames to judge")
