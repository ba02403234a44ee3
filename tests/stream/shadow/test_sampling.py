from hypothesis import given
from hypothesis import strategies as st

from stream.decoding import decode_frame
from stream.messages import FrameError, Headers, encode_v1, encode_v2
from stream.shadow.sampling import choose_classifiers, place_frame, read_frame_id
from tests.stream.fakes import NOON, draw_jpeg, message_of

JPEG = draw_jpeg()
SHARES = st.floats(0, 1)


@given(st.text(max_size=50), SHARES, SHARES)
def test_a_larger_share_holds_every_frame_of_a_smaller_one(frame_id: str, one: float, other: float) -> None:
    smaller, larger = sorted((one, other))

    chosen = choose_classifiers(frame_id, {"few": smaller, "many": larger})

    assert "few" not in chosen or "many" in chosen


@given(st.text(max_size=50))
def test_a_share_of_one_holds_every_frame_and_one_of_nothing_none(frame_id: str) -> None:
    assert choose_classifiers(frame_id, {"all": 1.0, "none": 0.0}) == ("all",)


def test_the_same_frame_is_sampled_everywhere_and_always() -> None:
    assert round(place_frame("gate-1"), 9) == 0.901428948
    assert choose_classifiers("gate-1", {"cars": 0.91, "cats_dogs": 0.9}) == ("cars",)


def test_about_the_share_of_many_frames_is_sampled() -> None:
    sampled = sum(bool(choose_classifiers(f"run-{number}", {"cars": 0.25})) for number in range(10_000))

    assert 2_300 < sampled < 2_700


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["schema", "frame_id", "camera_id", "captured_at"]),
            st.sampled_from([b"2", b"1", b"gate-1", b"\xff", b"", b"2025-06-01T12:00:00Z", None]),
        ),
        max_size=6,
    )
)
def test_the_id_that_is_sampled_by_is_the_one_that_decoding_finds(headers: list[tuple[str, bytes | None]]) -> None:
    for outgoing in (
        encode_v1("gate", "a.jpg", NOON, JPEG),
        encode_v2("gate", "gate-7", NOON, JPEG, image_name=None, sequence=1),
    ):
        every: Headers = (*outgoing.headers, *headers)
        message = message_of(outgoing)
        message = type(message)(message.position, message.key, message.value, every, None, NOON)
        try:
            frame = decode_frame(message)
        except FrameError:
            continue  # no frame: production buries it, and the shadow passes over it
        assert read_frame_id(message) == frame.frame_id
