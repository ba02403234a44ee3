"""`vigia bench engines`: the same network in every runtime that is here, on one thread.

`python -m pipelines.bench.engines WORK` is a child: one engine in one round, or the files that engines read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import Precision, ServingCard
from pipelines.bench.engine_kinds import ENGINES, open_engine, write_engines
from pipelines.bench.figures import Lane, Round, Spread, ratio, time_passes, turned
from pipelines.bench.model import BenchModel
from pipelines.bench.parity import Said, compare_answers
from pipelines.processes import bind_command

BATCHES: Final = (1, 4, 8, 16, 32)
COMPARED_BATCH: Final = 8
PATIENCE_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Work:
    """What a child is asked for."""

    artefact: str
    files: str
    """The folder of what engines read."""
    pictures: str
    seconds: float
    engine: str | None = None
    """None: write the files of all."""


def measure_engines(
    home: Path, model: BenchModel, rounds: int, seconds: float, say: Callable[[str], None]
) -> list[Lane]:
    """Every engine at every batch size, each engine in a process of its own, in turns."""
    files = home / "engines" / model.artefact.name
    files.mkdir(parents=True, exist_ok=True)
    work = Work(str(model.artefact), str(files), str(home / "pictures"), seconds)
    say("writing what engines read")
    absent = dict(_ask(work))
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in ENGINES}
    for round_ in range(rounds):
        for name in turned([name for name in ENGINES if name not in absent], round_):
            said = _ask(Work(work.artefact, work.files, work.pictures, seconds, name))
            if "failed" in said:
                absent[name] = said["failed"]
            else:
                found[name].append(said)
            say(f"round {round_ + 1} of {rounds}, {name}: {said.get('failed') or 'done'}")
    return [lane for name in ENGINES for lane in build_lanes(name, model, found[name], absent.get(name))]


def build_lanes(engine: str, model: BenchModel, found: Sequence[Mapping[str, Any]], absent: str | None) -> list[Lane]:
    """One a batch size; its answers to single pictures decide whether they count."""
    if absent or not found:
        return [Lane(engine, not_counted=absent or "it was not measured")]
    said = [Said(*fields) for fields in found[0]["said"]]
    parity = compare_answers(said, model.expected["ours"])
    reason = parity.why_not(precision_of(engine))
    lanes = []
    for batch in BATCHES:
        rounds: list[Round] = [each["rates"][str(batch)] for each in found]
        lanes.append(Lane(f"{engine}, batch {batch}", tuple(rounds), {"parity": asdict(parity)}, reason))
    return lanes


def precision_of(engine: str) -> Precision:
    """That of its name, else f32."""
    last = engine.rpartition(" ")[2]
    return "bf16" if last == "bf16" else "int8" if last == "int8" else "f32"


def engine_ratios(lanes: Sequence[Lane]) -> dict[str, Spread | None]:
    """Of OpenVINO in f32 to the other runtimes, and of lower precisions to it."""
    by_name = {lane.name: lane for lane in lanes}

    def over(above: str, below: str) -> Spread | None:
        names = [f"{each}, batch {COMPARED_BATCH}" for each in (above, below)]
        return ratio(by_name.get(names[0]), by_name.get(names[1]))

    ours = "openvino f32"
    lower = {f"{name.replace(' ', '_')}_over_f32": over(name, ours) for name in ("openvino bf16", "openvino int8")}
    return {**{f"openvino_f32_over_{name}": over(ours, name) for name in ("onnxruntime", "keras", "litert")}, **lower}


def _ask(work: Work) -> dict[str, Any]:
    command = bind_command(sys.executable, "-m", "pipelines.bench.engines", json.dumps(asdict(work)))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["nothing"]
        return {"failed": f"it ended with {done.returncode}: {' '.join(lines[-1].split())[:200]}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure_here(work: Work) -> dict[str, Any]:
    """One engine: its answers to single pictures, and its rate by batch size."""
    import numpy as np

    from pipelines.bench.decode import decode_ours

    card = ServingCard.load(Path(work.artefact))
    files = sorted(Path(work.pictures).iterdir())
    pixels = np.stack([decode_ours(file.read_bytes(), card.image_size) for file in files])
    ask = open_engine(str(work.engine), Path(work.artefact), Path(work.files))
    said = []
    for file, one in zip(files, pixels, strict=True):
        row = np.asarray(ask(one[None]))[0]
        said.append((file.name, card.class_names[int(row.argmax())], float(row.max())))

    def time_batch(batch: int) -> dict[str, float]:
        some = np.resize(pixels, (batch, *pixels.shape[1:]))
        ask(some)  # the first one takes longer
        return time_passes(lambda: len(np.asarray(ask(some))), work.seconds)

    rates = {str(batch): time_batch(batch) for batch in BATCHES}
    return {"said": said, "rates": rates}


if __name__ == "__main__":
    order = Work(**json.loads(sys.argv[1]))
    if order.engine is None:
        print(json.dumps(write_engines(Path(order.artefact), Path(order.files), Path(order.pictures))))
    else:
        print(json.dumps(measure_here(order)))
