"""What each camera's last frames agree on, batch after batch."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from pipelines.consensus.voting import Consensus, name_policy
from pipelines.consensus.window import SeenFrame, Window
from pipelines.consensus_params import ConsensusParams
from stream.consensus.seen_frames import Lane, to_seen_frame
from stream.messages import Position, Prediction
from stream.worker.outcomes import BatchOutcome

MOST_WINDOWS: Final = 1024
"""Held at once: 40 MB when all are full. A camera that was let go is read back when it comes again."""
SHORT_FRAMES: Final = 50
"""Of a camera, in a row, whose windows hold too few, after which its rate is to blame."""

log = logging.getLogger(__name__)

ReadBack = Callable[[Lane, Collection[str], int], dict[str, list[SeenFrame]]]
PolicyOf = Callable[[str], ConsensusParams]


@dataclass(slots=True)
class LiveConsensus:
    """The windows of every classifier and camera; for one thread.

    A partition that does not go on where it was left, as after a rebalance or when frames are delivered again, is
    begun anew from the store.
    """

    read_back: ReadBack
    policy_of: PolicyOf
    _windows: OrderedDict[tuple[Lane, str], Window] = field(default_factory=OrderedDict)
    _next: dict[tuple[str, int], int] = field(default_factory=dict)
    _short: dict[tuple[Lane, str], int] = field(default_factory=dict)
    _names: dict[str, tuple[ConsensusParams, str]] = field(default_factory=dict)

    def add(self, outcome: BatchOutcome) -> BatchOutcome:
        """The outcome with what the windows say beside each production answer. Raises StoreError."""
        self._follow([*outcome.positions, *(frame.position for frame in outcome.dropped)])
        answers = [each for each in outcome.predictions if each.role == "production"]
        self._open_windows(answers)
        policies = {name: self._name(name) for name in {each.classifier for each in answers}}
        return replace(
            outcome,
            predictions=tuple(
                self._answer(each, *policies[each.classifier]) if each.role == "production" else each
                for each in outcome.predictions
            ),
        )

    def _follow(self, positions: Iterable[Position]) -> None:
        """Lets go of the windows of partitions whose offsets do not go on."""
        offsets: dict[tuple[str, int], list[int]] = {}
        for position in positions:
            offsets.setdefault((position.topic, position.partition), []).append(position.offset)
        for partition, found in offsets.items():
            if min(found) != self._next.get(partition):
                for key in [key for key in self._windows if (key[0].topic, key[0].partition) == partition]:
                    self._forget(key)
            self._next[partition] = max(found) + 1

    def _open_windows(self, answers: Iterable[Prediction]) -> None:
        missing: dict[Lane, dict[str, int]] = {}
        for each in answers:
            lane = lane_of(each)
            if (lane, each.camera_id) not in self._windows:
                missing.setdefault(lane, {}).setdefault(each.camera_id, each.position.offset)
        for lane, first in missing.items():
            for camera_id, frames in self.read_back(lane, first, max(first.values())).items():
                before = [frame for frame in frames if frame.offset < first[camera_id]]
                self._windows[lane, camera_id] = Window.of(before)

    def _answer(self, answer: Prediction, policy: ConsensusParams, name: str) -> Prediction:
        key, offset = (lane_of(answer), answer.camera_id), answer.position.offset
        window = self._windows.get(key)
        if window is None or offset < window.end:
            window = self._windows[key] = Window.of(self.read_back(key[0], [key[1]], offset)[key[1]])
        self._windows.move_to_end(key)
        while len(self._windows) > MOST_WINDOWS:
            self._forget(next(iter(self._windows)))
        consensus = window.add(to_seen_frame(answer, offset), policy)
        self._watch(key, consensus, policy)
        return replace(
            answer,
            consensus_label=consensus.label,
            consensus_confidence=consensus.confidence,
            consensus_frames=consensus.frames,
            consensus_policy=name,
        )

    def _watch(self, key: tuple[Lane, str], consensus: Consensus, policy: ConsensusParams) -> None:
        """Says once a camera and policy that its windows never hold enough frames."""
        if consensus.frames >= policy.min_frames:
            self._short[key] = 0
            return
        self._short[key] = self._short.get(key, 0) + 1
        if self._short[key] == max(SHORT_FRAMES, policy.min_frames):
            log.warning(
                "camera %s: policy %d of %s never agrees, its windows of %g s hold %d frames and consensus.min_frames "
                "is %d. Lower it, or raise consensus.window_seconds. Frames are answered one by one meanwhile.",
                *(key[1], policy.policy, key[0].classifier, policy.window_seconds, consensus.frames, policy.min_frames),
            )

    def _name(self, classifier: str) -> tuple[ConsensusParams, str]:
        """The policy as it is now, and its name; a change is said, and cameras are watched anew."""
        policy = self.policy_of(classifier)
        known = self._names.get(classifier)
        if known is None or known[0] != policy:
            known = self._names[classifier] = (policy, name_policy(policy))
            self._short = {key: count for key, count in self._short.items() if key[0].classifier != classifier}
            log.info("consensus of %s by policy %s: %s", classifier, known[1], policy)
        return known

    def _forget(self, key: tuple[Lane, str]) -> None:
        self._windows.pop(key, None)
        self._short.pop(key, None)


def lane_of(answer: Prediction) -> Lane:
    return Lane(answer.classifier, answer.position.topic, answer.position.partition)
