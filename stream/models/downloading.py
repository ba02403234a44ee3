"""Artefacts that lie on another machine are fetched by a child: MLflow's client is large, and takes long to load.

`python -m stream.models.downloading CLASSIFIER VERSION FOLDER` is the child.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from pipelines.errors import RegistryError, VigiaError
from pipelines.lookup.facts import RegisteredVersion
from pipelines.settings import Settings
from stream.models.copies import Download
from stream.models.trial import NICENESS

DEADLINE_SECONDS: Final = 900.0
"""Nothing else of the classifier is loaded meanwhile, so that one that never ends would be its last."""
_CODE: Final = Path(__file__).parents[2]


def build_download(settings: Settings) -> Download:
    """Raises RegistryError with the child's reason, with how it ended, or when it takes too long."""

    def download(version: RegisteredVersion, into: Path) -> Path:
        environment = {
            **os.environ,
            "PYTHONPATH": str(_CODE),
            "MLFLOW_TRACKING_URI": settings.resolve_tracking_uri(),
        }
        command = [sys.executable, "-P", "-m", "stream.models.downloading"]
        child = subprocess.Popen(
            [*command, version.classifier, str(version.version), str(into)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        try:
            said, complaint = child.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise RegistryError(
                f"Expected the artefact within {DEADLINE_SECONDS:g} s, it did not come. Look at the registry, and at "
                "the network between."
            ) from None
        finally:
            if child.poll() is None:
                child.kill()
                child.communicate()
        if child.returncode:
            last = " ".join(complaint.strip().splitlines()[-1:])
            raise RegistryError(last or f"Expected the artefact, what fetches it ended with status {child.returncode}.")
        return Path(said.strip().splitlines()[-1])

    return download


def download_here(classifier: str, version: int, into: Path) -> None:
    """The child's work: the folder is its last line, a refusal its last complaint."""
    from pipelines.client_lookup import open_client_registry
    from pipelines.processes import die_with_parent
    from pipelines.settings import load_settings

    die_with_parent()
    try:
        print(open_client_registry(load_settings()).download(classifier, version, into))
    except VigiaError as error:
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    download_here(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
