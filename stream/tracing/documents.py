"""A trace as the one document of `vigia trace --json`."""

from collections import Counter
from typing import Any

from pipelines.ancestry import Ancestry
from stream.messages import Prediction
from stream.tracing.queries import ServedCount
from stream.tracing.traces import FrameTrace, ModelTrace, NearPicture

Document = dict[str, Any]


def describe_frame_trace(trace: FrameTrace) -> Document:
    """Keys `frame, prediction, model, run, dataset, code`, and `nearest, also, notes`."""
    prediction, held = trace.prediction, trace.held
    behind = _describe_ancestry(trace.ancestry)
    behind["model"] |= {
        "alias": held.alias,
        "alias_since": _iso(held.since),
        "alias_until": _iso(held.until),
        "alias_known_from": held.known_from,
    }
    return {
        "frame": {
            "frame_id": prediction.frame_id,
            "topic": prediction.position.topic,
            "partition": prediction.position.partition,
            "offset": prediction.position.offset,
            "camera_id": prediction.camera_id,
            "image_name": prediction.image_name,
            "sha256": prediction.image_sha256,
            "captured_at": _iso(prediction.captured_at),
            "received_at": _iso(prediction.received_at),
            "kept": [{"reason": kept.reason, "store": kept.store, "path": kept.path} for kept in trace.kept],
        },
        "prediction": {
            "classifier": prediction.classifier,
            "role": prediction.role,
            "model_version": prediction.model_version,
            "precision": prediction.precision,
            "label": prediction.label,
            "confidence": prediction.confidence,
            "top": [list(pair) for pair in prediction.top],
            "decision": prediction.decision,
            "predicted_at": _iso(prediction.predicted_at),
            "latency_seconds": round((prediction.predicted_at - prediction.received_at).total_seconds(), 4),
            "worker": prediction.worker,
            "consensus": {
                "label": prediction.consensus_label,
                "confidence": prediction.consensus_confidence,
                "frames": prediction.consensus_frames,
                "policy": prediction.consensus_policy,
            },
        },
        **behind,
        "nearest": [_describe_picture(picture) for picture in trace.nearest],
        "also": [_describe_other(other) for other in trace.also],
        "notes": list(trace.notes),
    }


def describe_model_trace(trace: ModelTrace) -> Document:
    """Keys `model, run, dataset, code, parents, served`."""
    return {
        **_describe_ancestry(trace.ancestry),
        "parents": [{"version": parent.version, "relation": parent.relation} for parent in trace.parents],
        "served": {
            "predictions": sum(each.predictions for each in trace.served),
            "first_at": _iso(min((each.first_at for each in trace.served), default=None)),
            "last_at": _iso(max((each.last_at for each in trace.served), default=None)),
            "cameras": sum_by(trace.served, "camera_id"),
            "days": sum_by(trace.served, "day"),
            "workers": sum_by(trace.served, "worker"),
            "events": [
                {
                    "at": _iso(event.at),
                    "worker": event.worker,
                    "role": event.role,
                    "event": event.event,
                    "from_version": event.from_version,
                    "detail": event.detail,
                }
                for event in trace.events
            ],
        },
    }


def sum_by(counts: tuple[ServedCount, ...], field: str) -> dict[str, int]:
    """Predictions by camera, worker or day, in their order."""
    total: Counter[str] = Counter()
    for each in counts:
        total[getattr(each, field)] += each.predictions
    return dict(sorted(total.items()))


def _describe_ancestry(ancestry: Ancestry) -> Document:
    model, run, code, environment = ancestry.model, ancestry.run, ancestry.code, ancestry.environment
    return {
        "model": {
            "classifier": model.classifier,
            "version": model.version,
            "sha256": model.tags.get("vigia.sha256"),
            "precision": model.tags.get("vigia.precision"),
            "made_from": model.tags.get("vigia.made_from"),
            "registered_at": _iso(model.created_at),
            "aliases_now": list(model.aliases),
            "gate": model.tags.get("vigia.gate"),
        },
        "run": {
            "run_id": run.run_id,
            "name": run.name,
            "experiment_id": run.experiment_id,
            "status": run.status,
            "started_at": _iso(run.started_at),
            "ended_at": _iso(run.ended_at),
            "params": dict(run.params),
            "params_sha256": model.tags.get("vigia.params.sha256"),
            "metrics": dict(run.metrics),
            "environment": {
                "lock_sha256": environment.lock_sha256,
                "python": environment.python,
                "processor": environment.processor,
                "libraries": dict(environment.libraries),
                "weights_sha256": environment.weights_sha256,
            },
        },
        "dataset": {
            "path": ancestry.dataset.path,
            "md5": ancestry.dataset.md5,
            "commit": ancestry.dataset.commit,
            "pictures": ancestry.dataset.pictures,
        },
        "code": {
            "commit": code.commit,
            "dirty": code.dirty,
            "patch_sha256": code.patch_sha256,
            "lock_sha256": environment.lock_sha256,
            "in_repository": code.in_repository,
            "committed_at": code.committed_at,
            "subject": code.subject,
        },
    }


def _describe_picture(picture: NearPicture) -> Document:
    origin = picture.origin
    return {
        "sha256": picture.sha256,
        "likeness": picture.likeness,
        "file": origin.file if origin else None,
        "label": origin.label if origin else None,
        "origin": origin.origin if origin else None,
        "known_from": origin.known_from if origin else None,
    }


def _describe_other(other: Prediction) -> Document:
    return {
        "classifier": other.classifier,
        "role": other.role,
        "model_version": other.model_version,
        "precision": other.precision,
        "label": other.label,
        "confidence": other.confidence,
        "decision": other.decision,
        "topic": other.position.topic,
        "partition": other.position.partition,
        "offset": other.position.offset,
        "predicted_at": _iso(other.predicted_at),
    }


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
