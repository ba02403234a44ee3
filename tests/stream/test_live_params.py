from pathlib import Path

import pytest

from stream import watched_file
from stream.live_params import LiveParams


def test_a_classifier_without_a_section_or_a_file_has_the_defaults(tmp_path: Path) -> None:
    said: list[str] = []

    assert LiveParams(tmp_path, said.append).of("cars").promote.rule == "better"
    assert said == []


def test_a_wrong_file_at_start_is_said_and_its_mending_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_file, "LOOK_SECONDS", 0.0)
    file, said = tmp_path / "params.yaml", list[str]()
    file.write_text("classifiers: {cars: {promote: {min_gain: much}}}")
    params = LiveParams(tmp_path, said.append)

    assert params.of("cars").promote.min_gain == 0.0
    assert len(said) == 1
    assert "params.yaml is ignored: params.yaml: classifiers.cars.promote.min_gain" in said[0]

    # of another length: a coarse clock may give both writes one time
    file.write_text("classifiers: {cars: {promote: {min_gain: 0.125}}}")

    assert params.of("cars").promote.min_gain == 0.125


@pytest.mark.parametrize("text", ["classifiers: {cars: {promote: {min_gain: 2026-99-99}}}", "a: !!int seven"])
def test_a_change_that_yaml_itself_cannot_read_is_said_and_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(watched_file, "LOOK_SECONDS", 0.0)
    file, said = tmp_path / "params.yaml", list[str]()
    file.write_text("classifiers: {cars: {promote: {min_gain: 0.25}}}")
    params = LiveParams(tmp_path, said.append)

    file.write_text(text)

    assert params.of("cars").promote.min_gain == 0.25
    assert said[0].startswith("the change of params.yaml is ignored: Expected YAML in ")


def test_a_file_that_cannot_be_opened_is_said_and_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").mkdir()
    said: list[str] = []

    assert LiveParams(tmp_path, said.append).of("cars").promote.rule == "better"
    assert "params.yaml is ignored: Expected YAML in " in said[0]
