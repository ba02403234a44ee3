import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.inference import Inference, load_classifier
from pipelines.lookup.facts import RegisteredVersion
from stream.models.copies import Copies
from stream.models.loader import Loader
from stream.models.trial import try_version
from tests.stream.fakes import FakeClassifier, FakeRegistry, download_nothing, load_fake, try_nothing
from tests.stream.models.hostile import HOSTILE, SLOW, Hostile, digest_anything, make_hostile


@pytest.fixture
def version(tmp_path: Path) -> RegisteredVersion:
    return FakeRegistry(tmp_path / "registry.json").version("cars", 1)


def test_a_model_that_answers_nonsense_to_a_blank_picture_is_refused(
    version: RegisteredVersion, tmp_path: Path
) -> None:
    class Nonsense(FakeClassifier):
        def infer(self, images: object) -> Inference:
            return Inference(np.zeros((1, 7), np.float32), np.ones(1, bool))

    loader = Loader(Copies(tmp_path / "copies"), download_nothing, try_nothing, lambda *_: Nonsense())

    with pytest.raises(ModelError, match="shape"):
        loader.load(version)


def test_what_the_trial_refuses_is_never_loaded(version: RegisteredVersion, tmp_path: Path) -> None:
    loaded: list[Path] = []

    def refuse(folder: Path, classifier: str, number: int) -> None:
        raise ModelError("Expected a model that opens, what reads it died of SIGSEGV.")

    def load(folder: Path, classifier: str, number: int) -> FakeClassifier:
        loaded.append(folder)
        return load_fake(folder, classifier, number)

    with pytest.raises(ModelError, match="SIGSEGV"):
        Loader(Copies(tmp_path / "copies"), download_nothing, refuse, load).load(version)

    assert loaded == []


def test_what_served_here_last_is_neither_copied_nor_tried_again_unless_its_copy_was_damaged(
    version: RegisteredVersion, tmp_path: Path
) -> None:
    tried: list[int] = []
    copies = Copies(tmp_path / "copies")

    def remember(folder: Path, classifier: str, number: int) -> None:
        tried.append(number)

    def load() -> None:
        Loader(copies, download_nothing, remember, load_fake).load(version)
        copies.note(version)

    load()
    load()
    assert tried == [1]
    (tmp_path / "copies" / "cars" / "1" / "MLmodel").write_text("cars 2")
    load()
    assert tried == [1, 1]


def test_a_version_that_was_refused_leaves_no_copy(version: RegisteredVersion, tmp_path: Path) -> None:
    def refuse(folder: Path, classifier: str, number: int) -> None:
        raise ModelError("Expected a model that opens.")

    with pytest.raises(ModelError):
        Loader(Copies(tmp_path / "copies"), download_nothing, refuse, load_fake).load(version)

    assert list((tmp_path / "copies" / "cars").iterdir()) == []


@pytest.mark.parametrize("spoiled", [each for each in HOSTILE if each.name not in SLOW], ids=lambda each: each.name)
def test_a_spoiled_version_is_refused_with_its_reason_and_leaves_nothing(spoiled: Hostile, tmp_path: Path) -> None:
    artefact = make_hostile(spoiled, tmp_path / "artefact")
    digest = spoiled.digest(digest_anything(artefact))
    spoiled.after(artefact)
    tags = {"vigia.sha256": digest} if digest else {}
    version = RegisteredVersion("cars", 2, "run", tags, ("production",), datetime.now(UTC), artefact.as_uri())
    copies = Copies(tmp_path / "copies")

    with pytest.raises(ModelError, match=re.escape(spoiled.reason)) as refusal:
        Loader(copies, download_nothing, try_version, load_classifier).load(version)

    assert str(refusal.value).startswith("Expected ")
    assert "\n" not in str(refusal.value)
    assert list(copies.folder.glob("*/*")) == []
