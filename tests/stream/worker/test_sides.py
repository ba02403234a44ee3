from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.scaled_images import Side
from stream.messages import encode_v2
from stream.worker.batches import BatchReader
from stream.worker.sides import list_sides
from tests.stream.fakes import NOON, FakeClassifier, draw_jpeg, message_of


@dataclass
class Scaled(FakeClassifier):
    """Has pictures decoded for a side of its own, and remembers the shapes that it was shown."""

    decode_side: Side = 16
    seen: set[tuple[int, ...]] = field(default_factory=set)

    def infer(self, images: Sequence[Image]) -> Inference:
        self.seen |= {image.shape for image in images}
        return super().infer(images)


def test_each_classifier_sees_a_frame_as_it_has_it_decoded() -> None:
    scaled, full = Scaled("cars"), Scaled("cats_dogs", decode_side=None)
    reader = BatchReader("here/worker-1", clock=lambda: NOON)
    frames = [
        message_of(encode_v2("gate", str(n), NOON, draw_jpeg(200), image_name="a.jpg", sequence=n), offset=n)
        for n in range(2)
    ]

    outcome = reader.read(frames, {"cars": scaled, "cats_dogs": full}, {})

    assert (scaled.seen, full.seen) == ({(16, 16, 3)}, {(32, 32, 3)})
    assert [each.label for each in outcome.predictions] == ["light"] * 4


def test_a_frame_is_decoded_only_for_those_that_are_asked_about_it() -> None:
    serving = {"cars": Scaled("cars"), "cats_dogs": FakeClassifier("cats_dogs")}

    def sides(routes: dict[str, tuple[str, ...]], only: tuple[str, ...] = ()) -> set[Side]:
        return list_sides("gate", serving, routes, only)

    assert sides({}) == {16, None}
    assert sides({"gate": ("cars",)}) == {16}
    assert sides({"gate": ("cats_dogs", "simpsons")}) == {None}
    assert sides({}, only=("cars",)) == {16}
    assert sides({"gate": ("simpsons",)}) == {None}
