"""The shape of the house: what a reader may count on when he opens any file."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import PurePosixPath

import pytest

from tests.tree import FOLDERS, ROOT, list_files, list_modules, read

LONGEST_MODULE = 300
SCREEN = 50
# found by a plug-in, a driver name in an address, a command line, or a bound on what another library brings
DECLARED_WITHOUT_IMPORT = {
    "dvc", "dvc-s3", "fastapi", "psycopg", "python-multipart", "s3fs", "supervisor", "uvicorn",
    "tensorflow", "tensorflow-cpu", "tf2onnx",
}  # fmt: skip
# modules that several distributions share
SHARED_MODULES = {"google": "protobuf", "mlflow": "mlflow", "ruamel": "ruamel-yaml"}
DOCUMENTS = [name for name in list_files() if name.endswith(".md") and not name.startswith("tests/")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_which_question_it_answers(folder: str) -> None:
    assert ast.get_docstring(ast.parse(read(f"{folder}/__init__.py")))


def test_every_module_says_what_it_is() -> None:
    silent = [
        name
        for name in list_modules()
        if not ast.get_docstring(ast.parse(read(name))) and not name.startswith("stream/migrations/")
    ]

    assert silent == []


def test_a_module_has_one_idea_and_at_most_300_lines() -> None:
    long = {name: len(read(name).splitlines()) for name in list_files() if name.endswith(".py")}

    assert {name: lines for name, lines in long.items() if lines > LONGEST_MODULE} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name in list_modules()
        if not name.startswith("stream/migrations/versions/")  # a migration is a list
        for node in ast.walk(ast.parse(read(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= SCREEN
    ]

    assert long == []


def test_tests_mirror_the_folders() -> None:
    """tests/stream/test_messages.py <-> stream/messages.py; what runs real services may be about a whole folder."""
    modules = set(list_modules())
    strangers = []
    for name in list_files():
        path = PurePosixPath(name)
        if len(path.parts) < 3 or path.parts[0] != "tests" or not path.name.startswith("test_"):
            continue
        subject = str(PurePosixPath(*path.parts[1:-1], path.name.removeprefix("test_")))
        whole_folder = "pytest.mark.integration" in read(name) or "pytest.mark.browser" in read(name)
        if subject not in modules and not whole_folder and subject not in WITHOUT_MODULE:
            strangers.append(name)

    assert strangers == []


WITHOUT_MODULE = {
    "deploy/compose.py": "docker-compose.yml",
    "pipelines/dvc_yaml.py": "dvc.yaml",
    "pipelines/datasets/commands.py": "pipelines/commands.py, the part about datasets",
    "stream/bad_messages.py": "decoding.py, worker/batches.py and pipelines/images.py, by a list of bad input",
    "stream/fuzz.py": "decoding.py and pipelines/images.py, by mutated frames",
    "stream/migrations.py": "stream/migrations, every version of the tables",
    "stream/models/recalling.py": "models/watcher.py, without the registry at start",
    "stream/dead_letters/docs.py": "docs/dead-letters.md",
}


def test_no_file_names_a_registry_or_a_home_folder() -> None:
    forbidden = re.compile(
        r"\bpypi\.|pythonhosted|maven\.org|npmjs\.|(?<![\w~}])/((home|Users)/[\w.-]+/|root/(?!\.cache))"
    )
    found = [
        f"{name}: {match.group()}"
        for name in list_files()
        if name != "tests/test_house.py"
        and PurePosixPath(name).suffix not in {".png", ".jpg", ".svg"}
        and (match := forbidden.search(read(name)))
    ]

    assert found == []


def test_every_import_is_declared_and_every_declaration_is_used() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    lines = project["dependencies"] + [line for extra in extras for line in extra]
    declared = {_normal(re.split(r"[\[<>=!; ]", line)[0]) for line in lines}

    imported = _imported_distributions()

    assert imported - declared == set(), "imported but not declared"
    assert declared - imported - DECLARED_WITHOUT_IMPORT == set(), "declared but not imported"


def _imported_distributions() -> set[str]:
    """Distributions of the top-level modules that the project imports, under their normal names."""
    owners = metadata.packages_distributions()
    names = set()
    for name in (*list_modules(), "vigia.py"):
        for node in ast.walk(ast.parse(read(name))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    ours = {*FOLDERS, "vigia", *sys.stdlib_module_names}
    tops = {name.split(".")[0] for name in names} - ours
    return {_normal(SHARED_MODULES.get(top) or owners.get(top, [top])[0]) for top in tops}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_two_readmes_say_the_same() -> None:
    english, spanish = read("README.md"), read("README.es.md")

    assert re.findall(r"^#+ ", english, re.MULTILINE) == re.findall(r"^#+ ", spanish, re.MULTILINE)
    assert _commands(english) == _commands(spanish)
    for text in (english, spanish):
        assert len(text.splitlines()) < 150


def _commands(text: str) -> list[str]:
    """Code blocks of commands without their comments; the drawing's words are translated."""
    blocks = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
    return [re.sub(r" +#.*", "", block) for language, block in blocks if language != "mermaid"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", read(document)) + re.findall(r'(?:src|href)="([^"#]+)"', read(document))
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_a_document_calls_only_commands_that_are_there() -> None:
    from vigia import COMMANDS

    called = {
        (name, word)
        for name in DOCUMENTS
        for word in re.findall(r"(?:`|bin/|^)vigia ([a-z][a-z-]*)", read(name), re.MULTILINE)
    }

    assert {(name, word) for name, word in called if word not in COMMANDS} == set()


def test_help_needs_no_heavy_library() -> None:
    """Commands modules import typer, the standard library, each other and the terminal at their top."""
    allowed = {"typer", "typer.core", "pipelines.terminal", *sys.stdlib_module_names}
    heavy = []
    for name in list_modules():
        if not name.endswith("commands.py"):
            continue
        for node in ast.parse(read(name)).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
                )
                heavy += [
                    f"{name}: {module}"
                    for module in modules
                    if module not in allowed
                    and module.split(".")[0] not in sys.stdlib_module_names
                    and not module.endswith("commands")
                ]

    assert heavy == []
