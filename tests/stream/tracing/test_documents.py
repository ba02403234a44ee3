import json
from pathlib import Path

from stream.store import PredictionStore
from stream.tracing.documents import describe_frame_trace, describe_model_trace
from stream.tracing.traces import trace_model
from tests.pipelines.test_ancestry import FakeRegistry
from tests.stream.tracing.test_traces import ANSWER, LOADED, book_of, trace
from tests.stream.tracing.test_traces import store as store
from tests.stream.tracing.test_traces import workspace as workspace


def test_the_document_has_the_keys_of_the_contract_and_is_json(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)

    document = json.loads(json.dumps(describe_frame_trace(trace(store, workspace))))

    assert {"frame", "prediction", "model", "run", "dataset", "code", "nearest"} <= document.keys()
    assert document["frame"]["sha256"] == ANSWER.image_sha256
    assert (document["frame"]["topic"], document["frame"]["partition"], document["frame"]["offset"]) == (
        "taller_camara_stream", 2, 17,
    )  # fmt: skip
    assert document["prediction"]["label"] == "Volvo"
    assert document["prediction"]["latency_seconds"] == 0.02
    assert document["prediction"]["precision"] == "bf16"
    assert (document["model"]["version"], document["model"]["alias"]) == (2, "production")
    assert document["run"]["params"]["plan.seed"] == "7"
    assert document["run"]["environment"]["lock_sha256"] == document["code"]["lock_sha256"] == "9" * 64
    assert document["dataset"]["pictures"] == 1
    assert [each["origin"] for each in document["nearest"]] == ["holiday/1.jpg", None]


def test_the_document_of_a_version_counts_by_camera_day_and_worker(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)

    document = json.loads(
        json.dumps(describe_model_trace(trace_model(store, FakeRegistry(), book_of(store), workspace, "cars", 2)))
    )

    assert {"model", "run", "dataset", "code", "parents", "served"} <= document.keys()
    served = document["served"]
    assert (served["predictions"], served["cameras"], served["days"]) == (1, {"gate": 1}, {"2025-06-01": 1})
    assert served["workers"] == {"here/worker-1": 1}
    assert served["events"][0]["event"] == "swapped"
    assert document["parents"][0]["version"] == 1
