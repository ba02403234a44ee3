"""One look at Kafka and the store: every consumer group's frames, reconciled."""

from collections import Counter
from typing import Any

from stream.accounting.equation import Account, Offsets, Rows, account, describe_group
from stream.accounting.ledgers import Ledger, count_rows, read_ledger, role_of
from stream.accounting.offsets import read_offsets
from stream.ledger import Entry
from stream.messages import FRAMES_TOPIC, GROUP
from stream.store import PredictionStore


def reconcile(bootstrap: str, store: PredictionStore, *, verify: bool = False) -> dict[str, Any]:
    """The document of `vigia frames --json`: the main group's terms on top, every group's under its name.

    With `verify` the rows are counted, too. Raises BrokerError or StoreError when one of them is away.
    """
    groups = tuple(read_ledger(store, FRAMES_TOPIC)) or (GROUP,)
    ledger: Ledger = {}
    offsets = read_offsets(bootstrap, FRAMES_TOPIC, groups, lambda: ledger.update(read_ledger(store, FRAMES_TOPIC)))
    # rows of several groups of one role lie in the same tables, and none says whose it is
    roles = Counter(map(role_of, groups))
    counting = {group for group in groups if verify and roles[role_of(group)] == 1}
    described = {
        group: describe_group(
            _account_group(store, group, offsets.get(group, {}), ledger.get(group, {}), counting=group in counting)
        )
        for group in groups
    }
    main = described[GROUP if GROUP in described else groups[0]]
    return {
        **main,
        "adds_up": all(group["adds_up"] for group in described.values()),
        "verified": counting == set(groups),
        "consumer_group": GROUP if GROUP in described else groups[0],
        "groups": described,
    }


def _account_group(
    store: PredictionStore, group: str, offsets: dict[int, Offsets], ledger: dict[int, Entry], *, counting: bool
) -> list[Account]:
    def rows(partition: int) -> Rows | None:
        entry = ledger.get(partition)
        return count_rows(store, FRAMES_TOPIC, partition, entry, role=role_of(group)) if counting and entry else None

    return [
        account(partition, offsets.get(partition), ledger.get(partition), rows(partition))
        for partition in sorted({*offsets, *ledger})
    ]
