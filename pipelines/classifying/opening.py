"""From a classifier's name to networks that answer: looked up, verified, compiled. MLflow's client only if needed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.artefact import SERVING_FOLDER, Precision, ServingCard
from pipelines.client_lookup import choose_lookup, open_client_registry
from pipelines.errors import ModelError, RegistryError
from pipelines.inference import OpenVinoClassifier, computed_precision, load_classifiers
from pipelines.lookup.artefact_cache import ArtefactCache
from pipelines.lookup.facts import Lookup, RegisteredVersion
from pipelines.lookup.finding import find_version
from pipelines.openvino_core import open_core
from pipelines.settings import Settings

CACHE_FOLDER: Final = Path("cache") / "artefacts"


@dataclass(frozen=True, slots=True)
class OpenedVersion:
    """A version whose artefact is on this machine and was verified."""

    classifier: str
    version: int
    artefact: Path
    card: ServingCard

    @property
    def precision(self) -> Precision:
        """In which it is computed on this machine."""
        return computed_precision(open_core(), self.card.precision)

    def load(self, threads: int) -> tuple[OpenVinoClassifier, ...]:
        """A classifier for each thread, on one network."""
        return load_classifiers(self.artefact, self.classifier, self.version, threads=threads)


def open_version(settings: Settings, classifier: str, wanted: int | None, say: Callable[[str], None]) -> OpenedVersion:
    """`wanted`, else the production version.

    While the registry does not answer, a version named by its number is taken from the cache if it was used before,
    and `say` hears of it: which version is production only the registry knows.
    Raises RegistryError and ModelError.
    """
    lookup = choose_lookup(settings)
    cache = ArtefactCache(settings.state / CACHE_FOLDER, settings.resolve_tracking_uri())
    try:
        found = find_version(lookup, classifier, wanted)
    except RegistryError as error:
        found = _recall(cache, lookup, classifier, wanted, error)
        say(f"the registry does not answer; {classifier} version {found.version} is the one fetched from it before")
    artefact = cache.open(found, lambda version, into: _fetch(settings, version, into))
    if not (artefact / SERVING_FOLDER).is_dir():
        raise ModelError(
            f"Expected a {SERVING_FOLDER} folder in {classifier} version {found.version}, found none. "
            f"Export it again with `vigia train {classifier}`."
        )
    return OpenedVersion(classifier, found.version, artefact, ServingCard.load(artefact))


def _recall(
    cache: ArtefactCache, lookup: Lookup, classifier: str, wanted: int | None, error: RegistryError
) -> RegisteredVersion:
    try:
        lookup.classifiers()
    except RegistryError:
        known = cache.known(classifier)
        recalled = cache.recall(classifier, wanted) if wanted is not None else None
        if recalled is None and known:
            numbers = ", ".join(str(each.version) for each in known)
            raise RegistryError(f"{error} Versions fetched before answer without it: --model {numbers}.") from error
        if recalled is not None:
            return recalled
    raise error


def _fetch(settings: Settings, version: RegisteredVersion, into: Path) -> Path:
    return open_client_registry(settings).download(version.classifier, version.version, into)
