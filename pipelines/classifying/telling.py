"""Answers as JSON elements, as rows of CSV, and as lines for a person."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from pipelines.classifying.consensus import LEAST_KNOWN_SHARE, LEAST_SEGMENT_SECONDS, WholeVideo
from pipelines.classifying.pictures import PictureAnswer
from pipelines.classifying.videos import VideoAnswer
from pipelines.inference import Answer

SHOWN: Final = 3
"""Labels in a person's line; --json and --csv hold as many as were asked for."""
CSV_COLUMNS: Final = (
    "kind",
    "path",
    "time_seconds",
    "end_seconds",
    "label",
    "confidence",
    "decision",
    "model_version",
    "top",
    "error",
)


def describe(answered: PictureAnswer | VideoAnswer, version: int) -> Iterator[dict[str, Any]]:
    """The elements of the document that `vigia classify --json` prints as one list."""
    if isinstance(answered, VideoAnswer):
        yield from describe_video(answered, version)
    else:
        yield describe_picture(answered, version)


def lines(answered: PictureAnswer | VideoAnswer) -> Iterator[str]:
    """The same for a person; what could not be read is said elsewhere."""
    if isinstance(answered, VideoAnswer):
        yield from video_lines(answered)
    elif answered.answer is not None:
        yield f"{answered.path}  {_words(answered.answer)}"
        if answered.heatmap is not None:
            yield f"  {answered.heatmap}"


def describe_picture(answered: PictureAnswer, version: int) -> dict[str, Any]:
    """One element; one that could not be read has no label but an `error`."""
    element = {"path": answered.path, "kind": answered.kind, **_describe_answer(answered.answer, version)}
    if answered.heatmap is not None:
        element["heatmap"] = str(answered.heatmap)
    return element | ({"error": answered.error} if answered.error else {})


def describe_video(video: VideoAnswer, version: int) -> Iterator[dict[str, Any]]:
    """One element a sampled frame, told by its `time_seconds`; the last one is the video as a whole."""
    for frame in video.frames:
        yield {
            "path": video.path,
            "kind": "frame",
            "time_seconds": round(frame.seconds, 3),
            **_describe_answer(frame.answer, version),
        }
    answer = video.whole.answer if video.whole else None
    whole: dict[str, Any] = {"path": video.path, "kind": "video", **_describe_answer(answer, version)}
    if video.whole:
        whole["consensus"] = _describe_consensus(video.whole)
    whole["segments"] = [
        {**asdict(each), "start_seconds": round(each.start_seconds, 3), "end_seconds": round(each.end_seconds, 3)}
        for each in video.segments
    ]
    whole["duration_seconds"] = round(video.duration_seconds, 3)
    if video.annotated is not None:
        whole["video_out"] = str(video.annotated)
    yield whole | ({"error": video.error} if video.error else {})


def csv_rows(element: dict[str, Any]) -> Iterator[list[Any]]:
    """An element's row; a video's segments follow it."""
    flat = {**element, "top": json.dumps(element["top"], ensure_ascii=False) if element["top"] else ""}
    yield [flat.get(column) for column in CSV_COLUMNS]
    for segment in element.get("segments", ()):
        fields = {**segment, "kind": "segment", "path": element["path"], "time_seconds": segment["start_seconds"]}
        fields |= {"decision": "known" if segment["label"] else "unknown", "model_version": element["model_version"]}
        yield [fields.get(column) for column in CSV_COLUMNS]


def video_lines(video: VideoAnswer) -> Iterator[str]:
    """The whole, then each stretch."""
    if video.whole is None:
        return
    known = f"{video.whole.known_frames} of {video.whole.consensus.frames} frames known"
    undecided = "" if video.whole.consensus.label else ", not agreed"
    yield f"{video.path}  {_words(video.whole.answer)}  {known}{undecided}"
    for segment in video.segments:
        said = "unknown" if segment.label is None else f"{segment.label} {segment.confidence:.1%}"
        yield f"  {segment.start_seconds:8.1f} to {segment.end_seconds:8.1f} s  {said}"


def _words(answer: Answer) -> str:
    refused = "unknown, nearest " if answer.decision == "unknown" else ""
    rest = ", ".join(f"{label} {probability:.1%}" for label, probability in answer.top[1:SHOWN])
    return f"{refused}{answer.label} {answer.confidence:.1%}" + (f"  ({rest})" if rest else "")


def _describe_consensus(whole: WholeVideo) -> dict[str, Any]:
    consensus, policy = whole.consensus, whole.policy.model_dump()
    return {
        "label": consensus.label,
        "confidence": consensus.confidence,
        "decision": whole.answer.decision,
        "share": consensus.share,
        "frames": consensus.frames,
        "known_frames": whole.known_frames,
        "policy": {
            "version": policy.pop("policy"),
            **policy,
            "least_segment_seconds": LEAST_SEGMENT_SECONDS,
            "least_known_share": LEAST_KNOWN_SHARE,
        },
    }


def _describe_answer(answer: Answer | None, version: int) -> dict[str, Any]:
    if answer is None:
        return {"label": None, "confidence": None, "top": [], "decision": None, "model_version": version}
    return {
        "label": answer.label,
        "confidence": answer.confidence,
        "top": [list(pair) for pair in answer.top],
        "decision": answer.decision,
        "model_version": version,
    }
