import base64
import io

import numpy as np
from PIL import Image

from pipelines.page import build_bar, build_card, build_page, build_table, thumbnail_data_uri


def test_a_page_stands_alone_and_says_what_it_is_in_text() -> None:
    page = build_page("a <b>", "<p>body</p>", lede="x & y")

    assert "<title>a &lt;b&gt;</title>" in page
    assert "x &amp; y" in page
    assert "<p>body</p>" in page
    for request in ("http:", "https:", "src=", "@import", "<link"):
        assert request not in page


def test_a_thumbnail_is_small_and_keeps_its_shape() -> None:
    uri = thumbnail_data_uri(np.zeros((400, 800, 3), np.uint8), side=100)

    kind, content = uri.split(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (100, 50)


def test_a_file_name_cannot_break_out_of_its_card() -> None:
    assert '"><script>' not in build_card("data:,", "words", alternative='"><script>')


def test_numbers_are_set_to_the_right() -> None:
    table = build_table(("name", "count"), [("cat", "3")], numbers=frozenset({1}))

    assert '<td class="number">3</td>' in table
    assert "<td>cat</td>" in table


def test_a_bar_stays_within_its_bounds() -> None:
    assert "width:100.0%" in build_bar(1.7)
    assert "width:0.0%" in build_bar(-1)
