"""The live page: what every camera sees now, and whether all is well."""

import hashlib
from datetime import UTC, datetime
from typing import Final

import streamlit as st
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dashboard import panels
from dashboard.activity import Activity
from dashboard.charts import Chart, build_latency_chart, build_rate_chart
from dashboard.pictures import NO_PICTURE, load_picture
from dashboard.place import Place, set_libraries_aside
from dashboard.queries import (
    Camera,
    has_store,
    load_camera_predictions,
    load_cameras,
    load_dead_letters,
    load_models,
)
from dashboard.services import Stack, load_stack
from dashboard.words import Words
from stream.worker.latest_frames import latest_frame_file

MINUTES: Final = 15
LATEST_DEAD_LETTERS: Final = 4


@st.fragment(run_every=1)
def show(place: Place, words: Words) -> None:
    """Draws itself anew each second; the rest of the page stays as it is."""
    now = datetime.now(UTC)
    stack = load_stack(place.services_file, now)
    try:
        if not has_store(place.engine):
            _show_hint(stack, words)
            return
        with place.engine.connect() as connection:
            cameras = load_cameras(connection)
            if cameras:
                _show_live(place, connection, cameras, stack, words, now)
                set_libraries_aside()
            else:
                _show_hint(stack, words)
    except SQLAlchemyError:
        # away for a moment, or for long: the next second asks again
        st.html(panels.render_notice(words.say("store.away")))
        _show_services(stack, words)


def _show_hint(stack: Stack, words: Words) -> None:
    with st.container(key="page-hint"):
        st.html(panels.render_overall(stack, words, predicts=False))
        st.html(panels.render_hint(words))
        _show_services(stack, words)


def _show_live(
    place: Place, connection: Connection, cameras: tuple[Camera, ...], stack: Stack, words: Words, now: datetime
) -> None:
    activity = place.history.load(connection, now, minutes=MINUTES)
    models = load_models(connection)
    letters = load_dead_letters(connection, latest=LATEST_DEAD_LETTERS)
    with st.container(key="page-live"):
        st.html(panels.render_overall(stack, words, predicts=activity.last_minute.predictions > 0))
        st.html(panels.render_figures(activity, models, letters, words, now))
        _show_cameras(place, connection, cameras, words, now)
        _show_charts(activity, words)
        with st.container(key="panels"):
            with st.container(key="panel-labels"):
                st.html(panels.render_heading(words.say("labels"), words.say("span", minutes=MINUTES)))
                st.html(panels.render_labels(activity.labels, words))
            with st.container(key="panel-dead"):
                st.html(panels.render_heading(words.say("dead")))
                st.html(panels.render_dead_letters(letters, words, now))
            with st.container(key="panel-models"):
                st.html(panels.render_heading(words.say("models")))
                st.html(panels.render_models(models, words, now))
            _show_services(stack, words)


def _show_cameras(
    place: Place, connection: Connection, cameras: tuple[Camera, ...], words: Words, now: datetime
) -> None:
    with st.container(key="cameras"):
        for camera in cameras:
            picture = load_picture(latest_frame_file(place.state, camera.camera_id))
            sha256 = picture.sha256 if picture else None
            predictions = load_camera_predictions(connection, camera.camera_id, image_sha256=sha256)
            with st.container(key=f"camera-{_short_hash(camera.camera_id)}"):
                alt = (
                    words.say("camera.picture", camera=camera.camera_id) if picture else words.say("camera.no_picture")
                )
                st.image(picture.data_uri if picture else NO_PICTURE, width="stretch", alt=alt)
                st.html(panels.render_card(camera, predictions, words, now))


def _show_charts(activity: Activity, words: Words) -> None:
    dark = st.context.theme.type == "dark"
    rate, latency = words.say("chart.rate"), words.say("chart.latency")
    with st.container(key="charts"):
        with st.container(key="panel-rate"):
            st.html(panels.render_heading(rate, words.say("span", minutes=MINUTES)))
            _show_chart(build_rate_chart(activity.minutes, words, dark=dark), rate, f"rate-{words.language}")
        with st.container(key="panel-latency"):
            st.html(panels.render_heading(latency, panels.render_latency_legend(words)))
            _show_chart(build_latency_chart(activity.minutes, words, dark=dark), latency, f"latency-{words.language}")


def _show_chart(chart: Chart, alt: str, key: str) -> None:
    st.vega_lite_chart(chart.table, chart.spec, width="stretch", key=key, alt=alt)


def _show_services(stack: Stack, words: Words) -> None:
    with st.container(key="panel-services"):
        st.html(panels.render_heading(words.say("services")))
        st.html(panels.render_services(stack, words))


def _short_hash(text: str) -> str:
    """A key for the page that holds no character of the text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
