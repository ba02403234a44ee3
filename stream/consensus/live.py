"""What each camera's last frames agree on, batch after batch."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from pipelines.consensus.voting import Consensus, name_policy
from pipelines.consensus.window import REACH, SeenFrame, Window
from pipelines.consensus_params import ConsensusParams
from stream.consensus.seen_frames import Lane, to_seen_frame
from stream.messages import Position, Prediction
from stream.worker.outcomes import BatchOutcome

SHORT_FRAMES: Final = 50
"""Of a camera, in a row, whose windows hold too few, after which its rate is to blame."""
MOST_NAMED: Final = 10
"""Cameras of a classifier that are told of: where frames are rare they are so at most cameras."""

log = logging.getLogger(__name__)

ReadBack = Callable[[Lane, int], dict[str, list[SeenFrame]]]
PolicyOf = Callable[[str], ConsensusParams]


@dataclass(slots=True)
class Camera:
    """What is remembered of a camera in a lane."""

    window: Window = field(default_factory=Window)
    short: int = 0
    """Frames in a row whose window held too few."""


@dataclass(slots=True)
class LiveConsensus:
    """The windows of every classifier and camera; for one thread.

    A lane is read from the store once. Held of it are frames that a window may reach, 10 MB at most. A partition
    that does not go on where it was left, as after a rebalance or when frames are delivered again, is begun anew.
    """

    read_back: ReadBack
    policy_of: PolicyOf
    _lanes: dict[Lane, OrderedDict[str, Camera]] = field(default_factory=dict)
    """Cameras in the order of their last frames."""
    _next: dict[tuple[str, int], int] = field(default_factory=dict)
    _named: dict[str, set[str]] = field(default_factory=dict)
    """By classifier, the cameras that were told of."""
    _names: dict[str, tuple[ConsensusParams, str]] = field(default_factory=dict)

    def add(self, outcome: BatchOutcome) -> BatchOutcome:
        """The outcome with what the windows say beside each production answer. Raises StoreError."""
        self._follow([*outcome.positions, *(frame.position for frame in outcome.dropped)])
        answers = [each for each in outcome.predictions if each.role == "production"]
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
                for lane in [lane for lane in self._lanes if (lane.topic, lane.partition) == partition]:
                    del self._lanes[lane]
            self._next[partition] = max(found) + 1

    def _answer(self, answer: Prediction, policy: ConsensusParams, name: str) -> Prediction:
        lane, offset = lane_of(answer), answer.position.offset
        if lane not in self._lanes:
            self._lanes[lane] = self._open(lane, offset)
        camera = self._lanes[lane].get(answer.camera_id)
        if camera is not None and offset < camera.window.end:  # delivered twice in a batch
            self._lanes[lane] = self._open(lane, offset)
            camera = self._lanes[lane].get(answer.camera_id)
        cameras = self._lanes[lane]
        if camera is None:
            camera = cameras[answer.camera_id] = Camera()
        cameras.move_to_end(answer.camera_id)
        consensus = camera.window.add(to_seen_frame(answer, offset), policy)
        while next(iter(cameras.values())).window.end <= offset - REACH:
            cameras.popitem(last=False)
        self._watch(answer, camera, consensus, policy)
        return replace(
            answer,
            consensus_label=consensus.label,
            consensus_confidence=consensus.confidence,
            consensus_frames=consensus.frames,
            consensus_policy=name,
        )

    def _open(self, lane: Lane, before: int) -> OrderedDict[str, Camera]:
        found = sorted(self.read_back(lane, before).items(), key=lambda each: each[1][-1].offset)
        return OrderedDict((camera_id, Camera(Window.of(frames))) for camera_id, frames in found)

    def _watch(self, answer: Prediction, camera: Camera, consensus: Consensus, policy: ConsensusParams) -> None:
        """Says once a camera and policy, of some cameras, that windows never hold enough frames."""
        camera.short = camera.short + 1 if consensus.frames < policy.min_frames else 0
        named = self._named[answer.classifier]
        if camera.short < max(SHORT_FRAMES, policy.min_frames) or len(named) == MOST_NAMED:
            return
        if answer.camera_id not in named:
            named.add(answer.camera_id)
            log.warning(
                "camera %s: policy %d of %s never agrees, its windows of %g s hold %d frames and consensus.min_frames "
                "is %d. Lower it, or raise consensus.window_seconds. Frames are answered one by one meanwhile.%s",
                *(answer.camera_id, policy.policy, answer.classifier, policy.window_seconds, consensus.frames),
                policy.min_frames,
                " No more cameras are named." if len(named) == MOST_NAMED else "",
            )

    def _name(self, classifier: str) -> tuple[ConsensusParams, str]:
        """The policy as it is now, and its name; a change is said, and cameras are watched anew."""
        policy = self.policy_of(classifier)
        known = self._names.get(classifier)
        if known is None or known[0] != policy:
            known = self._names[classifier] = (policy, name_policy(policy))
            self._named[classifier] = set()
            for lane in [lane for lane in self._lanes if lane.classifier == classifier]:
                for camera in self._lanes[lane].values():
                    camera.short = 0
            log.info("consensus of %s by policy %s: %s", classifier, known[1], policy)
        return known


def lane_of(answer: Prediction) -> Lane:
    return Lane(answer.classifier, answer.position.topic, answer.position.partition)
