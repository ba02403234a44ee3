"""The parts of the live page as HTML: plain functions from what was read to what is shown."""

import base64
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from dashboard.activity import Activity
from dashboard.markup import Html, element, join, with_code
from dashboard.queries import Camera, CameraPrediction, DeadLetters, ModelInForce
from dashboard.services import Service, Stack, judge
from dashboard.words import Words

SHOWN_LABELS: Final = 6
OLD_SECONDS: Final = 20
"""A camera without a prediction for this long is shown as such."""
ICON: Final = Path(__file__).with_name("icon.svg")


def render_brand(words: Words) -> Html:
    name = join(element("h1", "Vigía"), element("p", words.say("tagline")))
    return element("div", _logo(), element("div", name), class_="vg-brand")


def render_overall(stack: Stack, words: Words, *, predicts: bool) -> Html:
    """The state of the whole in a word, with the services that keep it from being well."""
    overall = judge(stack, predicts=predicts)
    dot = element("span", class_="vg-dot", aria_hidden="true")
    text = words.say(f"overall.{overall}")
    wanted = {"attention": "bad", "starting": "starting"}.get(overall)
    names = ", ".join(service.name for service in stack.services if service.health == wanted)
    return element("div", dot, f"{text}: {names}" if names else text, class_=f"vg-overall vg-{overall}", role="status")


def render_figures(
    activity: Activity, models: Sequence[ModelInForce], letters: DeadLetters, words: Words, now: datetime
) -> Html:
    """The four numbers at the top."""
    minute = activity.last_minute
    tiles = (
        _figure(words.say("figure.rate"), words.number(minute.predictions), words.say("figure.rate.note")),
        _latency_figure(minute.p50_seconds, minute.p95_seconds, words),
        _models_figure(models, words, now),
        _letters_figure(letters, words, now),
    )
    return element("dl", *tiles, class_="vg-figures")


def render_card(camera: Camera, predictions: Sequence[CameraPrediction], words: Words, now: datetime) -> Html:
    """What stands below a camera's picture."""
    head = element("div", element("h3", camera.camera_id), _camera_state(camera, words, now), class_="vg-card-head")
    if not predictions:
        text = camera.last_error or words.say("camera.no_prediction")
        return element("div", head, element("p", text, class_="vg-quiet vg-message"), class_="vg-card")
    return element("div", head, *(_answer(prediction, words, now) for prediction in predictions), class_="vg-card")


def render_labels(labels: Sequence[tuple[str, str, int]], words: Words) -> Html:
    """The label mix: the most frequent labels with their share within their classifier."""
    if not labels:
        return element("p", words.say("labels.none"), class_="vg-quiet")
    totals: dict[str, int] = {}
    for classifier, _, count in labels:
        totals[classifier] = totals.get(classifier, 0) + count
    rows = [
        _label_row(label, classifier if len(totals) > 1 else None, count / totals[classifier], count, words)
        for classifier, label, count in labels[:SHOWN_LABELS]
    ]
    rest = len(labels) - len(rows)
    other = element("p", words.say("labels.other", count=rest), class_="vg-quiet vg-small") if rest > 0 else None
    return join(element("ul", *rows, class_="vg-labels"), other)


def render_models(models: Sequence[ModelInForce], words: Words, now: datetime) -> Html:
    if not models:
        return element("p", words.say("models.none"), class_="vg-quiet")
    return element("ul", *(_model_row(model, words, now) for model in models), class_="vg-rows")


def render_dead_letters(letters: DeadLetters, words: Words, now: datetime) -> Html:
    if not letters.latest:
        return element("p", words.say("dead.none"), class_="vg-quiet")
    rows = []
    for letter in letters.latest:
        source = words.say("dead.from", camera=letter.camera_id) if letter.camera_id else None
        head = element(
            "div",
            element("code", letter.reason),
            element("span", " · ".join(filter(None, (source, _age(letter.created_at, words, now))))),
            class_="vg-row-head",
        )
        rows.append(element("li", head, element("p", letter.message, class_="vg-message", title=letter.message)))
    return element("ul", *rows, class_="vg-rows")


def render_services(stack: Stack, words: Words) -> Html:
    """A pill per service; below it a word when nothing fresh is known."""
    pills = element("ul", *(_service_pill(service, words) for service in stack.services), class_="vg-pills")
    if stack.known:
        return pills
    note = words.say("services.old" if stack.services else "services.unknown")
    return join(pills if stack.services else None, element("p", with_code(note), class_="vg-quiet"))


def render_hint(words: Words) -> Html:
    """What to type when there is nothing to see yet."""
    steps = (
        ("vigia data sample cars", "hint.data"),
        ("vigia train cars", "hint.train"),
        ("vigia cameras", "hint.cameras"),
    )
    rows = (element("li", element("code", command), element("span", words.say(key))) for command, key in steps)
    return element(
        "section",
        _logo(),
        element("h2", words.say("hint.title")),
        element("p", words.say("hint.text")),
        element("ol", *rows),
        element("p", with_code(words.say("hint.stack")), class_="vg-quiet"),
        class_="vg-hint",
    )


def render_heading(text: str, note: str | None = None) -> Html:
    return element("div", element("h2", text), element("span", note) if note else None, class_="vg-heading")


def render_latency_legend(words: Words) -> Html:
    """The two lines of the latency chart, in its order and colours."""
    dot = element("i", class_="vg-dot", aria_hidden="true")
    series = (("chart.latency.p50", "vg-first"), ("chart.latency.p95", "vg-second"))
    return join(*(element("span", dot, words.say(key), class_=f"vg-series {name}") for key, name in series), " ms")


def render_notice(text: str) -> Html:
    return element("div", text, class_="vg-notice", role="alert")


@cache
def _logo() -> Html:
    picture = base64.b64encode(ICON.read_bytes()).decode("ascii")
    return element("img", src=f"data:image/svg+xml;base64,{picture}", alt="", class_="vg-logo")


def _figure(name: str, value: str, note: str) -> Html:
    return element(
        "div", element("dt", name), element("dd", value, class_="vg-value"), element("dd", note, class_="vg-note")
    )


def _latency_figure(p50: float | None, p95: float | None, words: Words) -> Html:
    name = words.say("figure.latency")
    if p50 is None or p95 is None:
        return _figure(name, "–", words.say("figure.latency.none"))
    return _figure(name, words.milliseconds(p50), words.say("figure.latency.note", p95=words.milliseconds(p95)))


def _models_figure(models: Sequence[ModelInForce], words: Words, now: datetime) -> Html:
    name = words.say("figure.models")
    if not models:
        return _figure(name, "–", words.say("figure.models.none"))
    if len(models) > 1:
        return _figure(name, words.number(len(models)), ", ".join(model.classifier for model in models))
    model = models[0]
    since = _since(model, words, now)
    note = " · ".join(filter(None, (words.say("figure.models.one", version=model.version), since)))
    return _figure(name, model.classifier, note)


def _letters_figure(letters: DeadLetters, words: Words, now: datetime) -> Html:
    name = words.say("figure.dead")
    if not letters.latest:
        return _figure(name, "0", words.say("figure.dead.none"))
    count = words.number(letters.count) + ("+" if letters.more else "")
    return _figure(name, count, words.say("figure.dead.last", age=_age(letters.latest[0].created_at, words, now)))


def _camera_state(camera: Camera, words: Words, now: datetime) -> Html:
    if camera.state == "offline":
        return element("span", words.say("camera.offline"), class_="vg-chip vg-bad", title=camera.last_error)
    is_waiting = camera.state in ("connecting", "stale")
    if is_waiting or camera.last_at is None or (now - camera.last_at).total_seconds() > OLD_SECONDS:
        return element("span", words.say("camera.stale"), class_="vg-chip vg-starting", title=camera.last_error)
    return element("span", words.say("camera.online"), class_="vg-chip vg-good")


def _answer(prediction: CameraPrediction, words: Words, now: datetime) -> Html:
    share = min(max(prediction.confidence, 0.0), 1.0)
    percent, confidence = words.percent(share), words.say("camera.confidence")
    bar = element(
        "div",
        element("span", style=f"width:{share * 100:.1f}%"),
        class_="vg-bar",
        role="img",
        aria_label=f"{confidence}: {percent}",
    )
    version = words.say("camera.version", classifier=prediction.classifier, version=prediction.model_version)
    latency = words.say("camera.latency", latency=words.milliseconds(prediction.latency_seconds))
    facts = element(
        "p", element("span", version), element("span", f"{latency} · {_age(prediction.predicted_at, words, now)}")
    )
    label = element("strong", prediction.label, title=prediction.label)
    head = element("div", label, element("b", percent), class_="vg-label")
    return element("div", head, bar, _consensus(prediction, words), facts, class_="vg-answer")


def _consensus(prediction: CameraPrediction, words: Words) -> Html | None:
    """What the camera's last frames agree on, beside what this one shows."""
    if (prediction.consensus_frames or 0) < 2:
        return None  # of a slow camera each frame is alone, and has nobody to agree with
    label, confidence = prediction.consensus_label, prediction.consensus_confidence
    if label is None or confidence is None:
        return element("p", element("span", words.say("camera.undecided")))
    text = words.say("camera.consensus", label=label)
    return element(
        "p", element("span", text, title=text), element("span", words.percent(min(max(confidence, 0.0), 1.0)))
    )


def _label_row(label: str, classifier: str | None, share: float, count: int, words: Words) -> Html:
    name = element("span", label, element("small", classifier) if classifier else None, class_="vg-name", title=label)
    value = element("span", f"{words.percent(share)}", element("small", words.number(count)), class_="vg-count")
    bar = element("div", element("span", style=f"width:{share * 100:.1f}%"), class_="vg-bar", aria_hidden="true")
    return element("li", element("div", name, value), bar)


def _model_row(model: ModelInForce, words: Words, now: datetime) -> Html:
    since = _since(model, words, now)
    version = words.say("models.version", version=model.version)
    head = element(
        "div",
        element("strong", model.classifier),
        element("span", " · ".join(filter(None, (version, model.precision, since)))),
        class_="vg-row-head",
    )
    refused = None
    if model.refused is not None:
        refused = element(
            "p", words.say("models.refused", reason=model.refused), class_="vg-message", title=model.refused
        )
    return element("li", head, refused)


def _since(model: ModelInForce, words: Words, now: datetime) -> str | None:
    if model.since is None:
        return None
    return words.say("models.since", duration=words.duration(max(0.0, (now - model.since).total_seconds())))


def _service_pill(service: Service, words: Words) -> Html:
    health = words.say(f"health.{service.health}")
    facts = [f"{service.state}: {service.detail}" if service.detail else service.state]
    if service.uptime_seconds is not None:
        facts.append(words.say("services.uptime", duration=words.duration(service.uptime_seconds)))
    if service.restarts:
        facts.append(words.say("services.restarts", count=service.restarts))
    content = join(
        element("span", class_="vg-dot", aria_hidden="true"),
        element("span", service.name),
        element("span", health, class_="vg-hidden" if service.health == "good" else "vg-health"),
    )
    link = element("a", content, href=service.url, target="_blank", rel="noopener") if service.url else content
    return element("li", link, class_=f"vg-pill vg-{service.health}", title=" · ".join(facts))


def _age(moment: datetime, words: Words, now: datetime) -> str:
    return words.age(max(0.0, (now - moment).total_seconds()))
