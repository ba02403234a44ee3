"""The service `shadow` comes and goes with the file that says that it is wanted."""

from pathlib import Path

import pytest

from deploy.plan import Service, Stack, load_stack, plan_file, run_folder, save_stack
from deploy.records import Record, load_record, save_record
from deploy.services import with_workers
from deploy.shadow import change_lock, follow_wish, want_shadow, wanted_file, with_shadow
from stream.shadow.challenging import wanted_file as written_file
from stream.shadow.worker import shadow_file


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    def worker(name: str) -> Service:
        return Service(name, ("python",), f"heartbeat:/{name}", needs=("kafka",))

    kafka, cameras = Service("kafka", ("java",), "kafka://x"), Service("cameras", ("python",), "heartbeat:/c")
    stack = Stack(tmp_path, tmp_path, "127.0.0.1", (kafka, worker("worker-1"), worker("worker-cars-1"), cameras))
    save_stack(stack)
    return stack


def test_both_sides_mean_the_same_files(tmp_path: Path, stack: Stack) -> None:
    assert wanted_file(tmp_path) == written_file(tmp_path)
    assert with_shadow(stack, wanted=True).service("shadow").ready == f"heartbeat:{shadow_file(tmp_path, 1)}"


def test_a_stack_has_a_shadow_while_it_is_wanted_and_pays_for_none_before(tmp_path: Path, stack: Stack) -> None:
    assert follow_wish(stack) is stack
    want_shadow(tmp_path)
    grown = follow_wish(stack)
    save_record(tmp_path, "shadow", Record(1, 2.0))

    assert grown.names == ("kafka", "worker-1", "worker-cars-1", "shadow", "cameras")
    assert grown.service("shadow").command[1:] == ("-m", "vigia", "worker", "--role", "shadow")
    assert grown.service("shadow").needs == ("kafka",)
    assert load_stack(plan_file(tmp_path)) == grown
    assert "[program:shadow]" in (run_folder(tmp_path) / "supervisord.conf").read_text()
    assert follow_wish(grown) is grown

    wanted_file(tmp_path).unlink()
    assert follow_wish(grown) == stack
    assert load_record(tmp_path, "shadow") is None, "the next start is no restart"
    assert "[program:shadow]" not in (run_folder(tmp_path) / "supervisord.conf").read_text()


def test_scaling_leaves_the_shadow_alone(tmp_path: Path, stack: Stack) -> None:
    want_shadow(tmp_path)

    assert with_workers(follow_wish(stack), 2).names == (
        "kafka",
        "worker-1",
        "worker-2",
        "worker-cars-1",
        "shadow",
        "cameras",
    )


def test_a_plan_that_another_command_is_changing_is_followed_later(tmp_path: Path, stack: Stack) -> None:
    want_shadow(tmp_path)
    with change_lock(tmp_path):
        assert follow_wish(stack) is stack
    assert "shadow" in follow_wish(stack).names


def test_a_stack_without_workers_has_no_shadow(tmp_path: Path) -> None:
    want_shadow(tmp_path)
    alone = Stack(tmp_path, tmp_path, "127.0.0.1", (Service("prefect", ("python",), "http://x"),))

    assert follow_wish(alone) is alone
