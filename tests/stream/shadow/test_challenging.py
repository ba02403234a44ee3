from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from stream.shadow.challenging import challenge_production, wanted_file, withdraw_challenger


class FakeAliases:
    """Versions and aliases in memory, asked as the registry is."""

    def __init__(self, **versions: int) -> None:
        self.known = versions
        self.aliases: dict[tuple[str, str], int] = {}

    def classifiers(self) -> tuple[str, ...]:
        return tuple(self.known)

    def version(self, classifier: str, version: int) -> None:
        if version > self.known.get(classifier, 0):
            raise RegistryError(f"Expected a version of {classifier}, received {version}.")

    def versions(self, classifier: str) -> list["Version"]:
        return [Version(number) for number in range(self.known[classifier], 0, -1)]

    def version_of_alias(self, classifier: str, alias: str) -> int | None:
        return self.aliases.get((classifier, alias))

    def point(self, classifier: str, alias: str, version: int) -> None:
        self.aliases[classifier, alias] = version

    def release(self, classifier: str, alias: str) -> None:
        self.aliases.pop((classifier, alias), None)


class Version:
    def __init__(self, version: int) -> None:
        self.version = version


@pytest.fixture
def registry() -> FakeAliases:
    registry = FakeAliases(cars=3, simpsons=2)
    registry.point("cars", "production", 1)
    registry.point("simpsons", "production", 1)
    return registry


def challenge(registry: FakeAliases, state: Path, classifier: str, version: int) -> int | None:
    return challenge_production(registry, state, classifier, version)  # type: ignore[arg-type]


def withdraw(registry: FakeAliases, state: Path, classifier: str) -> tuple[int | None, bool]:
    return withdraw_challenger(registry, state, classifier)  # type: ignore[arg-type]


def test_a_challenger_is_named_and_the_stack_hears_that_it_needs_a_shadow(
    registry: FakeAliases, tmp_path: Path
) -> None:
    before = [challenge(registry, tmp_path, "cars", version) for version in (2, 3, 3)]

    assert before == [None, 2, None]
    assert registry.version_of_alias("cars", "challenger") == 3
    assert wanted_file(tmp_path).exists()


def test_the_production_version_an_unknown_one_and_one_without_an_opponent_are_refused(
    registry: FakeAliases, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError, match=r"another version of cars than 1, which is production\. Name one of: 2, 3"):
        challenge(registry, tmp_path, "cars", 1)
    with pytest.raises(RegistryError, match="received 9"):
        challenge(registry, tmp_path, "cars", 9)
    registry.release("cars", "production")
    with pytest.raises(RegistryError, match="`vigia promote cars 2`"):
        challenge(registry, tmp_path, "cars", 2)

    assert registry.version_of_alias("cars", "challenger") is None
    assert not wanted_file(tmp_path).exists()


def test_the_shadow_is_wanted_until_the_last_challenger_is_withdrawn(registry: FakeAliases, tmp_path: Path) -> None:
    challenge(registry, tmp_path, "cars", 2)
    challenge(registry, tmp_path, "simpsons", 2)

    assert withdraw(registry, tmp_path, "cars") == (2, True)
    assert wanted_file(tmp_path).exists()
    assert withdraw(registry, tmp_path, "simpsons") == (2, False)
    assert not wanted_file(tmp_path).exists()
    assert withdraw(registry, tmp_path, "simpsons") == (None, False)


def test_withdrawing_from_a_classifier_that_is_not_registered_is_refused(registry: FakeAliases, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="received 'dogs'; there are: cars, simpsons"):
        withdraw(registry, tmp_path, "dogs")
