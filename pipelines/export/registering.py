"""A version in a lower precision, made of one in f32 without a training: registered beside it."""

import json
from collections.abc import Mapping
from typing import Final

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.export.exporting import Lowered, Order
from pipelines.own_models.recording import WISH_TAG
from pipelines.registry import (
    DECISION_TAG,
    GATE_TAG,
    MADE_FROM_TAG,
    PARITY_TAG,
    PRECISION_TAG,
    SHA256_TAG,
    Registry,
    parity_tag,
)
from pipelines.settings import Settings
from pipelines.tracking import log_model, open_client

OWN_TAGS: Final = (
    SHA256_TAG, GATE_TAG, DECISION_TAG, PARITY_TAG, PRECISION_TAG, MADE_FROM_TAG, WISH_TAG,
)  # fmt: skip
"""Beginnings of the tags that a version does not hand on."""


def register_lowered(settings: Settings, registry: Registry, order: Order, lowered: Lowered) -> int:
    """The new version, with alias `candidate` unless it serves already; its run is that of the one it is made from.

    The same bytes are never registered twice.
    """
    source = registry.version(order.classifier, order.version)
    digest = digest_artefact(lowered.artefact)
    model_id = log_model(open_client(settings), source.run_id, lowered.artefact, digest)
    precision = ServingCard.load(lowered.artefact).precision
    tags = hand_on(source.tags) | {
        SHA256_TAG: digest,
        PRECISION_TAG: precision,
        MADE_FROM_TAG: str(order.version),
        parity_tag("openvino", precision): json.dumps(lowered.figures),
    }
    made = registry.register(order.classifier, model_id, source.run_id, tags)
    if registry.version_of_alias(order.classifier, "production") != made:
        registry.point(order.classifier, "candidate", made)
    return made


def hand_on(tags: Mapping[str, str]) -> dict[str, str]:
    """Where a version comes from, and that it failed live: the network is the same. Not what was decided about it."""
    return {key: value for key, value in tags.items() if not key.startswith(OWN_TAGS)}
