import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import CARD_FILE, ServingCard, ValidationAnswers, digest_artefact, verify_artefact
from pipelines.errors import ModelError


def test_one_changed_byte_changes_the_digest_and_is_refused(make_artefact: Any) -> None:
    artefact = make_artefact("cars")
    digest = digest_artefact(artefact)
    verify_artefact(artefact, digest)

    (artefact / "serving" / "model.xml").write_text("netw0rk", encoding="utf-8")

    with pytest.raises(ModelError, match="changed after registration"):
        verify_artefact(artefact, digest)


def test_a_renamed_file_changes_the_digest(make_artefact: Any) -> None:
    artefact = make_artefact("cars")
    before = digest_artefact(artefact)

    (artefact / "serving" / "model.xml").rename(artefact / "serving" / "model.bin")

    assert digest_artefact(artefact) != before


@pytest.mark.parametrize("name", ["evil.py", "data/model.pkl", "serving/model.h5", "code/__init__.py"])
def test_a_file_outside_the_allow_list_is_refused_by_name(make_artefact: Any, name: str) -> None:
    artefact = make_artefact("cars")
    (artefact / name).parent.mkdir(exist_ok=True)
    (artefact / name).write_text("x", encoding="utf-8")

    with pytest.raises(ModelError, match=name):
        digest_artefact(artefact)


def test_a_link_is_refused(make_artefact: Any, tmp_path: Path) -> None:
    artefact = make_artefact("cars")
    (tmp_path / "elsewhere").write_text("x", encoding="utf-8")
    (artefact / "serving" / "model.bin").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ModelError, match=r"model\.bin"):
        digest_artefact(artefact)


def test_the_file_that_mlflow_adds_to_a_download_does_not_count(make_artefact: Any) -> None:
    artefact = make_artefact("cars")
    before = digest_artefact(artefact)

    (artefact / "registered_model_meta").write_text("name: cars", encoding="utf-8")

    assert digest_artefact(artefact) == before


def test_an_empty_folder_is_no_artefact(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none"):
        digest_artefact(tmp_path)


def test_a_card_survives_saving_and_loading(tmp_path: Path) -> None:
    validation = ValidationAnswers(120, (0.75, 0.25), 0.03)
    card = ServingCard("cars", ("coupé", "van"), 64, "squash", "1" * 32 + ".dir", validation=validation)

    card.save(tmp_path)

    assert ServingCard.load(tmp_path) == card


def test_a_card_of_before_validation_was_kept_is_read(tmp_path: Path) -> None:
    card = ServingCard("cars", ("coupé", "van"), 64, "squash", "x")
    card.save(tmp_path)
    fields = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    del fields["validation"]
    (tmp_path / CARD_FILE).write_text(json.dumps(fields), encoding="utf-8")

    assert ServingCard.load(tmp_path) == card


def test_a_card_of_before_there_was_a_choice_decodes_in_full(tmp_path: Path) -> None:
    ServingCard("cars", ("coupé", "van"), 64, "squash", "x", decoding="scaled").save(tmp_path)
    fields = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    assert ServingCard.load(tmp_path).decoding == "scaled"
    del fields["decoding"]
    (tmp_path / CARD_FILE).write_text(json.dumps(fields), encoding="utf-8")

    assert ServingCard.load(tmp_path).decoding == "full"


def test_a_way_of_decoding_that_is_not_known_is_refused(tmp_path: Path) -> None:
    ServingCard("cars", ("coupé", "van"), 64, "squash", "x").save(tmp_path)
    fields = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    (tmp_path / CARD_FILE).write_text(json.dumps(fields | {"decoding": "by hand"}), encoding="utf-8")

    with pytest.raises(ModelError, match=r"Its decoding is 'by hand', not full or scaled\."):
        ServingCard.load(tmp_path)


def test_a_card_with_a_missing_or_unknown_field_is_refused(tmp_path: Path) -> None:
    ServingCard("cars", ("a", "b"), 64, "squash", "x").save(tmp_path)
    fields = json.loads((tmp_path / CARD_FILE).read_text(encoding="utf-8"))
    for change in ({"image_size": None}, {"surprise": 1}):
        changed = {key: value for key, value in (fields | change).items() if value is not None}
        (tmp_path / CARD_FILE).write_text(json.dumps(changed), encoding="utf-8")

        with pytest.raises(ModelError, match="serving card"):
            ServingCard.load(tmp_path)


def test_loading_names_every_fault_of_the_class_names_and_of_the_head_at_once(tmp_path: Path) -> None:
    ServingCard("cars", ("Audi", "audi ", ""), 64, "squash", "x").save(tmp_path)

    with pytest.raises(ModelError) as error:
        ServingCard.load(tmp_path, head_size=4)

    for finding in ("number 1 'audi ' repeats number 0", "number 2 is blank", "3 names for a head of 4 classes"):
        assert finding in str(error.value)
