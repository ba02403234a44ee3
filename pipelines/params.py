"""params.yaml: everything that changes a model, read and written."""

from collections.abc import Mapping
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipelines.errors import ParamsError
from pipelines.stage_params import ClassifierParams
from pipelines.strict_params import StrictParams

PARAMS_FILE = "params.yaml"

CLASSIFIER_NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"
ClassifierName = Annotated[str, Field(pattern=CLASSIFIER_NAME)]


class Params(StrictParams):
    """The whole file."""

    datasets: tuple[ClassifierName, ...] = ()
    """Classifiers that have a dataset in this workspace; kept by `vigia data import|sample`."""
    classifiers: dict[ClassifierName, ClassifierParams]

    def classifier(self, name: str) -> ClassifierParams:
        """Raises ParamsError for a classifier without a section, naming those that have one."""
        try:
            return self.classifiers[name]
        except KeyError:
            known = ", ".join(sorted(self.classifiers))
            raise ParamsError(
                f"Expected a classifier of params.yaml ({known}), received {name!r}. "
                f"A new one begins with `vigia data import FOLDER --classifier NAME`."
            ) from None


def load_params(workspace: Path) -> Params:
    """Params of the workspace. Raises ParamsError that names each wrong key with its path."""
    file = workspace / PARAMS_FILE
    try:
        document = _yaml().load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"Expected {file}, found none. Run vigia in the folder of your clone.") from None
    # a date of no calendar is a ValueError, as is text that is no UTF-8
    except (YAMLError, ValueError, OSError) as error:
        raise ParamsError(f"Expected YAML in {file}. {_one_line(error)}. Correct the file and run again.") from error
    return parse_params(document)


def parse_params(document: Any) -> Params:
    """Params from a parsed YAML document."""
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise ParamsError(
            f"params.yaml: {describe_validation_error(error)}. Correct the file and run again."
        ) from error


def describe_validation_error(error: ValidationError) -> str:
    """Every finding with its path in the file, on one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {_finding(item)}" for item in error.errors()
    )


def set_params(workspace: Path, classifier: str, values: Mapping[str, str]) -> dict[str, tuple[Any, Any]]:
    """Write `section.key: value` pairs of one classifier into params.yaml, comments kept.

    Values are parsed as YAML. Returns key -> (before, after) of what changed. Nothing is written when the
    outcome would not be valid.
    """
    document, changed = _change(workspace, classifier, values)
    if changed:
        _write(workspace / PARAMS_FILE, document)
    return changed


def propose_params(workspace: Path, classifier: str, values: Mapping[str, str]) -> str:
    """What `set_params` would change, as a unified diff that `git apply` takes; empty when nothing would."""
    document, changed = _change(workspace, classifier, values)
    if not changed:
        return ""
    stream = StringIO()
    _yaml(round_trip=True).dump(document, stream)
    before = (workspace / PARAMS_FILE).read_text(encoding="utf-8")
    lines = before.splitlines(keepends=True), stream.getvalue().splitlines(keepends=True)
    return "".join(unified_diff(*lines, f"a/{PARAMS_FILE}", f"b/{PARAMS_FILE}"))


def _change(
    workspace: Path, classifier: str, values: Mapping[str, str]
) -> tuple[CommentedMap, dict[str, tuple[Any, Any]]]:
    """The whole document with the values in their places, and key -> (before, after) of what differs."""
    document = _yaml(round_trip=True).load((workspace / PARAMS_FILE).read_text(encoding="utf-8"))
    before = load_params(workspace).classifier(classifier).model_dump()
    section = document["classifiers"][classifier]
    if section is None:
        section = document["classifiers"][classifier] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        node = section
        for parent in parents:
            if node.get(parent) is None:
                node[parent] = {}
            node = node[parent]
            if not isinstance(node, dict):
                raise ParamsError(f"Expected a key of params.yaml, received {key}: {parent} holds a value, not keys.")
        node[last] = _yaml().load(value)
    after = parse_params(document).classifier(classifier).model_dump()
    return document, {
        key: (_get(before, key), _get(after, key)) for key in values if _get(before, key) != _get(after, key)
    }


def add_dataset(workspace: Path, classifier: str) -> None:
    """Name a classifier in `datasets`, with a section of defaults where it has none; comments kept."""
    file = workspace / PARAMS_FILE
    document = _yaml(round_trip=True).load(file.read_text(encoding="utf-8"))
    datasets = document.setdefault("datasets", CommentedSeq())
    datasets.fa.set_flow_style()  # in one line, so that the comments after it stay where they are
    classifiers = document["classifiers"]
    if classifier in datasets and classifier in classifiers:
        return
    if classifier not in datasets:
        datasets.append(classifier)
    # written out in full: DVC tracks only keys that are in the file
    classifiers.setdefault(classifier, ClassifierParams().model_dump(mode="json"))
    parse_params(document)
    _write(file, document)


def _yaml(*, round_trip: bool = False) -> YAML:
    yaml = YAML(typ="rt" if round_trip else "safe")
    yaml.width = 120
    # as the shipped file is written: a change of one value is a change of one line
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _write(file: Path, document: CommentedMap) -> None:
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as stream:
        _yaml(round_trip=True).dump(document, stream)
    partial.replace(file)


def _get(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        node = node[part]
    return node


def _finding(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    return f"{item['msg']}, received {item['input']!r}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
