"""Check for disputed labels: pictures that look like another class. The one check that needs pretrained weights."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.audit.findings import Evidence
from pipelines.datasets.audit.labels.suspicion import NEIGHBOURS, Judgement, Suspect, judge_labels
from pipelines.datasets.audit.wording import say_count
from pipelines.datasets.manifest import ManifestRow
from pipelines.datasets.shards import PreparedPicture, read_split
from pipelines.datasets.threads import map_in_threads
from pipelines.images import Image, decode_image, resize_image
from pipelines.stage_params import AuditParams

if TYPE_CHECKING:
    from pipelines.features import FeatureExtractor

SIDE: Final = 160
"""Pixels the trunk looks at: of 3 % planted errors in cats and dogs it finds 0.98; with 128, 0.94; with 96, 0.86."""
DISPUTED_SHARE: Final = 0.06
"""At most this share of the pictures is disputed: nobody looks through more."""
UNRELIABLE: Final = 0.5
"""With fewer labels guessed right, the features do not see what tells the classes apart."""


def find_disputes(
    prepared: Path, rows: Sequence[ManifestRow], params: AuditParams, extractor: "FeatureExtractor"
) -> Evidence | None:
    """Pictures whose label the others dispute, the most suspicious first, with the label they propose."""
    names = sorted({row.label for row in rows})
    if len(names) < 2 or len(rows) <= NEIGHBOURS:
        return None
    judged, features = extract_features(prepared, rows, extractor)
    labels = np.array([names.index(row.label) for row in judged])
    judgement = judge_labels(features, labels, [row.group for row in judged])
    most = int(DISPUTED_SHARE * len(judged))
    chosen = [each for each in judgement.suspects if each.margin > params.dispute_margin][:most]
    return _report(judged, names, judgement, chosen) if chosen else None


def extract_features(
    prepared: Path, rows: Sequence[ManifestRow], extractor: "FeatureExtractor"
) -> tuple[list[ManifestRow], NDArray[np.float16]]:
    """The rows in the order of the shards, and (pictures, numbers) features of them; memory holds nothing else."""
    by_path = {row.path: row for row in rows}
    judged: list[ManifestRow] = []

    def look() -> Iterator[Image]:
        pictures = (picture for split in sorted({row.split for row in rows}) for picture in read_split(prepared, split))
        for path, image in map_in_threads(partial(_decode, extractor.side), pictures):
            judged.append(by_path[path])
            yield image

    features = np.empty((len(rows), *extractor.shape), np.float16)
    extractor.write_features(look(), features)
    return judged, features


def _decode(side: int, picture: PreparedPicture) -> tuple[str, Image]:
    return picture.file, resize_image(decode_image(picture.encoded), (side, side))


def _report(
    judged: Sequence[ManifestRow], names: Sequence[str], judgement: Judgement, chosen: Sequence[Suspect]
) -> Evidence:
    doubt = (
        f" Trust your eyes: only {judgement.accuracy:.0%} of all labels can be guessed from these features."
        if judgement.accuracy < UNRELIABLE
        else ""
    )
    return Evidence(
        f"{say_count(len(chosen), 'picture')} that to a pretrained network look like another class. Review the "
        f"suggestions, then apply them with `vigia data relabel`.{doubt}",
        count=len(chosen),
        files=tuple(judged[each.place].path for each in chosen),
        notes=tuple(
            f"labelled {judged[each.place].label}, neighbours say {names[each.proposed]} "
            f"({each.supporters} of {NEIGHBOURS})"
            for each in chosen
        ),
        proposals=tuple(names[each.proposed] for each in chosen),
    )
