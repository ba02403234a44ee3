import json

import pytest

from pipelines.promotion.decisions import ModelDecision, make_decision


def test_a_decision_comes_back_from_its_tag_as_it_was() -> None:
    decision = make_decision("cars", 2, "forced", before=1, after=2, reasons=("“a”", "b"), note="señal", by="ana@pc")

    assert ModelDecision.parse(json.loads(decision.dump())) == decision


@pytest.mark.parametrize(
    ("event", "before", "after", "sentence"),
    [
        ("promoted", None, 2, "version 2 became production"),
        ("promoted", 1, 2, "version 2 became production, before it version 1"),
        ("refused", 1, 1, "version 2 was refused, production stays version 1"),
        ("refused", None, None, "version 2 was refused"),
        ("rolled_back", 2, 1, "rolled back to version 1, before it version 2"),
        ("overtaken", 1, 3, "version 2 was not promoted, another was quicker, production stays version 3"),
    ],
)
def test_a_decision_is_told_in_a_sentence(event: str, before: int | None, after: int | None, sentence: str) -> None:
    decision = make_decision("cars", 2, event, before=before, after=after)  # type: ignore[arg-type]

    assert decision.sentence() == sentence


def test_whoever_runs_the_process_decided() -> None:
    assert "@" in make_decision("cars", 2, "promoted", before=None, after=2).by
