"""A trace as a page of its own: no request to anywhere, light and dark."""

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from pipelines.errors import ImageError
from pipelines.page import build_card, build_page, build_table, thumbnail_data_uri
from stream.messages import Prediction
from stream.tracing.traces import FrameTrace, ModelTrace
from stream.tracing.words import Section, tell_frame_trace, tell_model_trace, tell_picture

STYLE: Final = """
.chain { border-left: 2px solid var(--line); margin: 1.2rem 0 0 .45rem; padding-left: 1.4rem; }
.link { position: relative; margin: 0 0 1.6rem; }
.link::before { content: ""; position: absolute; left: calc(-1.4rem - 7px); top: .38rem; width: 12px; height: 12px;
  border-radius: 50%; background: var(--accent); border: 3px solid var(--paper); box-sizing: border-box; }
.link h2 { border: 0; margin: 0; padding: 0; font-size: .86rem; font-weight: 600; color: var(--accent);
  text-transform: uppercase; letter-spacing: .06em; }
.link p { margin: .1rem 0 .2rem; font-size: 1.05rem; overflow-wrap: anywhere; max-width: none; }
.link table { margin: .2rem 0; width: 100%; } .link td { overflow-wrap: anywhere; font-size: .9rem; }
.link td:first-child { color: var(--soft); white-space: nowrap; }
.link thead { display: none; }
"""


def build_frame_page(trace: FrameTrace, frame: bytes | None) -> str:
    """`frame` is the frame's own picture, where it is still at hand."""
    prediction = trace.prediction
    return build_page(
        f"One prediction: {prediction.label}",
        _build_chain(tell_frame_trace(trace), {"nearest": _build_pictures(trace), "frame": _build_frame(frame)}),
        lede=f"{prediction.classifier} on frame {prediction.frame_id}, walked back to its training pictures.",
        style=STYLE,
    )


def build_model_page(trace: ModelTrace) -> str:
    """The same look for a version."""
    model = trace.ancestry.model
    return build_page(
        f"{model.classifier} version {model.version}",
        _build_chain(tell_model_trace(trace), {}),
        lede="Where it comes from, and what it answered.",
        style=STYLE,
    )


def find_frame_picture(file: Path, prediction: Prediction) -> bytes | None:
    """The camera's last picture, where it is still this frame's."""
    try:
        content = file.read_bytes()
    except OSError:  # the worker may replace or drop it at any moment: then there is nothing to show
        return None
    return content if hashlib.sha256(content).hexdigest() == prediction.image_sha256 else None


def _build_chain(sections: Sequence[Section], pictures: dict[str, str]) -> str:
    return '<div class="chain">' + "\n".join(_build_link(each, pictures) for each in sections) + "</div>"


def _build_link(section: Section, pictures: dict[str, str]) -> str:
    rows = [(escape(name), escape(text)) for name, text in section.rows if text]
    cards = pictures.get(section.title, "")
    shown = "" if section.title == "nearest" and cards else build_table(("", ""), rows) if rows else ""
    return (
        f'<section class="link"><h2>{escape(section.title)}</h2><p>{escape(section.summary)}</p>\n{cards}{shown}'
        "</section>"
    )


def _build_pictures(trace: FrameTrace) -> str:
    cards = []
    for picture in trace.nearest:
        held = picture.origin.object if picture.origin else None
        label = (picture.origin.label if picture.origin else None) or "unknown"
        caption = f"<b>{escape(label)}</b>, likeness {picture.likeness:.3f}<br>{escape(tell_picture(picture))}"
        uri = _thumbnail(held.read_bytes()) if held else None
        cards.append(
            build_card(uri, caption, alternative=label) if uri else f'<div class="card"><div>{caption}</div></div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>' if cards else ""


def _build_frame(frame: bytes | None) -> str:
    uri = _thumbnail(frame) if frame else None
    return (
        f'<div class="cards">{build_card(uri, "as the camera sent it", alternative="the frame")}</div>' if uri else ""
    )


def _thumbnail(picture: bytes) -> str | None:
    try:
        return thumbnail_data_uri(picture)
    except ImageError:  # the words stand without it
        return None
