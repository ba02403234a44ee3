from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from dashboard import panels
from dashboard.markup import Html, element, join
from dashboard.queries import Camera, CameraPrediction, DeadLetterRow, DeadLetters, ModelInForce
from dashboard.services import Service, Stack
from dashboard.words import Words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
ENGLISH = Words("en")


class Tags(HTMLParser):
    """The elements, attributes and text that a browser would make of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(html: Html) -> None:
    tags = Tags(html)
    assert not tags.names & {"script", "img", "iframe", "svg"}
    assert not any(name.startswith("on") for name in tags.attributes)


def prediction(**values: object) -> CameraPrediction:
    fields: dict[str, object] = {
        "camera_id": "cam01",
        "classifier": "cars",
        "label": "brisa_velero",
        "confidence": 0.876,
        "model_version": 3,
        "image_sha256": "0" * 64,
        "captured_at": NOW - timedelta(seconds=4.08),
        "predicted_at": NOW - timedelta(seconds=4),
    }
    return CameraPrediction(**(fields | values))  # type: ignore[arg-type] # fields by name


def camera(**values: object) -> Camera:
    fields: dict[str, object] = {"camera_id": "cam01", "state": "online", "last_error": None, "last_at": NOW}
    return Camera(**(fields | values))  # type: ignore[arg-type] # fields by name


def test_a_card_tells_label_confidence_version_latency_and_age() -> None:
    text = Tags(panels.render_card(camera(), [prediction()], ENGLISH, NOW)).text.replace("\u202f", " ")

    for fact in ("cam01", "online", "brisa_velero", "87.6 %", "cars · version 3", "latency 80 ms", "4 s ago"):
        assert fact in text


def test_a_card_speaks_spanish() -> None:
    text = Tags(panels.render_card(camera(), [prediction()], Words("es"), NOW)).text.replace("\u202f", " ")

    for fact in ("en línea", "87,6 %", "versión 3", "latencia 80 ms", "hace 4 s"):
        assert fact in text


def test_a_card_tells_what_the_last_frames_agree_on() -> None:
    agreed = prediction(consensus_frames=5, consensus_label="tajo_mula", consensus_confidence=0.912)
    undecided = prediction(consensus_frames=3)

    slow = prediction(consensus_frames=1)

    said = [
        Tags(panels.render_card(camera(), [each], ENGLISH, NOW)).text
        for each in (agreed, undecided, prediction(), slow)
    ]

    assert "consensus: tajo_mula" in said[0]
    assert "91.2" in said[0]
    assert "consensus: undecided" in said[1]
    assert "consensus" not in said[2]
    assert "consensus" not in said[3], "one frame agrees with nobody"
    assert "consenso: sin decidir" in Tags(panels.render_card(camera(), [undecided], Words("es"), NOW)).text


def test_a_camera_without_frames_for_long_is_said_to_be_so() -> None:
    silent = panels.render_card(camera(last_at=NOW - timedelta(seconds=30)), [prediction()], ENGLISH, NOW)
    offline = panels.render_card(camera(state="offline", last_error="no such folder"), [], ENGLISH, NOW)

    assert "no new frames" in Tags(silent).text
    assert "offline" in Tags(offline).text
    assert "no such folder" in Tags(offline).text


def test_nothing_in_a_card_can_become_markup() -> None:
    for shown in ([prediction(label=EVIL, classifier=EVIL)], []):
        html = panels.render_card(camera(camera_id=EVIL, state="offline", last_error=EVIL), shown, ENGLISH, NOW)

        assert_harmless(html)
        assert "<script>alert(1)</script>" in Tags(html).text


def test_nothing_in_the_other_panels_can_become_markup() -> None:
    letters = DeadLetters(1, False, (DeadLetterRow(NOW, EVIL, EVIL, EVIL, EVIL, 3),))
    models = [ModelInForce(EVIL, 1, NOW, EVIL), ModelInForce(EVIL, 2, None, None)]
    stack = Stack(True, (Service(EVIL, "bad", EVIL, EVIL, 'http://127.0.0.1/"onclick="alert(1)', 3.0, 2),))

    for html in (
        panels.render_dead_letters(letters, ENGLISH, NOW),
        panels.render_models(models, ENGLISH, NOW),
        panels.render_labels([(EVIL, EVIL, 3)], ENGLISH),
        panels.render_services(stack, ENGLISH),
        panels.render_overall(stack, ENGLISH, predicts=True),
        panels.render_notice(EVIL),
        panels.render_heading(EVIL, EVIL),
    ):
        assert_harmless(html)


def test_a_model_in_force_names_the_precision_in_which_it_is_computed() -> None:
    models = [ModelInForce("cars", 3, NOW, None, "bf16"), ModelInForce("dogs", 1, NOW, None)]

    cars, dogs = (Tags(panels.render_models([model], ENGLISH, NOW)).text for model in models)

    assert "version 3 · bf16 · for" in cars
    assert "version 1 · for" in dogs


def test_labels_have_shares_within_their_classifier() -> None:
    labels = [("cars", "roca", 6), ("dogs", "pug", 5), ("cars", "gota", 2)]

    text = Tags(panels.render_labels(labels, ENGLISH)).text.replace("\u202f", " ")

    assert "75.0 %" in text
    assert "100.0 %" in text
    assert "25.0 %" in text


def test_rare_labels_are_counted_together() -> None:
    labels = [("cars", f"label {number}", 9 - number) for number in range(9)]

    assert "3 other labels" in Tags(panels.render_labels(labels, ENGLISH)).text


def test_the_service_that_needs_attention_is_named_at_the_top() -> None:
    services = (
        Service("kafka", "good", "running", "", None, 3.0, 0),
        Service("mlflow", "bad", "exited", "", None, None, 0),
    )

    text = Tags(panels.render_overall(Stack(True, services), ENGLISH, predicts=True)).text

    assert text == "A service needs attention: mlflow"


def test_the_hint_says_what_to_type() -> None:
    text = Tags(panels.render_hint(ENGLISH)).text

    for command in ("vigia data sample cars", "vigia train cars", "vigia cameras"):
        assert command in text


def test_plain_text_is_escaped_once_and_html_stays() -> None:
    assert element("b", "1 < 2", title='a "b"') == '<b title="a &quot;b&quot;">1 &lt; 2</b>'
    assert join(element("i", "x"), None, "&") == "<i>x</i>&amp;"
