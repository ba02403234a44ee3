"""Installed libraries against the ranges that the project declares."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

_TENSORFLOW = ("tensorflow-cpu", "tensorflow")
"""Comes with an extra, under either name."""


def describe_wrong_versions() -> list[str]:
    """One sentence for each library that is missing or outside its range."""
    wrong = find_wrong_versions(load_requirements(), _installed)
    if not any(_installed(name) for name in _TENSORFLOW):
        wrong.append("tensorflow is missing")
    return wrong


def find_wrong_versions(requirements: Iterable[str], installed: Callable[[str], str | None]) -> list[str]:
    """The rule: requirements as in pyproject.toml; those of extras and of other machines are left out."""
    wrong = []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = installed(requirement.name)
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is installed, expected {requirement.specifier}")
    return wrong


def load_requirements() -> list[str]:
    """From the clone's pyproject.toml, else from the installed distribution."""
    file = Path(__file__).parent.parent / "pyproject.toml"
    if file.is_file():
        project: Mapping[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        return project["dependencies"]
    return metadata.requires("vigia") or []


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
