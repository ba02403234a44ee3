"""Self-contained pages of HTML with one look: no request to anywhere, light and dark, wide and narrow."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Final

from PIL import Image as PillowImage

from pipelines.images import Image, decode_image

THUMBNAIL_SIDE: Final = 160
THUMBNAIL_QUALITY: Final = 72

STYLE: Final = """
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #ffffff; --ink: #1f2328; --soft: #667079; --line: #e3e1dc;
  --accent: #2f6690; --wash: #e8eff5; --good: #2e7d4f; --warn: #a8650a; --bad: #b3363a; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --card: #1e2227; --ink: #e6e8ea; --soft: #98a2ab;
  --line: #30363d; --accent: #7db4dc; --wash: #23303b; --good: #6fc48f; --warn: #e0a458; --bad: #ec8285; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 2.2rem 1.2rem 5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .3rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .3rem 0 .8rem; max-width: 72ch; }
.lede, .soft { color: var(--soft); }
.lede { font-size: 1.02rem; }
a { color: var(--accent); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0 1rem; }
th, td { padding: .28rem .9rem .28rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: .86rem; }
td.number, th.number { text-align: right; }
.scroll { overflow-x: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(172px, 1fr)); gap: .8rem; margin: 1rem 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.55rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .86rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(176px, 1fr)); gap: .8rem; margin: .8rem 0; }
.card { overflow: hidden; font-size: .86rem; }
.card img { display: block; width: 100%; height: 150px; object-fit: contain; background: var(--wash); }
.card div { padding: .5rem .7rem .6rem; overflow-wrap: anywhere; }
.badge { display: inline-block; padding: 0 .55rem; border-radius: 99px; font-size: .8rem; font-weight: 600;
  border: 1px solid currentColor; }
.error, .bad { color: var(--bad); } .warning, .warn { color: var(--warn); } .info { color: var(--accent); }
.good { color: var(--good); }
.bar { background: var(--wash); border-radius: 4px; min-width: 6rem; }
.bar i { display: block; height: .7rem; border-radius: 4px; background: var(--accent); }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 1.2rem; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
footer { margin-top: 3rem; color: var(--soft); font-size: .86rem; }
@media print { body { background: none; } .tile, .card { break-inside: avoid; } }
"""


def build_page(title: str, body: str, *, lede: str = "", style: str = "", script: str = "") -> str:
    """A whole document; `title` and `lede` are text, `body`, `style` and `script` are taken as they are."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lede">{escape(lede)}</p>\n{body}\n</main>\n'
        f"{f'<script>{script}</script>' if script else ''}\n</body>\n</html>\n"
    )


def build_table(
    heading: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, numbers: frozenset[int] = frozenset()
) -> str:
    """Cells are HTML; columns whose place is in `numbers` are set to the right."""

    def row(cells: tuple[str, ...], tag: str) -> str:
        marks = (' class="number"' if place in numbers else "" for place in range(len(cells)))
        return "<tr>" + "".join(f"<{tag}{m}>{c}</{tag}>" for m, c in zip(marks, cells, strict=True)) + "</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return f'<div class="scroll"><table>\n<thead>{row(heading, "th")}</thead>\n<tbody>{body}</tbody>\n</table></div>'


def build_tile(figure: str, caption: str) -> str:
    """One number that matters; both are text."""
    return f'<div class="tile"><b>{escape(figure)}</b><span>{escape(caption)}</span></div>'


def build_card(image_uri: str, caption: str, *, alternative: str) -> str:
    """A picture with words below; `caption` is HTML, `alternative` is what is said where it cannot be seen."""
    picture = f'<img src="{image_uri}" alt="{escape(alternative, quote=True)}">'
    return f'<div class="card">{picture}<div>{caption}</div></div>'


def build_bar(share: float) -> str:
    """A share from 0 to 1 as a bar."""
    return f'<div class="bar"><i style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></i></div>'


def thumbnail_data_uri(picture: bytes | Image, side: int = THUMBNAIL_SIDE) -> str:
    """A small JPEG inside an address. Raises ImageError for bytes that are no picture."""
    image = decode_image(picture) if isinstance(picture, bytes) else picture
    small = PillowImage.fromarray(image)
    small.thumbnail((side, side))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=THUMBNAIL_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
