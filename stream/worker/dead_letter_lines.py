"""What the log says of dead letters: a line for each reason in a batch, not one for each letter."""

import logging
from collections import Counter
from collections.abc import Sequence

from stream.logs import frame_extra
from stream.messages import DeadLetter

log = logging.getLogger(__name__)


def log_dead_letters(letters: Sequence[DeadLetter]) -> None:
    """The first letter of each stage and reason, with the number of those like it in the batch."""
    first: dict[tuple[str, str], DeadLetter] = {}
    number: Counter[tuple[str, str]] = Counter()
    for letter in letters:
        first.setdefault((letter.stage, letter.reason), letter)
        number[letter.stage, letter.reason] += 1
    for (stage, reason), letter in first.items():
        others = f" (and {number[stage, reason] - 1} more in this batch)" if number[stage, reason] > 1 else ""
        extra = frame_extra(letter.position, camera_id=letter.camera_id, stage=stage, reason=reason)
        log.warning("dead letter: %s%s", letter.message, others, extra=extra)
