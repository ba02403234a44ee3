"""Figures, and small networks that tell colours apart, for a gate to judge."""

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from pipelines.artefact import NETWORK_FILE, REFERENCE_FILE, ServingCard, digest_artefact
from pipelines.datasets.audit.findings import Audit, write_audit
from pipelines.datasets.shards import CLASS_NAMES_FILE, PreparedPicture, write_split
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import UnknownThresholds, fit_clouds, normalise_features
from pipelines.promotion.evidence import ClassPair, DatasetOrder, Evidence, Measured, Parity, VersionFigures
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client

COLOURS: Final = {"blue": (40, 40, 220), "green": (40, 220, 40), "red": (220, 40, 40)}
NAMES: Final = tuple(COLOURS)
TRAINED_ON: Final = hashlib.sha256(b"a training picture").hexdigest()


def figures(version: int, accuracy: float, **changes: Any) -> VersionFigures:
    return replace(
        VersionFigures(version, accuracy, ece=0.03, ece_by_chance=0.05, refused=6, knowable=200, milliseconds=5.0),
        **changes,
    )


def pair(better: int, worse: int, *, pictures: int = 200, **changes: Any) -> Measured:
    """Production version 1 is right on 160 of 200 pictures; the candidate, version 2, differs by these."""
    before = 0.8
    after = before + (better - worse) / pictures
    measured = Measured(pictures, 0, 0.3, figures(2, after), figures(1, before), better, worse, classes=())
    return replace(measured, **changes)


def evidence(measured: Any = None, **changes: Any) -> Evidence:
    """Of a candidate that no rule refuses, unless changed."""
    good = Evidence(
        classifier="cars",
        version=2,
        measured=pair(12, 2) if measured is None else measured,
        parity=Parity(2e-7, 1e-3),
        audit_errors=(),
        dataset=DatasetOrder("same", "0123abcd"),
    )
    return replace(good, **changes)


def first(accuracy: float) -> Evidence:
    """Of a first version that no rule refuses."""
    measured = Measured(100, 0, 0.5, figures(1, accuracy), None, 0, 0, ())
    return evidence(measured, version=1, dataset=DatasetOrder("first", ""))


def one_class(before: float, after: float, *, pictures: int = 20) -> ClassPair:
    gain = round((after - before) * pictures)
    return ClassPair("bmw", pictures, after, before, max(0, gain), max(0, -gain))


def make_workspace(folder: Path, classifier: str, *, pictures: int = 30, audit: Audit | None = None) -> Path:
    """A workspace with a prepared test split of plain colours, in equal numbers, and its audit."""
    prepared = folder / "data" / "prepared" / classifier
    prepared.mkdir(parents=True)
    (prepared / CLASS_NAMES_FILE).write_text(json.dumps(NAMES), encoding="utf-8")
    made = [_make_picture(number) for number in range(pictures)]
    write_split(prepared, "test", made, len(made), 100)
    write_audit(prepared, audit or Audit(pictures, len(NAMES), 0, ()))
    (folder / "params.yaml").write_text(f"classifiers: {{{classifier}: {{}}}}\n", encoding="utf-8")
    return folder


def make_colour_model(
    folder: Path, classifier: str, *, blind_to: str | None = None, sharpness: float = 0.02, seen: str = TRAINED_ON
) -> Path:
    """An artefact whose network finds the strongest colour; what it is blind to it calls by the next name.

    Another `sharpness` gives other bytes and the same labels.
    """
    import openvino as ov
    from openvino import opset13 as ops

    artefact = folder / f"{classifier}-{blind_to}-{sharpness}"
    file = artefact / NETWORK_FILE
    file.parent.mkdir(parents=True)
    weights = np.array([COLOURS[name] for name in NAMES], np.float32).T * sharpness
    if blind_to is not None:
        lost = NAMES.index(blind_to)
        weights[:, (lost + 1) % len(NAMES)] += weights[:, lost] * 1.5
        weights[:, lost] = 0
    pixels = ops.parameter([-1, 16, 16, 3], ov.Type.u8)
    colour = ops.reduce_mean(ops.convert(pixels, "f32"), np.array([1, 2], np.int64))
    probabilities = ops.softmax(ops.matmul(colour, weights, False, False), 1)
    ov.save_model(ov.Model([ops.result(probabilities), ops.result(colour)], [pixels]), file, compress_to_fp16=False)
    features = normalise_features(np.array([COLOURS[name] for name in NAMES], np.float32))
    labels = np.arange(len(NAMES))
    reference = Reference(features, labels, (seen,) * len(NAMES), fit_clouds(features, labels))
    reference.save(artefact / REFERENCE_FILE)
    thresholds = UnknownThresholds(0, 1, 0, 1e9, 2)
    ServingCard(classifier, NAMES, 16, "squash", "0" * 32 + ".dir", unknown=thresholds).save(artefact)
    return artefact


def register_model(settings: Settings, artefact: Path, classifier: str, *, parity: float | None = 1e-7) -> int:
    """A version with a run that tells its parity, unless that is None."""
    client = open_client(settings)
    run_id = client.create_run(ensure_experiment(client, settings, classifier)).info.run_id
    if parity is not None:
        client.log_metric(run_id, "parity_max_difference", parity)
    digest = digest_artefact(artefact)
    model_id = log_model(client, run_id, artefact, digest)
    tags = {"vigia.sha256": digest, "vigia.dataset.md5": "d" * 32 + ".dir"}
    return open_registry(settings).register(classifier, model_id, run_id, tags)


def _make_picture(number: int) -> PreparedPicture:
    label = number % len(NAMES)
    noise = np.random.default_rng(number).integers(-20, 20, (16, 16, 3))
    pixels = np.clip(np.array(COLOURS[NAMES[label]]) + noise, 0, 255).astype(np.uint8)
    stream = BytesIO()
    PillowImage.fromarray(pixels).save(stream, "PNG")
    encoded = stream.getvalue()
    return PreparedPicture(f"{NAMES[label]}/{number}.png", hashlib.sha256(encoded).hexdigest(), label, encoded)
