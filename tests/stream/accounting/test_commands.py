import json
from typing import Any

import pytest
from typer.testing import CliRunner

from stream.accounting import reconciliation
from stream.accounting.equation import Offsets, account, describe_group
from stream.commands import app
from stream.ledger import Entry
from stream.messages import GROUP

READ = Entry(first_offset=0, next_offset=1200, stored=1190, dead=8, dropped=2)


def document_of(**committed: int) -> dict[str, Any]:
    """One partition of 1,205 frames for each group, acknowledged up to an offset."""
    groups = {
        name.replace("_", "-"): describe_group([account(3, Offsets(0, 1205, offset), READ)])
        for name, offset in committed.items()
    }
    return {**next(iter(groups.values())), "adds_up": all(g["adds_up"] for g in groups.values()), "groups": groups}


def run(monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], *words: str) -> Any:
    monkeypatch.setenv("VIGIA_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setattr(reconciliation, "reconcile", lambda bootstrap, store, verify: document)
    return CliRunner().invoke(app, ["frames", *words])


def test_frames_are_a_table_and_the_equation_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, document_of(vigia_worker=1200))

    assert done.exit_code == 0
    head, row, equation = done.stdout.splitlines()
    assert head.split() == ["partition", "produced", "stored", "dead", "dropped", "in", "flight"]
    assert row.split() == ["3", "1,205", "1,190", "8", "2", "5"]
    assert equation == "1,205 frames produced = 1,190 stored + 8 dead + 2 dropped + 5 in flight"


def test_what_does_not_add_up_is_one_error_line_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, document_of(vigia_worker=1203))

    assert done.exit_code == 1
    assert (
        "partition 3: offsets 1200 to 1202 are acknowledged and not in the ledger" in str(done.exception) + done.output
    )


def test_json_is_one_document_also_when_it_does_not_add_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGIA_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setattr(reconciliation, "reconcile", lambda bootstrap, store, verify: document_of(vigia_worker=1203))

    with pytest.raises(SystemExit, match="offsets 1200 to 1202"):
        app(["frames", "--json"], standalone_mode=False)

    document = json.loads(capsys.readouterr().out)
    assert (document["adds_up"], document["groups"][GROUP]["stored"]) == (False, 1190)


def test_several_groups_have_an_equation_each(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, document_of(vigia_worker=1200, vigia_worker_cars=1200))

    assert "consumer group vigia-worker-cars" in done.stdout
    assert done.stdout.count("frames produced =") == 2
