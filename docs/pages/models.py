"""Settings and params, from their types and the sentence below each field."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.pages.markdown import WRITTEN, draw_table


def build_settings_page() -> str:
    from pipelines.settings import DEFAULT_PORTS, Settings

    sentences = read_sentences(Settings)
    rows = [
        (
            f"`{field.validation_alias or f'VIGIA_{name.upper()}'}`",
            sentences[name],
            describe_type(field),
            describe_default(field),
        )
        for name, field in Settings.model_fields.items()
    ]
    ports = ", ".join(f"{name} {port}" for name, port in DEFAULT_PORTS.items())
    return "\n".join(
        [
            WRITTEN,
            "# Settings\n",
            "What changes the place, never the model: environment variables, or lines of a `.env` file in the clone.\n",
            draw_table(("variable", "what it is", "values", "default"), rows),
            f"The usual ports: {ports}. Two stacks run side by side on one machine when each has a `VIGIA_HOME` of its "
            "own and `VIGIA_PORTS=auto`.\n",
            "The tests alone read `VIGIA_TEST_DATA`: the folder of real pictures, which are no part of the project.\n",
        ]
    )


def build_params_page() -> str:
    from pipelines.params import Params
    from pipelines.stage_params import ClassifierParams

    parts = [
        WRITTEN,
        "# params.yaml\n",
        "What changes a model. DVC watches the keys of each stage, so a change runs again what depends on it and "
        "nothing else. A wrong key or value is refused with its path in the file. `vigia train C --set KEY=VALUE` "
        "writes the change into the file before it trains, as `dvc exp run -S classifiers.C.KEY=VALUE` does.\n",
        f"`datasets`: {lower_first(read_sentences(Params)['datasets'])}\n",
        "`classifiers.<name>`: one section a classifier, with these keys.\n",
    ]
    for name, field in ClassifierParams.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, BaseModel)
        parts.append(f"## {name}\n")
        parts.append(f"{first_line(section)}\n")
        parts.append(draw_table(("key", "what it is", "values", "default"), list(list_keys(section, name))))
    return "\n".join(parts)


def list_keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    sentences = read_sentences(model)
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            for key, sentence, values, default in list_keys(inner, f"{prefix}.{name}"):
                yield key, sentence or first_line(inner), values, default
        else:
            yield f"`{prefix}.{name}`", sentences.get(name, ""), describe_type(field), describe_default(field)


def describe_type(field: FieldInfo) -> str:
    """Allowed values or range, in words."""
    return describe_kind(field.annotation, field.metadata)


def describe_kind(kind: Any, bounds: Sequence[Any] = ()) -> str:
    """A type of a field in words, `bounds` being what Field(...) says of it."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return describe_kind(arguments[0], [bound for each in arguments[1:] for bound in each.metadata])
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(describe_kind(each, bounds) for each in arguments if each is not type(None))
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    names = {"Path": "path", "bool": "`true` or `false`", "int": "whole number", "float": "number", "dict": "mapping"}
    return " ".join([names.get(getattr(kind, "__name__", ""), "text"), *describe_bounds(bounds)])


def describe_bounds(bounds: Sequence[Any]) -> list[str]:
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    return [f"{words[key]} {getattr(bound, key)}" for bound in bounds for key in words if hasattr(bound, key)]


def describe_default(field: FieldInfo) -> str:
    if field.default is None or field.default is PydanticUndefined:
        return ""
    value = json.dumps(field.default) if isinstance(field.default, bool) else str(field.default)
    return f"`{value}`"


def read_sentences(model: type[BaseModel]) -> dict[str, str]:
    """Field name to the docstring below it."""
    bases = [base for base in model.__bases__ if issubclass(base, BaseModel) and base is not BaseModel]
    sentences = {name: sentence for base in bases for name, sentence in read_sentences(base).items()}
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            sentences[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return sentences


def first_line(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0]


def lower_first(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
