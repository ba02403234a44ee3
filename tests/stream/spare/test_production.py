from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stream.ledger import FrameRead
from stream.messages import FRAMES_TOPIC, SHADOW_GROUP, Position
from stream.spare.production import MEMORY_SECONDS, Group, Look, Looks, build_look, is_behind, read_production
from stream.store import PredictionStore


def looks(*groups: Group, every_seconds: float = 0.5) -> list[Look]:
    return [Look(number * every_seconds, {"vigia-worker": group}) for number, group in enumerate(groups)]


def test_a_worker_that_has_a_few_batches_in_hand_is_not_behind() -> None:
    assert not is_behind(looks(Group(0, 0, 60), Group(50, 0, 60), Group(100, 0, 60)))


def test_frames_that_wait_longer_than_batches_in_hand_explain_mean_that_it_is_behind() -> None:
    assert is_behind(looks(Group(0, 0, 10), Group(50, 0, 200)))


def test_a_quick_worker_may_have_more_frames_waiting_for_the_same_time() -> None:
    assert not is_behind(looks(Group(0, 0, 150), Group(200, 0, 150)))


def test_a_worker_that_drops_frames_is_behind_however_few_wait() -> None:
    assert is_behind(looks(Group(0, 3, 5), Group(50, 4, 5)))
    assert not is_behind(looks(Group(0, 3, 5), Group(50, 4, 5), Group(100, 4, 5)))


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(2, 20))
def test_a_group_that_nobody_serves_is_never_behind(waiting: int, dropped: int, count: int) -> None:
    assert not is_behind(looks(*[Group(7, dropped, waiting)] * count))


def test_one_look_says_nothing() -> None:
    assert not is_behind(looks(Group(0, 0, 10_000)))


def test_what_was_more_than_ten_seconds_ago_says_nothing() -> None:
    looks = Looks()
    looks.add(Look(0.0, {"vigia-worker": Group(0, 0, 0)}))
    looks.add(Look(1.0, {"vigia-worker": Group(50, 0, 500)}))

    assert looks.add(Look(2.0, {"vigia-worker": Group(50, 0, 500)}))
    assert not looks.add(Look(2.0 + MEMORY_SECONDS, {"vigia-worker": Group(50, 0, 500)})), "nobody serves it any more"


def test_every_group_of_production_is_looked_at_and_the_shadow_s_is_not(tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    assert read_production(store) == {}
    store.migrate()
    for group, offset in (("vigia-worker", 10), ("vigia-worker-cars", 7), (SHADOW_GROUP, 99)):
        store.store_batch([], [], [FrameRead(Position(FRAMES_TOPIC, 2, offset), "skipped")], group=group)

    found = build_look(5.0, read_production(store), {2: 20})

    assert found == Look(5.0, {"vigia-worker": Group(11, 0, 9), "vigia-worker-cars": Group(8, 0, 12)})
    assert build_look(5.0, read_production(store), {}).groups["vigia-worker"].waiting == 0
