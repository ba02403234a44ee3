from pathlib import Path

import pytest

from pipelines.export.exporting import Exported, Order
from pipelines.export.measuring import Measured
from pipelines.export.parity import Parity
from pipelines.export_commands import describe_exported, tell_exported, tell_registered

KERAS = Measured("keras", Parity(0.0, 1.0, 115), 30.0, 31.0, 9_600_000)
TFJS = Measured("tfjs", Parity(1.4e-6, 1.0, 115), 29.0, 35.0, 9_000_000)
UNCHECKED = Measured("tfjs", None, None, None, 9_000_000, "no Chromium or Chrome on the PATH")


def test_the_document_is_of_the_format_that_was_asked_for() -> None:
    document = describe_exported(Exported(("/out/model.json",), (KERAS, TFJS), 15, 115))

    assert document["files"] == ["/out/model.json"]
    assert (document["parity"]["max_difference"], document["parity"]["top1_agreement"]) == (1.4e-6, 1.0)
    assert document["latency_ms"] == {"p50": 29.0, "p95": 35.0}
    assert [row["format"] for row in document["runtimes"]] == ["keras", "tfjs"]


def test_what_was_not_checked_has_no_figures_but_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    exported = Exported(("/out/model.json",), (KERAS, UNCHECKED), 15, 115)

    parity = describe_exported(exported)["parity"]
    tell_exported(exported)

    assert (parity["max_difference"], parity["top1_agreement"], parity["pictures"]) == (None, None, 0)
    assert parity["not_checked"] == "no Chromium or Chrome on the PATH"
    last = capsys.readouterr().out.splitlines()[-1]
    assert "not checked" in last
    assert "no Chromium" in last


def test_what_became_of_register_is_said() -> None:
    order = Order("cars", 3, "openvino", Path("out"), True, Path("data"), Path("tools"), 1e-3, "int8")

    assert tell_registered(order, 4) == "version 4 serves in int8; put it in force with `vigia promote cars 4`"
    assert tell_registered(order, None) == "nothing was registered: version 3 serves in int8 already"


def test_the_table_has_a_line_a_runtime(capsys: pytest.CaptureFixture[str]) -> None:
    tell_exported(Exported((), (KERAS, TFJS), 15, 115))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "against Keras on 115 pictures, 15 of them golden; one thread"
    assert lines[3].split() == ["tfjs", "1.4e-06", "100.00%", "9.0", "29.00", "35.00"]
