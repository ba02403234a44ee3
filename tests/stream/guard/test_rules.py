from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.guard_params import GuardParams
from stream.guard.rules import (
    Known,
    Live,
    Rule,
    Said,
    judge,
    judge_broken,
    label_shift,
    measure,
    variety_lost,
)

LIMITS = GuardParams()
ALIKE = {"red": 1 / 3, "green": 1 / 3, "blue": 1 / 3}
WELL = Live(frames=90, labels={"red": 30, "green": 30, "blue": 30}, milliseconds=4.0)
KNOWN = Known(ALIKE, pictures=200, unknown_share=0.03, milliseconds=4.0)

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 200), min_size=1)


def beyond(live: Live, known: Known = KNOWN) -> list[Rule]:
    return [figure.rule for figure in measure(live, known, LIMITS) if figure.of_limit > 1]


def test_a_version_that_does_as_in_its_validation_is_beyond_no_limit() -> None:
    assert beyond(WELL) == []


def test_few_frames_say_nothing() -> None:
    assert measure(Live(frames=39, failed=39), KNOWN, LIMITS) == ()


@pytest.mark.parametrize(
    ("rule", "live"),
    [
        ("errors", replace(WELL, failed=30, labels={"red": 20, "green": 20, "blue": 20})),
        ("unknown", replace(WELL, unknown=60)),
        ("labels", replace(WELL, labels={"red": 90})),
        ("latency", replace(WELL, milliseconds=60.0)),
    ],
)
def test_each_rule_has_its_failure(rule: Rule, live: Live) -> None:
    assert beyond(live) == [rule]


def test_a_version_that_fails_on_nearly_everything_is_judged_by_that_alone() -> None:
    assert [figure.rule for figure in measure(Live(frames=50, failed=45, labels={"red": 5}), KNOWN, LIMITS)] == [
        "errors"
    ]


def test_a_quick_version_is_not_slow_whatever_the_one_before_took() -> None:
    assert beyond(replace(WELL, milliseconds=15.0), replace(KNOWN, milliseconds=1.0)) == []


@pytest.mark.parametrize(
    "shares",
    [{"cat": 0.5, "dog": 0.5}, {"cat": 0.7, "dog": 0.3}, ALIKE, {str(n): 1 / 131 for n in range(131)}],
)
def test_one_class_only_is_as_far_as_can_be(shares: dict[str, float]) -> None:
    assert label_shift({next(iter(shares)): 60}, shares, 200) == 1.0


def test_one_class_only_is_usual_where_it_nearly_always_is() -> None:
    assert label_shift({"ok": 60}, {"ok": 0.97, "broken": 0.03}, 200) == 0.0


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(40, 400))
def test_frames_drawn_from_the_usual_mix_are_within_the_limit(seed: int, classes: int, frames: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(classes, 5.0))
    drawn = Counter(random.choice(classes, frames, p=shares).tolist())

    shift = label_shift(
        {str(label): count for label, count in drawn.items()},
        {str(label): float(share) for label, share in enumerate(shares)},
        200,
    )

    assert shift < LIMITS.max_label_shift


@given(counts, st.integers(2, 10))
def test_the_shift_lies_between_nothing_and_one_class_only(counted: dict[str, int], factor: int) -> None:
    shares = dict.fromkeys("abcdef", 1 / 6)

    shift = label_shift(counted, shares, None)

    assert 0 <= shift <= 1
    # the same mix of more frames is never less certain
    assert label_shift({name: count * factor for name, count in counted.items()}, shares, None) >= shift - 1e-9


@given(counts, counts)
def test_variety_is_lost_in_one_direction_at_most(first: dict[str, int], second: dict[str, int]) -> None:
    there, back = variety_lost(first, second), variety_lost(second, first)

    assert 0 <= there <= 1
    assert min(there, back) == 0
    assert variety_lost(first, first) == 0


@given(counts)
def test_names_do_not_matter_for_variety(counted: dict[str, int]) -> None:
    renamed = {name.upper(): count for name, count in counted.items()}

    assert variety_lost(renamed, counted) == 0


def said(answers: Sequence[str], *, unknown: int = 0, failed: int = 0, milliseconds: float | None = 4.0) -> Said:
    """The last ones failed."""
    given = [*answers[: len(answers) - failed], *[None] * failed]
    labels = Counter(answer for answer in given if answer is not None)
    return Said(len(answers), failed, unknown, labels, milliseconds, tuple(given))


COLOURS = ("red", "green", "blue") * 16
RED = ("red",) * 48
VARIED, ONE = said(COLOURS), said(RED)


@pytest.mark.parametrize(
    ("rule", "served", "witness", "fault"),
    [
        ("labels", ONE, VARIED, True),
        ("labels", ONE, ONE, False),  # it is the scene
        ("labels", ONE, said(("green",) * 48), False),  # each has its name for it
        ("labels", ONE, said(("red",) * 34 + ("green",) * 14), False),  # the one before was less sure
        ("labels", ONE, said(("red",) * 29 + ("green",) * 19), False),  # by 60 to 40 of few frames
        ("labels", said(("red",) * 64), said(("red", "green") * 32), True),
        ("labels", VARIED, ONE, False),
        ("labels", ONE, said(COLOURS, failed=10), False),  # the machine, or the frames
        ("labels", said(RED[:15]), said(COLOURS[:15]), False),  # too few to say
        ("unknown", said(COLOURS, unknown=45), VARIED, True),
        ("unknown", said(COLOURS, unknown=45), said(COLOURS, unknown=40), False),
        ("unknown", said(COLOURS, unknown=45), said(COLOURS[1:] + COLOURS[:1]), False),  # of nothing that they know
        ("unknown", said(COLOURS, unknown=45), ONE, False),  # one lorry before the camera
        ("latency", said(COLOURS, milliseconds=60.0), VARIED, True),
        ("latency", said(COLOURS, milliseconds=60.0), said(COLOURS, milliseconds=50.0), False),
        ("latency", VARIED, said(COLOURS, milliseconds=None), False),
        ("errors", said(RED[:8], failed=8), said(RED[:8]), True),
        ("errors", said(RED[:8], failed=8), said(RED[:8], failed=8), False),  # the frames
        ("errors", said(RED[:8], failed=1), said(RED[:8]), False),  # it passed by
        ("errors", said(RED[:3], failed=3), said(RED[:3]), False),
    ],
)
def test_the_version_before_decides_whose_fault_it_is(rule: Rule, served: Said, witness: Said, fault: bool) -> None:
    assert judge(rule, served, witness, KNOWN, KNOWN, LIMITS).fault is fault


def test_a_version_before_that_calls_nothing_unknown_cannot_tell() -> None:
    silent = replace(KNOWN, tells_unknown=False)

    assert not judge("unknown", said(COLOURS, unknown=45), VARIED, KNOWN, silent, LIMITS).fault


def test_a_version_before_that_is_known_to_err_often_accuses_nobody() -> None:
    # a quiet scene, answered rightly at last
    assert judge("labels", ONE, VARIED, KNOWN, KNOWN, LIMITS).fault
    assert not judge("labels", ONE, VARIED, KNOWN, replace(KNOWN, error=0.5), LIMITS).fault


@given(
    st.lists(st.sampled_from("abc"), min_size=4, max_size=64),
    st.sampled_from(["labels", "unknown", "latency", "errors"]),
    st.integers(0, 4),
)
def test_a_version_that_does_as_the_one_before_is_never_at_fault(answers: list[str], rule: Rule, failed: int) -> None:
    alike = said(answers, failed=failed, unknown=len(answers) - failed)

    assert not judge(rule, alike, alike, KNOWN, KNOWN, LIMITS).fault


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.5))
def test_a_good_version_on_a_scene_of_one_class_is_not_rolled_back_to_one_that_errs_as_known(
    seed: int, error: float
) -> None:
    random = np.random.default_rng(seed)
    wrong = random.random(64) < error
    others = [str(random.choice(["green", "blue"])) if each else "red" for each in wrong]

    verdict = judge("labels", said(("red",) * 64), said(others), KNOWN, replace(KNOWN, error=error), LIMITS)

    assert not verdict.fault


def test_a_version_that_answers_nothing_is_at_fault_when_the_one_before_answers_everything() -> None:
    assert judge_broken(Said(1, failed=1), Said(1)).fault
    assert not judge_broken(Said(2, failed=2), Said(2, failed=1)).fault
    assert not judge_broken(Said(2, failed=1), Said(2)).fault
    assert not judge_broken(Said(0), Said(0)).fault
