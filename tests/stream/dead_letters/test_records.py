from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from stream.dead_letters import records
from stream.dead_letters.records import Choice, StoredLetter, find_letter, find_letters
from stream.messages import DeadLetter, Position
from stream.store import PredictionStore
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}", retry_seconds=5)
    store.migrate()
    return store


def letter(offset: int, **changes: object) -> DeadLetter:
    return replace(
        LETTER,
        position=Position("t", 0, offset),
        created_at=NOON + offset * MINUTE,
        **changes,  # type: ignore[arg-type]  # fields of DeadLetter
    )


def stored(store: PredictionStore, offset: int) -> StoredLetter:
    found = find_letter(store, Position("t", 0, offset))
    assert found is not None
    return found


def offsets(letters: list[StoredLetter]) -> list[int]:
    return [each.position.offset for each in letters]


def test_a_letter_comes_back_as_it_was_and_stays_replayed_when_it_is_delivered_again(store: PredictionStore) -> None:
    store.store_batch([], [LETTER])
    assert records.claim(store, {LETTER.position: "ab"}, {0: 70}, NOON) == {LETTER.position}
    records.mark_replayed(store, {LETTER.position: 77}, NOON)

    store.store_batch([], [replace(LETTER, reason="outside_limits")])

    found = stored(store, 4)
    assert found.letter == replace(LETTER, reason="outside_limits")
    assert (found.replayed_at, found.replayed_as) == (NOON, Position("t", 0, 77))
    assert (found.replay_id, found.replay_claimed_at, found.replay_from) == ("ab", NOON, 70)
    assert records.find_origin(store, Position("t", 0, 77)) == LETTER.position
    assert find_letter(store, Position("t", 0, 5)) is None


def test_letters_are_found_newest_or_oldest_first_up_to_the_limit(store: PredictionStore) -> None:
    store.store_batch([], [letter(number) for number in range(5)])

    assert offsets(find_letters(store, Choice(), limit=2)) == [4, 3]
    assert offsets(find_letters(store, Choice(), newest_first=False)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(reason="not_json"), [1]),
        (Choice(stage="schema"), [1]),
        (Choice(camera_id="gate"), [2]),
        (Choice(since=NOON + 2 * MINUTE), [2, 3]),
        (Choice(until=NOON + 2 * MINUTE), [0, 1]),
        (Choice(since=NOON + MINUTE, until=NOON + 3 * MINUTE), [1, 2]),
        (Choice(positions=(Position("t", 0, 3), Position("t", 0, 0), Position("t", 1, 1))), [0, 3]),
        (Choice(positions=(Position("t", 0, 3),), reason="not_json"), []),
        (Choice(camera_id="'; DROP TABLE dead_letters; --"), []),
    ],
)
def test_letters_are_chosen_by_id_reason_stage_camera_and_time(
    store: PredictionStore, choice: Choice, expected: list[int]
) -> None:
    store.store_batch([], [letter(0), letter(1, reason="not_json", stage="schema"), letter(2, camera_id="gate")])
    store.store_batch([], [letter(3)])

    assert offsets(find_letters(store, choice, newest_first=False)) == expected


def test_of_two_who_claim_a_letter_one_gets_it(store: PredictionStore) -> None:
    store.store_batch([], [letter(0), letter(1)])

    first = records.claim(store, {Position("t", 0, 0): "aa"}, {0: 9}, NOON)
    second = records.claim(store, {Position("t", 0, 0): "bb", Position("t", 0, 1): "cc"}, {0: 9}, NOON)

    assert first == {Position("t", 0, 0)}
    assert second == {Position("t", 0, 1)}
    assert stored(store, 0).replay_id == "aa"


def test_a_letter_that_was_replayed_is_never_claimed_again_and_one_that_was_released_is(store: PredictionStore) -> None:
    store.store_batch([], [letter(0), letter(1)])
    both = {Position("t", 0, 0): "aa", Position("t", 0, 1): "bb"}
    records.claim(store, both, {0: 9}, NOON)
    records.mark_replayed(store, {Position("t", 0, 0): 9}, NOON)
    records.release(store, [Position("t", 0, 1)])

    again = records.claim(store, dict.fromkeys(both, "zz"), {0: 9}, NOON)

    assert again == {Position("t", 0, 1)}


def test_of_two_who_take_an_interrupted_replay_over_one_gets_it(store: PredictionStore) -> None:
    store.store_batch([], [letter(0)])
    records.claim(store, {Position("t", 0, 0): "aa"}, {0: 9}, NOON)
    interrupted = stored(store, 0)

    assert records.take_over(store, interrupted, NOON + 5 * MINUTE)
    assert not records.take_over(store, interrupted, NOON + 6 * MINUTE)
    assert stored(store, 0).replay_id == "aa", "under the same id, by which its message is found"


def test_only_the_chosen_rows_are_deleted(store: PredictionStore) -> None:
    store.store_batch([], [letter(0), letter(1, camera_id="gate"), letter(2)])

    assert records.delete_letters(store, Choice(camera_id="gate")) == 1
    assert offsets(find_letters(store, Choice())) == [2, 0]


def test_what_became_of_messages_is_found_in_any_number(store: PredictionStore) -> None:
    at = PREDICTION.position
    positions = [Position(at.topic, at.partition, offset) for offset in range(500)]
    store.store_batch(
        [replace(PREDICTION, position=positions[0]), replace(PREDICTION, position=positions[0], classifier="simpsons")],
        [replace(LETTER, position=positions[499])],
    )

    assert records.find_answers(store, positions) == {positions[0]: ("cars", "simpsons")}
    assert list(records.find_dead(store, positions)) == [positions[499]]
