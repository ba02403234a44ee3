import json
import zipfile
from pathlib import Path

from pipelines.own_models.keras_archive import MEMBERS, rewrite_archive
from tests.pipelines.own_models.keras_writer import layer, make_config, write_archive


def test_what_keras_will_open_is_written_anew_without_how_it_was_trained(tmp_path: Path) -> None:
    config = make_config()
    config["compile_config"] = {
        "optimizer": layer("Adam", {"learning_rate": 0.001}, module="keras.optimizers"),
        "loss": layer("CategoricalCrossentropy", module="keras.losses"),
        "metrics": ["accuracy"],
    }
    file = write_archive(tmp_path / "own.keras", config=config)
    (tmp_path / "child").mkdir()

    fresh = rewrite_archive(file, tmp_path / "child")

    with zipfile.ZipFile(fresh) as archive:
        assert set(archive.namelist()) == MEMBERS
        kept = json.loads(archive.read("config.json"))
    assert "compile_config" not in kept
    assert kept["config"] == config["config"]
    assert [path.name for path in (tmp_path / "child").iterdir()] == [fresh.name]


def test_a_model_from_keras_applications_with_its_preprocessing_is_allowed(tmp_path: Path) -> None:
    config = make_config()
    mean = {"class_name": "__tensor__", "config": {"value": [-103.9, -116.8, -123.7], "dtype": "float32"}}
    config["config"]["layers"][1:2] = [
        layer("GetItem", {"name": "reversed"}, module="keras.src.ops.numpy", registered_name="GetItem"),
        layer("Add", {"name": "mean"}, module="keras.src.ops.numpy", inbound_nodes=[{"args": [mean]}]),
        layer("Dense", {"units": 4, "activation": layer("function", module="builtins") | {"config": "relu"}}),
    ]

    assert rewrite_archive(write_archive(tmp_path / "own.keras", config=config), tmp_path).is_file()
