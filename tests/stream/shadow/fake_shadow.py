"""A real shadow process with fake models: `python -m tests.stream.shadow.fake_shadow HOME BOOTSTRAP`.

Challengers are in the file `challengers.json` of the home. It never rests, and no frame is too late for it: machines
of tests are busy.
"""

import sys
from pathlib import Path
from typing import Any

from stream.logs import configure_logs
from stream.shadow import reading
from stream.shadow.spare_time import SpareLimits
from stream.shadow.worker import ShadowSetup, run_shadow
from stream.spare.priority import give_way, keep_one_thread
from stream.store import PredictionStore
from tests.stream.fakes import download_nothing, load_fake, try_nothing
from tests.stream.shadow.registries import TwoRegistries

NEVER_RESTS = SpareLimits(idle_below=-1.0, idle_above=-1.0, behind_frames=1_000_000)


def fake_shadow_setup(home: Path, bootstrap: str) -> ShadowSetup:
    return ShadowSetup(
        bootstrap=bootstrap,
        state=home,
        slot=1,
        cameras_file=home / "cameras.yaml",
        store=PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}"),
        open_lookup=lambda: TwoRegistries(home),
        download=download_nothing,
        try_version=try_nothing,
        load=load_fake,
        limits=NEVER_RESTS,
    )


def main(home: Path, bootstrap: str) -> int:
    configure_logs("console")
    replaced: Any = reading
    replaced.LATE_SECONDS = 3600.0
    thread = keep_one_thread()
    give_way()
    return run_shadow(fake_shadow_setup(home, bootstrap), thread)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
