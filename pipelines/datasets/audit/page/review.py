"""The part of the page in which a person agrees to suggestions, and saves those as the file that relabels."""

from html import escape
from typing import Final

from pipelines.datasets.audit.page.suggestions import COLUMNS, DROP, Suggestion

STYLE: Final = """
.review { position: sticky; bottom: 0; display: flex; flex-wrap: wrap; gap: .8rem; align-items: center;
  padding: .7rem 1rem; margin-top: 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px 12px 0 0; box-shadow: 0 -4px 18px rgb(0 0 0 / .12); }
.review button { font: inherit; padding: .3rem .9rem; border-radius: 8px; border: 1px solid var(--line);
  background: var(--wash); color: var(--ink); cursor: pointer; }
.review button[data-save] { background: var(--accent); color: var(--paper); border-color: var(--accent); }
.review button:disabled { opacity: .45; cursor: default; }
.agree { display: flex; gap: .4rem; align-items: center; margin-top: .35rem; cursor: pointer; }
.agree input { width: 1.05rem; height: 1.05rem; accent-color: var(--accent); }
.card:has(.agree input:checked) { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
"""

SCRIPT: Final = """
const bar = document.querySelector(".review");
if (bar) {
  const boxes = [...document.querySelectorAll(".agree input")];
  const save = bar.querySelector("[data-save]");
  const chosen = () => boxes.filter(box => box.checked);
  const count = () => {
    save.textContent = `Save ${chosen().length} of ${boxes.length}`;
    save.disabled = chosen().length === 0;
  };
  const quote = text => '"' + text.replaceAll('"', '""') + '"';
  const tick = checked => { boxes.forEach(box => { box.checked = checked; }); count(); };
  bar.querySelector("[data-all]").addEventListener("click", () => tick(true));
  bar.querySelector("[data-none]").addEventListener("click", () => tick(false));
  boxes.forEach(box => box.addEventListener("change", count));
  save.addEventListener("click", () => {
    const columns = bar.dataset.columns.split(" ");
    const lines = chosen().map(box => columns.map(column => quote(box.dataset[column])).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([[columns.join(","), ...lines].join("\\n") + "\\n"], {type: "text/csv"}));
    link.download = bar.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  count();
}
"""


def build_agreement(suggestion: Suggestion) -> str:
    """A box to tick below a picture."""
    values = zip(COLUMNS, (suggestion.sha256, suggestion.label, suggestion.reason, suggestion.path), strict=True)
    data = " ".join(f'data-{name}="{escape(value, quote=True)}"' for name, value in values)
    words = "leave it out" if suggestion.label == DROP else f"it is {escape(suggestion.label)}"
    return f'<label class="agree"><input type="checkbox" {data}>{words}</label>'


def build_review_bar(classifier: str) -> str:
    """Always in sight: tick, untick, save, and the command that applies what was saved."""
    file = f"{classifier}-reviewed.csv"
    command = f"vigia data relabel {classifier} --from {file}"
    return (
        f'<div class="review" data-columns="{" ".join(COLUMNS)}" data-file="{escape(file, quote=True)}">'
        "<span>Tick the suggestions that you agree to.</span>"
        '<button type="button" data-all>All</button><button type="button" data-none>None</button>'
        '<button type="button" data-save disabled>Save</button>'
        f'<span class="soft">then <code>{escape(command)}</code></span></div>'
    )
