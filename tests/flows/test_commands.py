from flows.commands import describe_outcome, tell_outcome
from flows.training import TrainingOutcome
from pipelines.promotion.rules import PromotionDecision

METRICS = {"accuracy": 0.91, "macro_f1": 0.9, "log_loss": 0.3, "ece": 0.02, "majority_share": 0.5, "pictures": 240.0}


def outcome(*, promoted: bool) -> TrainingOutcome:
    decision = PromotionDecision(promoted, ("macro-F1 0.900 against 0.880",))
    return TrainingOutcome("cars", "run", 4, METRICS, decision, promoted, seconds=61.2)


def test_the_document_has_the_keys_of_the_contract() -> None:
    document = describe_outcome(outcome(promoted=True))

    assert {"run_id", "model_version", "metrics", "gate", "promoted", "seconds"} <= set(document)
    assert document["gate"] == {"passed": True, "reasons": ["macro-F1 0.900 against 0.880"]}


def test_the_sentence_says_what_became_of_the_version_and_why() -> None:
    assert "stays a candidate: macro-F1 0.900 against 0.880" in tell_outcome(outcome(promoted=False))
    assert "serves as production" in tell_outcome(outcome(promoted=True))
