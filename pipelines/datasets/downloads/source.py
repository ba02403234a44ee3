"""What is known of a public dataset: addresses, sizes, digests, terms, and how it becomes a classifier's pictures."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to fetch."""

    name: str
    """Under which it is kept while it is fetched; an archive is then unpacked."""
    addresses: tuple[str, ...]
    """Tried in this order."""
    size_bytes: int | None = None
    """None where it was not published."""
    sha256: str | None = None
    """None where it was not published."""
    md5: str | None = None
    """The older digest, where it is what was published."""

    @property
    def has_digest(self) -> bool:
        return bool(self.sha256 or self.md5)


@dataclass(frozen=True, slots=True)
class Source:
    """A public dataset, or a file of pretrained weights."""

    name: str
    title: str
    home: str
    """The page that describes it."""
    licence: str
    users: str
    """Who may use it, and for what."""
    citation: str
    files: tuple[RemoteFile, ...] = ()
    """Empty: it cannot be fetched without an account or an agreement, `steps` say how to get it."""
    unpacked_bytes: int | None = None
    """None where it was not measured; then twice the archives is taken."""
    classifier: str | None = None
    """The built-in classifier that it is for; None for weights."""
    layout: str | None = None
    """Of `vigia data import --layout`."""
    steps: tuple[str, ...] = ()
    """What to do by hand where no address answers; the last ones name `{path}`, where the pictures then are."""

    def say_size(self) -> str:
        """Of all files, as far as it was published."""
        sizes = [file.size_bytes for file in self.files]
        known = sum(size or 0 for size in sizes) / 1e6
        if not self.files:
            return "by hand"
        if not known:
            return "size not published"
        return f"{known:,.0f} MB" if None not in sizes else f"{known:,.0f} MB and a little"

    def say_next(self, path: Path) -> str:
        """What to type once the files lie in `path`."""
        if self.layout is None:
            return f"export VIGIA_WEIGHTS_DIR={quote(str(path))}"
        return f"vigia data import {quote(str(path))} --classifier {self.classifier} --layout {self.layout}"
