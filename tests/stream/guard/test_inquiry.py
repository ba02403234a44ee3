import time
from collections.abc import Sequence

from pipelines.images import Image
from pipelines.inference import Inference
from stream.guard.inquiry import PIECE_SECONDS, Listener, ask_both
from stream.guard.rules import Said
from tests.stream.fakes import POISON, FakeClassifier, draw_jpeg


def test_both_are_asked_about_the_same_frames_and_one_that_fails_hides_no_other() -> None:
    served, witness = Listener(FakeClassifier(version=2, always_fails=True)), Listener(FakeClassifier())

    ask_both(served, witness, [draw_jpeg(40), draw_jpeg(200), draw_jpeg(128), draw_jpeg(POISON), b"no picture"])

    assert served.said() == Said(4, failed=4, answers=(None,) * 4)
    said = witness.said()
    assert (said.pictures, said.failed, said.unknown, said.labels) == (4, 1, 1, {"dark": 1, "light": 2})
    assert (said.milliseconds or 0) > 0
    assert said.answers == ("dark", "light", "light", None)


def test_a_slow_version_is_asked_about_one_frame_between_two_batches() -> None:
    pieces: list[int] = []

    class Slow(FakeClassifier):
        def infer(self, images: Sequence[Image]) -> Inference:
            ends_at = time.perf_counter() + PIECE_SECONDS
            while time.perf_counter() < ends_at:
                pass
            return super().infer(images)

    served, witness = Listener(Slow(version=2)), Listener(FakeClassifier())
    jpegs = [draw_jpeg(40), draw_jpeg(200), draw_jpeg(128)]
    while rest := jpegs[sum(pieces) :]:
        pieces.append(ask_both(served, witness, rest, PIECE_SECONDS))

    assert pieces == [1, 1, 1]
    assert (served.said().pictures, witness.said().pictures) == (3, 3)
