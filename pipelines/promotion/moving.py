"""Aliases moved for a reason: one at a time, from the version that was expected, and written down."""

from collections.abc import Callable
from dataclasses import replace

from pipelines.errors import GateError
from pipelines.promotion.decisions import ModelDecision, make_decision
from pipelines.promotion.history import find_last_move, read_history
from pipelines.promotion.log_book import LogBook
from pipelines.registry import DECISION_TAG, GATE_TAG, Registry, promote, roll_back

# a decision's event as the first word of a version's gate tag
_GATE_WORDS = {"promoted": "passed", "refused": "refused", "forced": "forced"}


def move_to_production(registry: Registry, book: LogBook, decision: ModelDecision) -> None:
    """The decision's version becomes production, if `from_version` still is.

    Raises GateError for the one who comes second, saying who was quicker; nothing is moved then.
    """
    _move(registry, book, decision, lambda: promote(registry, decision.classifier, decision.version))


def move_back(registry: Registry, book: LogBook, classifier: str, note: str | None) -> ModelDecision:
    """Production and previous swap. Raises RegistryError when there is no previous version."""
    serving = registry.version_of_alias(classifier, "production")
    before = registry.version_of_alias(classifier, "previous")
    about = serving or before or 0
    decision = make_decision(classifier, about, "rolled_back", before=serving, after=before, note=note)
    move_back_as(registry, book, decision)
    return decision


def move_back_as(registry: Registry, book: LogBook, decision: ModelDecision) -> None:
    """Production and previous swap, if `from_version` still is production; else GateError, as `move_to_production`."""
    _move(registry, book, decision, lambda: roll_back(registry, decision.classifier))


def delete_version(registry: Registry, book: LogBook, classifier: str, version: int) -> None:
    """Raises GateError while the version holds an alias."""
    book.open()
    with book.alone(classifier):
        aliases = registry.version(classifier, version).aliases
        if aliases:
            raise GateError(
                f"Expected a version of {classifier} without an alias, version {version} is {' and '.join(aliases)}. "
                "Promote or train another one first; the alias moves then."
            )
        registry.delete(classifier, version)
    production = registry.version_of_alias(classifier, "production")
    book.write(make_decision(classifier, version, "deleted", before=production, after=production))


def keep_decision(registry: Registry, book: LogBook, decision: ModelDecision) -> None:
    """A row, tags on the version, and a note among the artifacts of its run."""
    _tag_version(registry, decision)
    _write_down(registry, book, decision)


def _tag_version(registry: Registry, decision: ModelDecision) -> None:
    words = _GATE_WORDS.get(decision.event)
    if words:
        said = decision.note if decision.event == "forced" else "; ".join(decision.reasons)
        registry.tag(decision.classifier, decision.version, GATE_TAG, f"{words}: {said}")
    registry.tag(decision.classifier, decision.version, DECISION_TAG, decision.dump())


def _write_down(registry: Registry, book: LogBook, decision: ModelDecision) -> None:
    version = registry.version(decision.classifier, decision.version)
    book.write(decision)
    registry.attach(version, f"decisions/{decision.at:%Y%m%dT%H%M%SZ}-{decision.event}.md", _write_note(decision))


def _move(registry: Registry, book: LogBook, decision: ModelDecision, move: Callable[[], object]) -> None:
    book.open()  # before anything moves: a log book that cannot be written is no surprise afterwards
    classifier = decision.classifier
    with book.alone(classifier):
        found = registry.version_of_alias(classifier, "production")
        if found == decision.from_version:
            _tag_version(registry, decision)  # before it moves: killed in between, the version still says why it serves
            move()
            # who keeps another log book did not wait for us
            found = registry.version_of_alias(classifier, "production")
            if found == decision.to_version:
                registry.tag_classifier(classifier, DECISION_TAG, decision.dump())
                _write_down(registry, book, decision)
                return
    keep_decision(registry, book, replace(decision, event="overtaken", to_version=found))
    raise GateError(_explain_overtaken(registry, book, decision, found))


def _explain_overtaken(registry: Registry, book: LogBook, decision: ModelDecision, found: int | None) -> str:
    last = find_last_move(read_history(registry, book, decision.classifier))
    who = f" ({last.sentence()}, by {last.by}, {last.at:%H:%M:%S} UTC)" if last and last.to_version == found else ""
    return (
        f"Expected production of {decision.classifier} to be version {decision.from_version or 'none'} still, as when "
        f"this was decided; it is version {found or 'none'}{who}. Look at `vigia models {decision.classifier}`, "
        "then decide again."
    )


def _write_note(decision: ModelDecision) -> str:
    lines = [
        f"# {decision.classifier}: {decision.sentence()}",
        "",
        f"{decision.at:%Y-%m-%d %H:%M:%S} UTC, by {decision.by}",
        "",
        *([f"> {decision.note}", ""] if decision.note else []),
        *(f"- {reason}" for reason in decision.reasons),
    ]
    return "\n".join(lines) + "\n"
