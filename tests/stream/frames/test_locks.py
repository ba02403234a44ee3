import fcntl
import threading
from pathlib import Path

from stream.frames.locks import StoreLocks
from tests.stream.frames.places import KeptPlace
from tests.waiting import wait_until


def locks_of(place: KeptPlace, address: str = "here") -> StoreLocks:
    return StoreLocks(place.index.database.engine, address)


def test_any_number_keep_at_once(place: KeptPlace) -> None:
    with locks_of(place).shared(), locks_of(place).shared():
        pass


def test_one_process_sweeps_at_a_time(place: KeptPlace) -> None:
    with locks_of(place).sweeping() as first, locks_of(place).sweeping() as second:
        assert (first, second) == (True, False)
    with locks_of(place).sweeping() as third:
        assert third


def test_who_removes_waits_for_those_who_keep_and_lets_no_new_one_in_before(place: KeptPlace) -> None:
    done: list[str] = []

    def remove() -> None:
        with locks_of(place).alone():
            done.append("removed")

    def keep() -> None:
        with locks_of(place).shared():
            done.append("kept")

    remover, keeper = threading.Thread(target=remove), threading.Thread(target=keep)
    with locks_of(place).shared():
        remover.start()
        wait_until(lambda: _is_gate_taken(place), timeout_seconds=60, what="the remover to wait")
        keeper.start()
        assert done == []
    remover.join(60)
    keeper.join(60)

    assert done == ["removed", "kept"]


def _is_gate_taken(place: KeptPlace) -> bool:
    with Path(f"{place.index.database.engine.url.database}.kept-gate.lock").open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
