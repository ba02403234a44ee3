"""The page's entry: `streamlit run dashboard/app.py`. Navigation, language, and nothing of a page's content."""

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import panels
from dashboard.place import Place, build_place
from dashboard.views import live
from dashboard.words import LANGUAGES, NAMES, Language, Words
from pipelines.errors import SettingsError
from pipelines.settings import load_settings

STYLE = Path(__file__).with_name("page.css")
LANGUAGE_KEY = "language"


def main() -> None:
    """One run of the script: a visit, or a change of page or language."""
    st.set_page_config(page_title="Vigía", page_icon=str(panels.ICON), layout="wide")
    st.html(STYLE)
    try:
        settings = load_settings()
        place = share_place(settings.state, settings.services_file, settings.resolve_database_url())
    except SettingsError as error:
        st.html(panels.render_notice(Words("en").say("settings.wrong", reason=error)))
        return
    words = Words(_show_header(settings.language))
    show_live = partial(live.show, place, words)
    title = words.say("page.live")
    # the first page answers at `/`; the same page has its own address too
    pages = [
        st.Page(show_live, title=title, default=True, url_path="start"),
        st.Page(show_live, title=title, url_path="live", visibility="hidden"),
    ]
    st.navigation(pages, position="hidden").run()


@st.cache_resource(show_spinner=False)
def share_place(state: Path, services_file: Path, database_url: str) -> Place:
    """One place for all visitors of this server."""
    return build_place(state, services_file, database_url)


def _show_header(default: Language) -> Language:
    """The brand and the language switch. Returns the language in force: the chosen, else that of `?lang=`."""
    if LANGUAGE_KEY not in st.session_state:
        asked = st.query_params.get("lang")
        st.session_state[LANGUAGE_KEY] = asked if asked in LANGUAGES else default
    language: Language = st.session_state[LANGUAGE_KEY]
    words = Words(language)
    with st.container(key="header", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(panels.render_brand(words))
        st.segmented_control(
            words.say("language"),
            LANGUAGES,
            format_func=NAMES.__getitem__,
            required=True,
            key=LANGUAGE_KEY,
            on_change=_remember_language,
            label_visibility="collapsed",
            width="content",
        )
    return language


def _remember_language() -> None:
    st.query_params["lang"] = st.session_state[LANGUAGE_KEY]


if __name__ == "__main__":
    main()
