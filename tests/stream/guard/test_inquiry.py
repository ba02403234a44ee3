from stream.guard.inquiry import Listener, ask_both
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
