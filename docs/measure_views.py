"""How well views are told on real pictures: `python -m docs.measure_views PICTURES [--scenes 40]`.

PICTURES holds `cars/train/*/*.jpg`, `simpsons/train/*/*` and `simpsons/video/*.mp4`. Pictures and video as they are
give the false alarms; cameras made of single pictures (some noise, a little shaking) that then go dark, are covered,
lose their focus or freeze give what is found and after how long; streams coded with H.264 tell a still scene from a
frozen one. One judgement a second of the camera's time; nothing waits. One JSON document.
"""

import argparse
import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from pipelines.images import Image, decode_image
from stream.camera.sources.pictures import encode_picture, glance
from stream.camera.views import View, ViewWatch, measure_signs
from tests.stream.camera.scenes import cover, darken, defocus, with_fog

SIZE_WH: Final = (640, 480)
LARGE_WH: Final = (1280, 720)
KEY_FRAME_SECONDS: Final = 5
PAST_SECONDS: Final = 150
FAULT_SECONDS: Final = 40
NOISE: Final = 2.0
Change = Callable[[Image], Image]

FAULTS: Final[dict[str, tuple[View, Change]]] = {
    "dark": ("dark", darken),
    "covered": ("blocked", cover),
    "out of focus by 3 pixels": ("blurred", lambda image: defocus(image, 3.0)),
    "out of focus by 5 pixels": ("blurred", lambda image: defocus(image, 5.0)),
    "out of focus by 8 pixels": ("blurred", lambda image: defocus(image, 8.0)),
}
HARMLESS: Final[dict[str, Change]] = {
    "fog": with_fog,
    "a third of the light": lambda image: (image * 0.3).astype(np.uint8),
    "twice the light": lambda image: np.clip(image * 2.0, 0, 255).astype(np.uint8),
    "turned by half its width": lambda image: np.roll(image, image.shape[1] // 2, axis=1),
}


class Camera:
    """A picture with a sensor's noise and a mast that shakes."""

    def __init__(self, picture: Image, seed: int) -> None:
        self._picture = np.asarray(cv2.resize(picture, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8)
        rng = np.random.default_rng(seed)
        self._noise = [rng.normal(0, NOISE, self._picture.shape).astype(np.float32) for _ in range(5)]

    def frames(self, seconds: int, change: Change | None = None) -> Iterator[Image]:
        scene = change(self._picture) if change else self._picture
        for second in range(seconds):
            shaken = np.roll(scene, second % 3 - 1, axis=1)
            yield np.clip(shaken + self._noise[second % 5], 0, 255).round().astype(np.uint8)


def measure_alarms(pictures: Iterable[Image]) -> dict[str, Any]:
    """Judgements of pictures that have no fault."""
    watch = ViewWatch()
    counts: Counter[str] = Counter(watch.judge(picture, now=float(second)) for second, picture in enumerate(pictures))
    return {"judged": counts.total(), **counts}


def measure_alone(pictures: Iterable[Image]) -> dict[str, Any]:
    """Cameras that look at nothing but one picture for five seconds."""
    counts: Counter[str] = Counter()
    for picture in pictures:
        watch = ViewWatch()
        counts[[watch.judge(picture, now=float(second)) for second in range(5)][-1]] += 1
    return {"judged": counts.total(), **counts}


def measure_detection(pictures: list[Image]) -> dict[str, Any]:
    """Per fault: the share of cameras where it is found, and the median of seconds until then."""
    found: dict[str, list[float | None]] = {name: [] for name in (*FAULTS, "frozen")}
    alarms: Counter[str] = Counter()
    for seed, picture in enumerate(pictures):
        camera, past = Camera(picture, seed), ViewWatch()
        alarms["before"] += _count_alarms(past, camera.frames(PAST_SECONDS), 0)
        for name, (view, change) in FAULTS.items():
            found[name].append(_seconds_until(view, deepcopy(past), camera.frames(FAULT_SECONDS, change)))
        still = list(camera.frames(1)) * FAULT_SECONDS
        found["frozen"].append(_seconds_until("frozen", deepcopy(past), still))
        for name, change in HARMLESS.items():
            frames = camera.frames(FAULT_SECONDS, change)
            alarms[name] += bool(_count_alarms(deepcopy(past), frames, PAST_SECONDS))
    return {
        "cameras": len(pictures),
        "found": {
            name: {
                "share": round(sum(each is not None for each in seconds) / len(seconds), 3),
                "median_seconds": float(np.median([each for each in seconds if each is not None] or [float("nan")])),
            }
            for name, seconds in found.items()
        },
        "false_alarms_before": alarms.pop("before"),
        "cameras_with_false_alarms_under": dict(alarms),
    }


def _count_alarms(watch: ViewWatch, frames: Iterable[Image], start: int) -> int:
    return sum(watch.judge(frame, now=float(start + second)) != "ok" for second, frame in enumerate(frames))


def _seconds_until(view: View, watch: ViewWatch, frames: Iterable[Image]) -> float | None:
    views = [watch.judge(frame, now=float(PAST_SECONDS + second)) for second, frame in enumerate(frames)]
    return float(views.index(view)) if view in views else None


def measure_codec(picture: Image) -> dict[str, Any]:
    """Still scenes through H.264 and the JPEG that is sent: which noise and quality lets one be called frozen, and by
    how many grey levels pictures change from one key frame to the next."""
    outcome = {}
    for size_wh, sigmas in ((SIZE_WH, (0.0, 0.5, 1.0, 2.0)), (LARGE_WH, (0.0, 0.5))):
        still = np.asarray(cv2.resize(picture, size_wh), np.uint8)
        for sigma in sigmas:
            rng = np.random.default_rng(3)
            noise = [rng.normal(0, sigma, still.shape).astype(np.float32) for _ in range(7)]
            for crf in (18, 23, 30):
                frames = (np.clip(still + noise[number % 7], 0, 255).round().astype(np.uint8) for number in range(700))
                name = f"{size_wh[0]}x{size_wh[1]}, noise {sigma:g}, crf {crf}"
                outcome[name] = _judge_coded(frames, size_wh, crf)
    return outcome


def _judge_coded(frames: Iterable[Image], size_wh: tuple[int, int], crf: int) -> dict[str, Any]:
    seen = [glance(encode_picture(frame, None))[0] for frame in _through_h264(frames, size_wh, crf)]
    sent = [each for each in seen if each is not None]
    watch = ViewWatch()
    views = [watch.judge(frame, now=float(second)) for second, frame in enumerate(sent)]
    samples = [measure_signs(frame).samples.astype(np.int16) for frame in sent[KEY_FRAME_SECONDS:]]
    changes = [np.abs(a - b).mean() for a, b in zip(samples, samples[KEY_FRAME_SECONDS:], strict=False)]
    return {"view": "frozen" if "frozen" in views else "ok", "change": round(float(np.median(changes)), 3)}


def _through_h264(frames: Iterable[Image], size_wh: tuple[int, int], crf: int) -> Iterator[Image]:
    """Ten frames a second; every tenth of what comes out."""
    coded = io.BytesIO()
    options = {"crf": str(crf), "g": str(10 * KEY_FRAME_SECONDS), "preset": "veryfast"}
    with av.open(coded, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
    coded.seek(0)
    with av.open(coded, "r") as decoded:
        for each in islice(decoded.decode(video=0), 0, None, 10):
            yield np.asarray(each.to_ndarray(format="rgb24"), np.uint8)


def measure_time(picture: Image) -> dict[str, Any]:
    """Processor milliseconds of one judgement, and of decoding for it, by the picture's size."""
    outcome = {}
    for width, height in ((320, 240), SIZE_WH, LARGE_WH, (1920, 1080)):
        image = np.asarray(cv2.resize(picture, (width, height)), np.uint8)
        jpeg = encode_picture(image, None)
        watch = ViewWatch()
        seconds: dict[str, list[float]] = {"judge": [], "decode": []}
        for second in range(300):
            began = time.process_time()
            small = glance(jpeg)[0]
            between = time.process_time()
            watch.judge(image if small is None else small, now=float(second))
            seconds["decode"].append(between - began)
            seconds["judge"].append(time.process_time() - between)
        outcome[f"{width}x{height}"] = {name: round(1000 * float(np.median(each)), 2) for name, each in seconds.items()}
    return outcome


def _load(files: Iterable[Path]) -> Iterator[Image]:
    for file in files:
        yield decode_image(file.read_bytes())


def _play(file: Path, seconds: int) -> Iterator[Image]:
    with av.open(str(file)) as container:
        frames = [np.asarray(each.to_ndarray(format="rgb24"), np.uint8) for each in container.decode(video=0)]
    return islice(cycle(frames[::10]), seconds)


def main() -> None:
    """Everything, as one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--scenes", type=int, default=40)
    options = parser.parse_args()
    order = random.Random(4)  # noqa: S311  which pictures is no secret
    cars = sorted((options.pictures / "cars/train").glob("*/*.jpg"))
    simpsons = sorted(each for each in (options.pictures / "simpsons/train").glob("*/*") if each.suffix != ".csv")
    order.shuffle(cars)
    order.shuffle(simpsons)
    video = next((options.pictures / "simpsons/video").glob("*.mp4"))
    chosen = list(_load(cars[: options.scenes]))
    document = {
        "false_alarms": {
            "cars, a picture a second": measure_alarms(_load(cars)),
            "simpsons, a picture a second": measure_alarms(_load(simpsons)),
            "simpsons video, every tenth frame, in a loop": measure_alarms(_play(video, 1000)),
            "cars, each alone": measure_alone(_load(cars)),
            "simpsons, each alone": measure_alone(_load(simpsons)),
        },
        "detection": measure_detection(chosen),
        "h264": measure_codec(chosen[0]),
        "processor_ms": measure_time(chosen[0]),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
