"""Keep dvc.yaml and params.yaml as the code is: each stage's modules as its deps, and every key written out."""

from functools import cache
from pathlib import Path
from typing import Any

import grimp
from ruamel.yaml import YAML

from pipelines.stage_params import ClassifierParams

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("prepare", "train", "evaluate", "export")


@cache
def find_modules(stage: str) -> frozenset[str]:
    """Files of a stage's module, of all it imports, directly or not, and of the packages on the way to them."""
    module = f"pipelines.stages.{stage}"
    modules = {module, *_build_graph().find_upstream_modules(module)}
    packages = {name.rsplit(".", depth)[0] for name in modules for depth in range(1, name.count(".") + 1)}
    return frozenset(_file_of(name) for name in modules | packages)


def write_stage_deps(file: Path) -> None:
    """Name the modules of each stage in dvc.yaml; what else a stage depends on stays."""
    yaml = _yaml()
    document = yaml.load(file.read_text(encoding="utf-8"))
    for stage in STAGES:
        definition = document["stages"][stage]["do"]
        data = [dep for dep in definition["deps"] if not dep.endswith(".py")]
        definition["deps"] = data + sorted(find_modules(stage))
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)


def write_missing_params(file: Path) -> None:
    """Write out keys that a section of params.yaml leaves to its default: DVC tracks only keys that are there."""
    yaml = _yaml()
    document = yaml.load(file.read_text(encoding="utf-8"))
    for section in document["classifiers"].values():
        _fill(section, ClassifierParams.model_validate(dict(section)).model_dump(mode="json"))
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)


def _fill(section: Any, defaults: Any) -> None:
    for key, value in defaults.items():
        if key not in section:
            section[key] = value
        elif isinstance(value, dict) and isinstance(section[key], dict):
            _fill(section[key], value)


@cache
def _build_graph() -> grimp.ImportGraph:
    # what is imported for its types alone is not there when the stage runs
    return grimp.build_graph("pipelines", exclude_type_checking_imports=True, cache_dir=None)


def _file_of(module: str) -> str:
    path = Path(*module.split("."))
    return str(path / "__init__.py") if (ROOT / path).is_dir() else f"{path}.py"


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 120
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def main() -> None:
    """Both files of this clone."""
    write_stage_deps(ROOT / "dvc.yaml")
    write_missing_params(ROOT / "params.yaml")


if __name__ == "__main__":
    main()
