"""What the pages share in one server process: where things are, one engine, and the minutes already counted."""

import gc
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from dashboard.activity import SpanHistory
from dashboard.queries import build_engine


@dataclass(frozen=True, slots=True)
class Place:
    """Made once per server; nothing in it can write to the store."""

    state: Path
    services_file: Path
    engine: Engine
    history: SpanHistory


def build_place(state: Path, services_file: Path, database_url: str) -> Place:
    """Opens nothing: the engine connects at the first query."""
    return Place(state=state, services_file=services_file, engine=build_engine(database_url), history=SpanHistory())


@cache
def set_libraries_aside() -> None:
    """Take what is loaded by now out of garbage collection, once per server; to be called when a page has been drawn.

    Streamlit collects after every run of a script: each second, 90 ms over the 120,000 objects of the libraries.
    """
    gc.collect()
    gc.freeze()
