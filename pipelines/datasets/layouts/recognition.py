"""The layouts that are known, in the order in which they are tried, and the way from a folder to a Listing."""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from pipelines.datasets.layouts.checking import check_listing
from pipelines.datasets.layouts.listing import Layout, Listing
from pipelines.errors import DatasetError

MODULES: Final = (
    "compcars",
    "stanford_cars",
    "simpsons",
    "kaggle_cats_dogs",
    "lfw",
    "webdataset",
    "table",
    "celebrities",
    "class_folders",
)
"""One module of this package each. The special come before the general: each folder that one of the first takes
could be read by the last as well."""

AUTO: Final = "auto"
LAYOUTS: Final = (AUTO, *MODULES)

FOR_CLASSIFIER: Final[Mapping[str, str]] = {"celebrities": "celebrities"}
"""Layout -> the only classifier that `auto` tries it for: nothing in the folder tells people from other classes."""


def read_source(source: Path, layout: str = AUTO, *, classifier: str | None = None) -> Listing:
    """What `source`, a folder, a table or an archive, offers; pictures in a fixed order, none of them opened.

    Links that leave the source, labels that no folder can bear and the like are in `rejected`. A split of which
    there is only one says nothing and is dropped. Raises DatasetError for a layout that is not known, a folder that
    is not laid out so (with what would have been needed), or one of which nothing can be used.
    """
    check_layout(layout)
    _check_source(source)
    name = recognise_layout(source, classifier) if layout == AUTO else layout
    try:
        listing = load_layout(name).read(source)
    except DatasetError as error:
        if layout != AUTO or name != MODULES[-1]:
            raise
        raise DatasetError(f"{error} {describe_needs(MODULES[:-1])}") from error
    except RecursionError:
        raise DatasetError(
            f"Expected folders of a sensible depth in {source}, received more than 900 levels."
        ) from None
    return check_listing(source, listing)


def recognise_layout(source: Path, classifier: str | None = None) -> str:
    """Name of the first layout that finds its evidence; class folders where none does."""
    for name in MODULES[:-1]:
        if FOR_CLASSIFIER.get(name, classifier) == classifier and load_layout(name).recognise(source):
            return name
    return MODULES[-1]


def check_layout(name: str) -> str:
    """`name` itself. Raises DatasetError naming the known layouts."""
    if name not in LAYOUTS:
        raise DatasetError(f"Expected a layout of {', '.join(LAYOUTS)}, received {name!r}.")
    return name


def load_layout(name: str) -> Layout:
    """The module of a layout."""
    return cast(Layout, importlib.import_module(f"{__package__}.{name}"))


def _check_source(source: Path) -> None:
    try:
        found = source.exists()
    except OSError as error:
        raise DatasetError(f"Expected a path that can be read, {source} cannot: {error.strerror}.") from error
    if not found:
        raise DatasetError(f"Expected a folder of pictures at {source}, found nothing. Check the path.")
    if source.is_file() and not any(load_layout(name).recognise(source) for name in ("table", "webdataset")):
        raise DatasetError(
            "Expected a folder of pictures, a table (.csv, .parquet) with columns for path and label, or a .tar of "
            f"WebDataset, received the file {source}. Give its folder, or unpack it first."
        )


def describe_needs(names: Iterable[str] = MODULES) -> str:
    """One sentence for the user: what a folder must hold to be recognised."""
    needs = "; ".join(f"{name}: {load_layout(name).NEEDS}" for name in names)
    return f"Other layouts that are known, and what each needs: {needs}."
