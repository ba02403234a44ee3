"""Which frames of a batch are kept, and why. Plain decisions about the batch; nothing here touches a disk."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stream.frames.config import Keep, KeepPolicy
from stream.frames.kept_frames import KeptFrame, Reason
from stream.messages import DeadLetter, Message, Position, Prediction

HASHED_BYTES: Final = 8
HASHES: Final = 2.0**64


@dataclass(frozen=True, slots=True)
class Candidate:
    """Bytes worth keeping, with the rows that will say why. `sha256` and `size_bytes` of the rows are theirs."""

    content: bytes
    frames: tuple[KeptFrame, ...]


def is_sampled(camera_id: str, frame_id: str, share: float) -> bool:
    """The same answer for every worker and every delivery of the frame; of many frames, `share` are sampled."""
    digest = hashlib.blake2b(f"{camera_id}\0{frame_id}".encode("utf-8", "surrogatepass"), digest_size=HASHED_BYTES)
    return int.from_bytes(digest.digest(), "big") < share * HASHES


def decide_reasons(answers: Sequence[Prediction], keep: Keep) -> tuple[Reason, ...]:
    """Why the frame that these classifiers answered is kept; empty: it is not."""
    if not keep.enabled or not answers:
        return ()
    reasons: list[Reason] = []
    if is_sampled(answers[0].camera_id, answers[0].frame_id, keep.sample):
        reasons.append("sampled")
    if keep.unknown and any(answer.decision == "unknown" for answer in answers):
        reasons.append("unknown")
    if any(answer.confidence < keep.below for answer in answers):
        reasons.append("unsure")
    return tuple(reasons)


def choose_frames(
    predictions: Sequence[Prediction], pictures: Mapping[Position, bytes], policy: KeepPolicy
) -> Iterator[Candidate]:
    """Of a batch's answered frames those to keep; `pictures` holds the encoded bytes of each."""
    by_frame: dict[Position, list[Prediction]] = {}
    for prediction in predictions:
        by_frame.setdefault(prediction.position, []).append(prediction)
    for position, answers in by_frame.items():
        reasons = decide_reasons(answers, policy.of(answers[0].camera_id))
        if reasons and position in pictures:
            first, content = answers[0], pictures[position]
            yield Candidate(
                content,
                tuple(
                    KeptFrame(
                        position=position,
                        reason=reason,
                        frame_id=first.frame_id,
                        camera_id=first.camera_id,
                        sha256=first.image_sha256,
                        size_bytes=len(content),
                        captured_at=first.captured_at,
                    )
                    for reason in reasons
                ),
            )


def choose_letters(letters: Sequence[tuple[Message, DeadLetter]], policy: KeepPolicy) -> Iterator[Candidate]:
    """The values of dead letters as evidence, byte for byte; an empty one is none."""
    for message, letter in letters:
        camera_id = letter.camera_id or _guess_camera(message, policy)
        keep = policy.of(camera_id)
        if not keep.enabled or not keep.dead_letters or not message.value:
            continue
        kept = KeptFrame(
            position=letter.position,
            reason="dead_letter",
            frame_id=letter.position.frame_id,
            camera_id=camera_id,
            sha256=letter.sha256,
            size_bytes=letter.size_bytes,
            captured_at=None,
        )
        yield Candidate(message.value, (kept,))


def _guess_camera(message: Message, policy: KeepPolicy) -> str | None:
    """The key, when it names a camera of ours: a broken frame of a camera that keeps nothing is not kept either."""
    key = (message.key or b"").decode("utf-8", "replace")
    return key if key in policy.cameras else None
