import sys
from pathlib import Path

import pytest

from pipelines.errors import ModelError
from pipelines.export.tfjs_tools import ensure_browser_files, ensure_converter, find_uv


def put_tool(folder: Path, name: str, script: str) -> None:
    """A command `name`, first on the PATH."""
    file = folder / name
    file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place in which commands are found."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.usefixtures("path")
def test_without_uv_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Expected uv, .* Run `make install`"):
        ensure_converter(tmp_path / "tools")


def test_the_uv_of_make_install_comes_before_the_one_on_the_path(path: Path, tmp_path: Path) -> None:
    put_tool(path, "uv", "exit 0")
    assert find_uv() == str(path / "uv")

    ours = tmp_path / ".tools" / "uv" / "bin"
    ours.mkdir(parents=True)
    put_tool(ours, "uv", "exit 0")
    assert find_uv() == str(ours / "uv")


def test_without_a_network_one_line_says_so_and_nothing_is_left(path: Path, tmp_path: Path) -> None:
    put_tool(path, "uv", 'echo "error: Failed to fetch" >&2; exit 2')

    with pytest.raises(ModelError, match=r"uv said: error: Failed to fetch\. Look at the network"):
        ensure_converter(tmp_path / "tools")

    assert [file.suffix for file in (tmp_path / "tools").iterdir()] == [".lock"]


def test_the_converter_is_fetched_once_and_says_so(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_tool(path, "uv", f'echo "$1" >> {tmp_path}/calls; if [ "$1" = venv ]; then mkdir -p "$5/bin"; fi')

    first, second = ensure_converter(tmp_path / "tools"), ensure_converter(tmp_path / "tools")

    assert first == second
    assert (tmp_path / "calls").read_text(encoding="utf-8").split() == ["venv", "pip"]
    assert capsys.readouterr().err.count("fetching tensorflowjs") == 1


@pytest.mark.usefixtures("path")
def test_without_npm_the_browser_files_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Expected npm"):
        ensure_browser_files(tmp_path / "tools")


def test_browser_files_with_other_bytes_are_refused(path: Path, tmp_path: Path) -> None:
    made = tmp_path / "package" / "dist"
    made.mkdir(parents=True)
    (made / "tf.min.js").write_text("alert(1)", encoding="utf-8")
    put_tool(path, "npm", f'tar czf "$4/tensorflow-tfjs-4.22.0.tgz" -C {tmp_path} package')

    with pytest.raises(ModelError, match=r"tf\.min\.js .* received other bytes"):
        ensure_browser_files(tmp_path / "tools")

    assert [file.suffix for file in (tmp_path / "tools").iterdir()] == [".lock"]
