"""The guard's two tables: which version went live when, and who acts on what was found. One clock: the database's."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from stream.guard.rules import Figure, Rule
from stream.store import ModelEvent, PredictionStore
from stream.tables import guard_verdicts, guard_watches, model_events

LEASE_SECONDS: Final = 60.0
WARN_AGAIN: Final = timedelta(days=1)
ROLLBACK: Final = "rollback"

Kind = Rule | Literal["rollback"]
Outcome = Literal["rolled_back", "overtaken", "no_previous", "warned"]


@dataclass(frozen=True, slots=True)
class Watch:
    """A version since it went live; the same for every worker."""

    classifier: str
    version: int
    activation: int
    """1, 2, ...: counts up each time another version of the classifier goes live."""
    age_seconds: float
    """When it was looked up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done and why; kept with the claim, for whoever takes it over."""

    words: str
    figures: tuple[Figure, ...] = ()
    to: int | None = None
    """The version to go back to."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Held by the one worker that acts."""

    id: str
    classifier: str
    activation: int
    kind: Kind
    version: int
    plan: Plan


class Watches:
    """Every method raises StoreError when the store is away."""

    def __init__(self, store: PredictionStore, worker: str) -> None:
        self._store = store
        self._worker = worker

    def open(self, classifier: str, version: int, before: int | None) -> Watch:
        """The watch over this version: the one that is open, else a new one.

        A worker that starts joins what runs already, so that its start begins no probation.
        """
        row = {
            "classifier": classifier,
            "version": version,
            "before_version": before,
            "opened_by": self._worker,
        }
        while True:
            try:
                return self._store.write(lambda connection: _join(connection, row))
            except IntegrityError:
                continue  # another worker opened it in this moment: joined in the next turn

    def claim(self, watch: Watch, kind: Kind, plan: Plan) -> Claim | None:
        """None where another worker acts, or one has acted: a rollback is for ever, a warning for a day."""
        claim = Claim(uuid.uuid4().hex, watch.classifier, watch.activation, kind, watch.version, plan)
        return claim if self._store.write(lambda connection: _take(connection, claim, self._worker)) else None

    def take_over(self, may_act: Callable[[str], bool] = lambda classifier: True) -> Claim | None:
        """A rollback that nobody finished, its worker died or the registry did: by now nobody may serve the version.

        The one that was tried longest ago, of the classifiers for which one may act.
        """
        claimed = guard_verdicts.c

        def write(connection: Connection) -> Claim | None:
            ended = and_(claimed.done_at.is_(None), claimed.lease_until < read_clock(connection))
            begun = select(guard_verdicts).where(claimed.kind == ROLLBACK, ended).order_by(claimed.lease_until)
            row = next((each for each in connection.execute(begun).all() if may_act(each.classifier)), None)
            if row is None:
                return None
            plan = Plan(row.words, tuple(Figure(**figure) for figure in row.figures), row.to_version)
            claim = Claim(uuid.uuid4().hex, row.classifier, row.activation, row.kind, row.version, plan)
            return claim if _take(connection, claim, self._worker) else None

        return self._store.write(write)

    def finish(self, claim: Claim, outcome: Outcome, words: str, event: ModelEvent | None) -> bool:
        """Write down what was done, with its event in the same transaction; False when the claim went to another."""

        def write(connection: Connection) -> bool:
            done = {"done_at": read_clock(connection), "outcome": outcome, "words": words}
            if connection.execute(update(guard_verdicts).where(_is_held(claim)).values(done)).rowcount < 1:
                return False
            if event is not None:
                connection.execute(insert(model_events), asdict(event))
            return True

        return self._store.write(write)

    def release(self, claim: Claim) -> None:
        """Its lease ends now. The plan stays: the alias may be moved already, and somebody must write that down."""

        def write(connection: Connection) -> None:
            ended = {"lease_until": read_clock(connection) - timedelta(seconds=1)}
            connection.execute(update(guard_verdicts).where(_is_held(claim)).values(ended))

        self._store.write(write)


def read_verdicts(store: PredictionStore, classifier: str | None = None) -> list[dict[str, Any]]:
    """What was decided, newest first."""
    wanted = select(guard_verdicts).order_by(guard_verdicts.c.lease_until.desc())
    if classifier:
        wanted = wanted.where(guard_verdicts.c.classifier == classifier)
    return [dict(row._mapping) for row in store.read(wanted)]


def read_watches(store: PredictionStore, classifier: str | None = None) -> list[dict[str, Any]]:
    """The latest of each classifier, by its name."""
    latest = (
        select(guard_watches.c.classifier, func.max(guard_watches.c.activation).label("activation"))
        .group_by(guard_watches.c.classifier)
        .subquery()
    )
    wanted = (
        select(guard_watches)
        .join(latest, and_(*(guard_watches.c[name] == latest.c[name] for name in ("classifier", "activation"))))
        .order_by(guard_watches.c.classifier)
    )
    if classifier:
        wanted = wanted.where(guard_watches.c.classifier == classifier)
    return [dict(row._mapping) for row in store.read(wanted)]


def read_clock(connection: Connection) -> datetime:
    """The database's own time: workers may disagree about theirs."""
    now: str | datetime = connection.execute(select(func.current_timestamp())).scalar_one()
    moment = datetime.fromisoformat(now) if isinstance(now, str) else now
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _join(connection: Connection, row: Mapping[str, Any]) -> Watch:
    now = read_clock(connection)
    table = guard_watches.c
    latest = connection.execute(
        select(guard_watches).where(table.classifier == row["classifier"]).order_by(table.activation.desc()).limit(1)
    ).first()
    if latest is not None and latest.version == row["version"]:
        age = max((now - latest.opened_at).total_seconds(), 0.0)
        return Watch(latest.classifier, latest.version, latest.activation, age)
    activation = 1 if latest is None else latest.activation + 1
    connection.execute(insert(guard_watches), {**row, "activation": activation, "opened_at": now})
    return Watch(row["classifier"], row["version"], activation, 0.0)


def _take(connection: Connection, claim: Claim, worker: str) -> bool:
    now, plan = read_clock(connection), claim.plan
    mine = {
        "claim_id": claim.id,
        "claimed_by": worker,
        "lease_until": now + timedelta(seconds=LEASE_SECONDS),
        "done_at": None,
        "words": plan.words,
        "figures": [asdict(figure) for figure in plan.figures],
        "to_version": plan.to,
    }
    row = {name: getattr(claim, name) for name in ("classifier", "activation", "kind", "version")}
    dialect = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    taking = dialect(guard_verdicts).values(row | mine).on_conflict_do_nothing().returning(guard_verdicts.c.claim_id)
    if connection.execute(taking).first():
        return True
    table = guard_verdicts.c
    free = and_(table.done_at.is_(None), table.lease_until < now)
    if claim.kind != ROLLBACK:
        free = or_(free, table.done_at < now - WARN_AGAIN)
    return connection.execute(update(guard_verdicts).where(_is(claim), free).values(mine)).rowcount > 0


def _is(claim: Claim) -> Any:
    table = guard_verdicts.c
    return and_(table.classifier == claim.classifier, table.activation == claim.activation, table.kind == claim.kind)


def _is_held(claim: Claim) -> Any:
    """Not by one who took it over."""
    return and_(_is(claim), guard_verdicts.c.claim_id == claim.id, guard_verdicts.c.done_at.is_(None))
