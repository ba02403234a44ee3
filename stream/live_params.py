"""What params.yaml says of serving, as it is now: a worker that runs follows its changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.errors import ParamsError
from pipelines.params import PARAMS_FILE, Params, load_params
from pipelines.stage_params import ClassifierParams
from stream.watched_file import WatchedFile

DEFAULTS: Final = ClassifierParams()
NO_SECTIONS: Final = Params(classifiers={})


class LiveParams:
    """Sections of every classifier; defaults for one that has none.

    A worker serves without a file, and with a wrong one: that is said, and the defaults or what was read before hold.
    """

    def __init__(self, workspace: Path, say: Callable[[str], object]) -> None:
        self._say = say
        self._watched = WatchedFile(workspace / PARAMS_FILE, _load, say, self._load_first)

    def of(self, classifier: str) -> ClassifierParams:
        return self._watched.current().classifiers.get(classifier, DEFAULTS)

    def _load_first(self, file: Path) -> Params:
        try:
            return _load(file)
        except ParamsError as error:
            self._say(f"{file.name} is ignored: {error}")
            return NO_SECTIONS


def _load(file: Path) -> Params:
    return load_params(file.parent) if file.exists() else NO_SECTIONS
