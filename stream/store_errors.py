"""What keeps a database from answering, in one line that names the mend."""

from typing import Final

from sqlalchemy import URL

MENDS: Final = (
    ("full", "Free space on the disk that holds it; the frames wait in Kafka."),
    ("no space", "Free space on the disk that holds it; the frames wait in Kafka."),
    ("readonly", "Make the file and its folder writable, or mount the disk for writing; the frames wait in Kafka."),
    ("read-only", "Make the file and its folder writable, or mount the disk for writing; the frames wait in Kafka."),
    ("locked", "Another program holds it in a transaction; end that program."),
    ("gone", "Put the file back; a worker that is started anew begins a new one."),
    ("malformed", "The file is damaged: move it away, or put a copy of it back."),
)
"""A word of the database's own, and what to do."""


def describe_store_error(url: URL, error: Exception) -> str:
    """The database's own words, and what to do; never a password."""
    words = first_line(error)
    mends = (mend for word, mend in MENDS if word in words.lower())
    mend = next(mends, "Check VIGIA_DATABASE_URL, the disk and the database.")
    return f"Expected a prediction store that answers and can be written at {url!r}. {words}. {mend}"


def first_line(error: Exception) -> str:
    """The driver's error without SQLAlchemy's statement and link."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0].rstrip('.')}"
