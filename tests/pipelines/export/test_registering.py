import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.export.exporting import Lowered, Order
from pipelines.export.registering import hand_on, register_lowered
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from tests.stream.models.made_artefact import make_artefact


def test_a_version_hands_on_where_it_comes_from_and_that_it_failed_live_and_not_what_was_decided_about_it() -> None:
    tags = {
        "vigia.dataset.md5": "a.dir",
        "vigia.git.commit": "b",
        "vigia.origin": "net.keras",
        "vigia.sha256": "c",
        "vigia.gate": "passed: better",
        "vigia.decision": "{}",
        "vigia.guard": "red 60 of 60",
        "vigia.parity.onnx": "{}",
        "vigia.precision": "f32",
        "vigia.import.sha256": "d",
    }

    assert hand_on(tags) == {
        "vigia.dataset.md5": "a.dir",
        "vigia.git.commit": "b",
        "vigia.origin": "net.keras",
        "vigia.guard": "red 60 of 60",
    }


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    return make_artefact(tmp_path / "f32")


@pytest.fixture
def registry(settings: Settings, artefact: Path) -> Registry:
    """Version 1 of cars is production, in f32."""
    client, registry, digest = open_client(settings), open_registry(settings), digest_artefact(artefact)
    run_id = client.create_run(ensure_experiment(client, settings, "cars")).info.run_id
    client.log_metric(run_id, "parity_max_difference", 2e-7)
    tags = {"vigia.sha256": digest, "vigia.dataset.md5": "a.dir", "vigia.gate": "passed: better"}
    registry.register("cars", log_model(client, run_id, artefact, digest), run_id, tags)
    registry.point("cars", "production", 1)
    return registry


def test_a_lower_precision_is_a_version_of_its_own_beside_the_one_that_serves(
    settings: Settings, registry: Registry, artefact: Path, tmp_path: Path
) -> None:
    order = Order("cars", 1, "openvino", tmp_path / "out", True, tmp_path, tmp_path, 1e-3, "bf16")
    lower = Lowered(tmp_path / "bf16", {"max_difference": 0.01, "top1_agreement": 1.0})
    shutil.copytree(artefact, lower.artefact)
    replace(ServingCard.load(artefact), precision="bf16").save(lower.artefact)

    made = [register_lowered(settings, registry, order, lower) for _ in range(2)]

    assert made == [2, 2], "the same bytes are registered once"
    before, after = registry.version("cars", 1), registry.version("cars", 2)
    assert (before.aliases, after.aliases) == (("production",), ("candidate",))
    assert (before.precision({}), after.precision({})) == ("f32", "bf16")
    assert (after.run_id, after.tags["vigia.made_from"]) == (before.run_id, "1")
    assert after.tags["vigia.dataset.md5"] == "a.dir"
    assert "vigia.gate" not in after.tags
    assert json.loads(after.tags["vigia.parity.openvino-bf16"])["max_difference"] == 0.01
    assert ServingCard.load(registry.download("cars", 2, tmp_path / "again")).precision == "bf16"
