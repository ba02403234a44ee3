"""Where a frame waits on its way: `python -m docs.measure_path [--model M] [--share 0.5] [--seconds N] [--workers N]`.

The real worker on a real Kafka, at a share of its own peak. One JSON document on stdout: for every step the
milliseconds since the one before (p50, p95, p99), how many frames a batch held, and the processor time a frame of the
workers, the broker and the sender. Processor times hold on a busy machine, the others do not.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import numpy as np

from pipelines.bench.machine import count_cores
from pipelines.bench.model import prepare_model
from pipelines.bench.pictures import draw_pictures
from pipelines.settings import load_settings
from stream.bench.home import open_home
from stream.bench.lane import Stage, measure_lane
from stream.bench.lanes.traced import STEPS, TRACE
from stream.bench.latency.load import Load
from stream.bench.latency.serving import send, serving
from stream.bench.running import Plan, open_stage
from stream.bench.watching import Watch

RUN = "traced"


def trace(stage: Stage, fps: float, seconds: float) -> dict[str, Any]:
    """One run at a steady rate, without the first quarter."""
    with serving(stage, "ours traced", RUN) as served:
        send(stage, Load(fps, seconds / 3, "warm"), served.store)
        with Watch(served.pids) as workers, Watch([stage.broker.pid]) as broker:
            sent = send(stage, Load(fps, seconds, RUN), served.store)
        lines = [json.loads(line) for line in (served.folder / TRACE).read_text(encoding="utf-8").splitlines()]
    frames = sorted((line for line in lines if line[0].startswith(f"{RUN}-")), key=lambda line: line[1])
    cpu = {
        name: round(1000 * (watch.looks[-1].cpu_seconds - watch.looks[0].cpu_seconds) / max(sent.frames, 1), 3)
        for name, watch in (("workers", workers), ("broker", broker))
    }
    return {
        "fps": round(fps, 1),
        "sent": sent.frames,
        "traced": len(frames),
        "late_ms_p99": round(sent.late_ms_p99, 2),
        "cpu_ms_a_frame": {**cpu, "sender": round(1000 * sent.cpu_seconds / max(sent.frames, 1), 3)},
        **describe(frames[len(frames) // 4 :]),
    }


def describe(frames: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Milliseconds of every step, and of the whole way to `stored`."""
    captured = np.array([datetime.fromisoformat(line[1]).timestamp() for line in frames])
    times = np.column_stack([captured, np.array([line[3:] for line in frames])])
    steps = 1000 * np.diff(times, axis=1)
    batches = np.array([line[2] for line in frames])
    return {
        "steps_ms": {f"until {name}": spread_of(steps[:, number]) for number, name in enumerate(STEPS)},
        "captured_to_stored_ms": spread_of(1000 * (times[:, 1 + STEPS.index("stored")] - captured)),
        "frames_of_its_batch": spread_of(batches),
    }


def spread_of(values: Any) -> dict[str, float]:
    p50, p95, p99 = (round(float(value), 2) for value in np.percentile(values, (50, 95, 99)))
    return {"p50": p50, "p95": p95, "p99": p99}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="compact_cnn")
    parser.add_argument("--share", type=float, default=0.5, help="Of the peak.")
    parser.add_argument("--fps", type=float, help="In the place of a share.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=count_cores())
    options = parser.parse_args(words)
    pictures = draw_pictures()
    with open_home() as home:
        model = prepare_model(home, options.model, load_settings().weights_dir, pictures)
        with open_stage(home, model, Plan(1, options.seconds, options.workers), lambda line: None) as stage:
            raw = measure_lane(stage, "raw", 0).figures
            ours = measure_lane(stage, "ours v2", 0).figures
            told = trace(stage, options.fps or options.share * ours["fps"], options.seconds)
    peaks = {name: {key: figures[key] for key in ("fps", "cpu_seconds_per_frame")} for name, figures in
             (("raw", raw), ("ours v2", ours))}  # fmt: skip
    print(json.dumps({"model": options.model, "workers": options.workers, "peaks": peaks, **told}, indent=1))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
