"""`vigia data push` and `vigia data pull`: dataset versions in a remote."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.keeping import RemoteCopy

ClassifierArgument = Annotated[str, typer.Argument(help="A classifier with a dataset in this workspace.")]


def push(classifier: ClassifierArgument, as_json: JsonOption = False) -> None:
    """Copy the dataset version in force to the remote: VIGIA_DATA_REMOTE, else a folder below VIGIA_HOME."""
    from pipelines.datasets.keeping import push_dataset
    from pipelines.settings import find_workspace, load_settings

    copy = push_dataset(find_workspace(), classifier, load_settings(), say)
    _tell(copy, f"kept in {copy.remote}", as_json=as_json)


def pull(classifier: ClassifierArgument, as_json: JsonOption = False) -> None:
    """Bring the dataset version in force into data/raw, from the DVC cache or else the remote."""
    from pipelines.datasets.keeping import pull_dataset
    from pipelines.settings import find_workspace, load_settings

    copy = pull_dataset(find_workspace(), classifier, load_settings(), say)
    _tell(copy, "brought here" if copy.transferred else "all here already", as_json=as_json)


def _tell(copy: "RemoteCopy", done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(copy))
    else:
        say(f"{copy.path} version {copy.md5}: {copy.files:,} files, {done}")
