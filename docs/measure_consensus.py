"""Consensus against single frames: `python -m docs.measure_consensus [--model V] [--scenes 12] [--noisy 0.2]`.

In a workspace with a trained `cars`. A video is drawn from pictures that no training saw, a car a scene, each of which
the model knows when nothing disturbs it. Some frames then show another car, next to nothing for blur, or noise. The
video goes the way of `vigia evaluate --video`, by the policy of params.yaml. Then what windows of live cameras cost.
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.classifying.opening import open_version
from pipelines.classifying.pictures import Pool
from pipelines.consensus.evaluating import VideoEvaluation, evaluate_video
from pipelines.consensus.timeline import Span
from pipelines.consensus.voting import name_policy
from pipelines.consensus_params import ConsensusParams
from pipelines.datasets.drawn_pictures import Drawing
from pipelines.datasets.samples import DRAWINGS
from pipelines.evaluation_commands import read_params
from pipelines.inference import build_answers
from pipelines.settings import load_settings
from pipelines.terminal import say
from stream.consensus.live import LiveConsensus
from stream.messages import FRAMES_TOPIC, Position
from stream.worker.outcomes import BatchOutcome
from tests.stream.test_messages import PREDICTION

RATE: Final = 5
SCENE_SECONDS: Final = 8
SIZE: Final = (320, 240)
UNSEEN_SEED: Final = 90_001
SURE: Final = 0.9
"""Less, and an unsteady camera alone would change the answer: it is the noise that is measured here."""


@dataclass(frozen=True, slots=True)
class ConsensusReport:
    """Errors are shares of frames without the right answer, be it wrong or none."""

    frames: int
    frame_error: float
    consensus_error: float
    ratio: float
    frame_wrong: float
    consensus_wrong: float
    undecided: float
    delay_seconds: float | None
    clean_frame_error: float
    """Of the frames that were not made noisy."""
    policy: str
    best: str
    """Window and agreement with the fewest errors on this video, and its ratio."""
    ms_per_frame: dict[str, float]
    """Of processor time, by the frames that a window holds."""


@dataclass(frozen=True, slots=True)
class Film:
    """Drawn frames with what they show."""

    pictures: tuple[Image.Image, ...]
    noisy: tuple[bool, ...]
    spans: tuple[Span, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=int)
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--noisy", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pool = Pool(open_version(load_settings(), "cars", options.model, say).load(threads=1))
    film = draw_film(DRAWINGS["cars"], pool, options.scenes, options.noisy, options.seed)
    policy = read_params(Path.cwd(), "cars").consensus
    with tempfile.TemporaryDirectory() as folder:
        file = write_film(Path(folder) / "film.mp4", film.pictures)
        evaluation = evaluate_video(pool, str(file), film.spans, RATE, policy, say)
    text = json.dumps(asdict(build_report(film, evaluation)), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def build_report(film: Film, evaluation: VideoEvaluation) -> ConsensusReport:
    alone, chosen, best = evaluation.alone, evaluation.chosen.score, evaluation.best
    labels = [span.label for span in film.spans for _ in range(RATE * SCENE_SECONDS)]
    clean = [
        frame.vote.known and frame.vote.label == label
        for frame, label, noisy in zip(evaluation.frames, labels, film.noisy, strict=True)
        if not noisy
    ]
    return ConsensusReport(
        frames=alone.frames,
        frame_error=round(alone.error, 4),
        consensus_error=round(chosen.error, 4),
        ratio=round(chosen.error / alone.error, 3),
        frame_wrong=round(alone.wrong, 4),
        consensus_wrong=round(chosen.wrong, 4),
        undecided=round(chosen.undecided, 4),
        delay_seconds=chosen.delay_seconds and round(chosen.delay_seconds, 2),
        clean_frame_error=round(1 - sum(clean) / len(clean), 4),
        policy=name_policy(evaluation.chosen.policy),
        best=f"{best.policy.window_seconds:g} s, {best.policy.agreement:g}: {best.score.error / alone.error:.3f}",
        ms_per_frame={str(held): round(measure_cost(held), 4) for held in (10, 60, 256)},
    )


def draw_film(drawing: Drawing, pool: Pool, scenes: int, noisy: float, seed: int) -> Film:
    """Scenes of one car each, neighbours of different classes; the same share of each scene's frames is noisy."""
    random = np.random.default_rng(seed)
    count = RATE * SCENE_SECONDS
    pictures: list[Image.Image] = []
    marks: list[bool] = []
    spans: list[Span] = []
    # picture i shows class i modulo the number of classes
    for scene, place in enumerate(_no_class_twice(len(drawing.CLASS_NAMES), scenes, random)):
        label, still = _draw_known(drawing, pool, place, UNSEEN_SEED + scene)
        spans.append(Span(scene * SCENE_SECONDS, (scene + 1) * SCENE_SECONDS, label, f"scene {scene}"))
        spoilt = set(random.choice(count, round(noisy * count), replace=False).tolist())
        for number in range(count):
            frame = _film_frame(still, random)
            if number in spoilt:
                other = drawing.draw_picture(place + 1 + int(random.integers(len(drawing.CLASS_NAMES) - 1)), seed)
                frame = _spoil(frame, Image.open(io.BytesIO(other.jpeg)), random)
            pictures.append(frame)
            marks.append(number in spoilt)
    return Film(tuple(pictures), tuple(marks), tuple(spans))


def _no_class_twice(classes: int, scenes: int, random: np.random.Generator) -> Iterator[int]:
    last = -1
    for _ in range(scenes):
        last = int(random.choice([place for place in range(classes) if place != last]))
        yield last


def _draw_known(drawing: Drawing, pool: Pool, place: int, seed: int) -> tuple[str, Image.Image]:
    """The first picture of the class that the model answers rightly, and surely."""
    while True:
        drawn = drawing.draw_picture(place, seed)
        still = Image.open(io.BytesIO(drawn.jpeg)).convert("RGB")
        answer = build_answers(pool.class_names, pool.infer(np.asarray(still)))[0]
        if (answer.label, answer.decision) == (drawn.label, "known") and answer.confidence >= SURE:
            return drawn.label, still
        place += len(drawing.CLASS_NAMES)


def _film_frame(still: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture as an unsteady camera sees it: cut a little differently, a little lighter, a little grainy."""
    width, height = still.size
    left, top = random.uniform(0, 0.04, 2)
    cut = still.crop((round(left * width), round(top * height), round((0.96 + left) * width), height))
    pixels = np.asarray(cut.resize(SIZE), np.float32) * random.uniform(0.93, 1.07)
    return _to_picture(pixels + random.normal(0, 4, pixels.shape))


def _spoil(frame: Image.Image, other: Image.Image, random: np.random.Generator) -> Image.Image:
    match int(random.integers(3)):
        case 0:
            return other.convert("RGB").resize(SIZE)
        case 1:
            return frame.filter(ImageFilter.GaussianBlur(16))
        case _:
            return _to_picture(np.asarray(frame, np.float32) * 0.2 + random.normal(100, 60, (*SIZE[::-1], 3)))


def _to_picture(pixels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_film(file: Path, pictures: Sequence[Image.Image]) -> Path:
    import av

    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"crf": "16"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(stream.encode())
    return file


def measure_cost(held: int, *, batches: int = 120, size: int = 32) -> float:
    """Milliseconds of processor time a frame, with windows of so many frames; eight cameras."""
    policy = ConsensusParams(window_seconds=held / 100)
    consensus = LiveConsensus(lambda lane, before: {}, lambda name: policy)
    outcomes = []
    for batch in range(batches):
        offsets = range(batch * size, (batch + 1) * size)
        answers = tuple(
            replace(
                PREDICTION,
                position=Position(FRAMES_TOPIC, 0, offset),
                camera_id=f"camera-{offset % 8}",
                # each camera sends a hundred a second
                captured_at=PREDICTION.captured_at + timedelta(seconds=offset // 8 / 100),
            )
            for offset in offsets
        )
        outcomes.append(BatchOutcome(answers, (), {}, positions=tuple(each.position for each in answers)))
    warm = batches // 2  # by then the windows are full
    for outcome in outcomes[:warm]:
        consensus.add(outcome)
    began = time.process_time()
    for outcome in outcomes[warm:]:
        consensus.add(outcome)
    return (time.process_time() - began) * 1000 / (size * (batches - warm))


if __name__ == "__main__":
    main()
