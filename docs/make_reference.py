"""Write the pages of docs/reference that the code can tell: `python docs/make_reference.py`.

Commands from the option parsers that `--help` shows, settings and params from their types and the sentence below each
field, topics and tables from the contract that creates them. tests/test_reference.py compares.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from stream.messages import Headers, Outgoing, Prediction

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
WRITTEN = "<!-- written by docs/make_reference.py -->\n"


def build_pages() -> dict[str, str]:
    """File name below docs/reference to its text."""
    return {
        "commands.md": build_commands_page(),
        "settings.md": build_settings_page(),
        "params.md": build_params_page(),
        "topics-and-tables.md": build_data_page(),
    }


def build_commands_page() -> str:
    import typer

    import vigia

    parts = [
        WRITTEN,
        "# Commands\n",
        "Run them in the clone, as `.venv/bin/vigia` or with `.venv/bin` on the `PATH`. Words and progress go to "
        "stderr; with `--json` stdout holds one JSON document and nothing else. Exit code 0: done; 1: refused or "
        "failed, with one line `error: …` (and the traceback when `VIGIA_DEBUG=1`); 2: wrong usage; 130: Ctrl-C.\n",
    ]
    root = typer.main.get_command(vigia.app)
    for path, command in walk_commands(root, ("vigia",)):
        parts.append(f"## {' '.join(path)}\n")
        parts.append(f"{' '.join((command.help or '').split())}\n")
        rows = [describe_parameter(each) for each in command.params if each.name != "help"]
        if rows:
            parts.append(draw_table(("argument or option", "what it is", "default"), rows))
    return "\n".join(parts)


def walk_commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    context = command.make_context(path[-1], [], resilient_parsing=True)
    for name in command.list_commands(context):
        yield from walk_commands(command.get_command(context, name), (*path, name))


def describe_parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        metavar = (parameter.metavar or parameter.name.upper()).removesuffix("...")
        name = f"`{metavar}{'...' if parameter.nargs == -1 else ''}`"
    else:
        name = ", ".join(f"`{text}`" for text in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    told = not (default is None or isinstance(default, bool) or default == () or parameter.required)
    return name, parameter.help or "", f"`{default}`" if told else "required" if parameter.required else ""


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
    from pipelines.params import ClassifierParams, Params

    parts = [
        WRITTEN,
        "# params.yaml\n",
        "What changes a model. DVC watches the keys of each stage, so a change runs again what depends on it and "
        "nothing else. A wrong key or value is refused with its path in the file. `vigia train C --set train.epochs=20`\n"
        "writes the change into the file before it trains; so does `dvc exp run -S classifiers.C.train.epochs=20`.\n",
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


def build_data_page() -> str:
    from stream.tables import metadata
    from stream.topics import TOPICS

    parts = [
        WRITTEN,
        "# Topics and tables\n",
        "## Topics\n",
        "Created where they are missing, never changed where they are there.\n",
        draw_table(
            ("topic", "partitions", "settings"),
            [
                (
                    f"`{topic.name}`",
                    str(topic.partitions),
                    "<br>".join(f"`{k}={v}`" for k, v in sorted(topic.settings.items())),
                )
                for topic in TOPICS
            ],
        ),
        *describe_messages(),
        "## Tables of the prediction store\n",
        "Times are aware UTC. A frame's identity is (topic, partition, offset), so a frame that Kafka delivers again "
        "overwrites its row and is not counted twice.\n",
    ]
    for table in metadata.sorted_tables:
        rows = [
            (
                f"`{column.name}`",
                describe_column(column),
                "key" if column.primary_key else "" if column.nullable else "always there",
            )
            for column in table.columns
        ]
        parts += [f"### {table.name}\n", draw_table(("column", "type", ""), rows)]
    return "\n".join(parts)


def describe_messages() -> list[str]:
    """The messages as the encoders write them."""
    from stream.messages import encode_prediction, encode_v1, encode_v2

    moment = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    v1 = encode_v1("cam01", "bmw.jpg", moment, b"the picture")
    v2 = encode_v2("cam01", "cam01-17", moment, b"the picture", image_name="bmw.jpg", sequence=17)
    prediction = encode_prediction(build_prediction(moment))
    dead_letter = build_letter(moment)
    return [
        f"## Frames: `{v1.topic}`\n",
        "The key is the camera id. Version 1 is JSON with the picture in base64, accepted for ever:\n",
        draw_json(v1.value),
        "Its identity is its position: `<topic>-<partition>-<offset>`. Version 2 is the encoded picture itself as "
        "value, with headers:\n",
        draw_headers(v2.headers),
        "`image_name` and `sequence` may be left out. Another `schema` makes a dead letter.\n",
        f"## Predictions: `{prediction.topic}`\n",
        "The key is the frame id.\n",
        draw_json(prediction.value),
        f"## Dead letters: `{dead_letter.topic}`\n",
        "The message as it came: key, value, headers and timestamp. These headers are added; the last two only where "
        "the value was too large to keep:\n",
        draw_headers(dead_letter.headers),
    ]


def build_prediction(moment: datetime) -> "Prediction":
    from stream.messages import Position, Prediction

    return Prediction(
        position=Position("taller_camara_stream", 0, 17),
        frame_id="cam01-17",
        camera_id="cam01",
        image_name="bmw.jpg",
        image_sha256="",
        classifier="cars",
        role="production",
        model_version=3,
        label="bmw",
        confidence=0.98,
        top=(("bmw", 0.98), ("audi", 0.02)),
        decision="known",
        captured_at=moment,
        received_at=moment,
        predicted_at=moment,
        worker="worker-1",
    )


def build_letter(moment: datetime) -> "Outgoing":
    from stream.dead_letters import build_dead_letter, encode_dead_letter
    from stream.messages import FrameError, Message, Position

    message = Message(Position("taller_camara_stream", 0, 17), b"cam01", b"not a frame", (), None, moment)
    error = FrameError("Expected JSON (v1) or a schema header (v2).", stage="schema", reason="not_json")
    letter = build_dead_letter(message, error, camera_id=None, now=moment)
    return encode_dead_letter(message, letter, worker="worker-1", max_value_bytes=0)


def describe_column(column: Any) -> str:
    name = type(column.type).__name__
    return {"UtcDateTime": "time", "JSON": "JSON"}.get(name, name.lower())


def describe_type(field: FieldInfo) -> str:
    """Allowed values or range, in words."""
    kinds = (
        [kind for kind in get_args(field.annotation) if kind is not type(None)]
        if is_union(field)
        else [field.annotation]
    )
    if get_origin(kinds[0]) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kinds[0]))
    names = {"Path": "path", "str": "text", "bool": "`true` or `false`", "int": "whole number", "float": "number"}
    return " ".join([names[getattr(kinds[0], "__name__", "str")], *describe_bounds(field)])


def is_union(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)


def describe_bounds(field: FieldInfo) -> list[str]:
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    return [f"{words[key]} {getattr(bound, key)}" for bound in field.metadata for key in words if hasattr(bound, key)]


def describe_default(field: FieldInfo) -> str:
    if field.default is None or field.default is PydanticUndefined:
        return ""
    value = json.dumps(field.default) if isinstance(field.default, bool) else str(field.default)
    return f"`{value}`"


def read_sentences(model: type[BaseModel]) -> dict[str, str]:
    """Field name to the docstring below it."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    sentences = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            sentences[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return sentences


def first_line(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0]


def lower_first(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def draw_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def draw_headers(headers: "Headers") -> str:
    lines = "\n".join(f"{name}: {(value or b'').decode()}" for name, value in headers)
    return f"```\n{lines}\n```\n"


def draw_json(value: bytes | None) -> str:
    return f"```json\n{json.dumps(json.loads(value or b'null'), indent=2)}\n```\n"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in build_pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
