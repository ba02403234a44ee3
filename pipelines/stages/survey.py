"""Stage `survey`: says which classifiers of params.yaml have no pictures, and therefore no other stage."""

from pathlib import Path

from pipelines.params import Params, load_params
from pipelines.terminal import say


def name_missing(params: Params) -> list[str]:
    """Classifiers with a section but without a dataset."""
    return [name for name in params.classifiers if name not in params.datasets]


def main() -> None:
    """`python -m pipelines.stages.survey`, run by DVC in the workspace."""
    for name in name_missing(load_params(Path.cwd())):
        say(f"{name}: skipped, it has no pictures yet. Run `vigia data import FOLDER --classifier {name}`.")


if __name__ == "__main__":
    main()
