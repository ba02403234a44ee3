from pipelines.bench.pictures import draw_pictures, name_picture
from pipelines.images import decode_image


def test_the_same_pictures_are_drawn_each_time() -> None:
    first, again = draw_pictures((64, 48), 3), draw_pictures((64, 48), 3)

    assert first == again
    assert len(set(first)) == 3
    assert decode_image(first[0]).shape == (48, 64, 3)


def test_a_frame_says_which_picture_it_shows() -> None:
    assert name_picture(7, [b"a", b"b", b"c"]) == "1.jpg"
