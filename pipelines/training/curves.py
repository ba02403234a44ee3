"""Curves for TensorBoard: its event files, written without its package."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.datasets.tfrecord import write_record


class CurveFile:
    """One event file; TensorBoard reads it while it grows."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._stream: BinaryIO = (folder / f"events.out.tfevents.{int(time.time())}.vigia").open("ab")
        self._write(file_version="brain.Event:2")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One point of each curve."""
        from tensorflow.core.framework.summary_pb2 import Summary

        points = [Summary.Value(tag=key, simple_value=value) for key, value in values.items()]
        self._write(step=step, summary=Summary(value=points))

    def close(self) -> None:
        self._stream.close()

    def _write(self, **fields: Any) -> None:
        from tensorflow.core.util.event_pb2 import Event

        write_record(self._stream, Event(wall_time=time.time(), **fields).SerializeToString())
        self._stream.flush()
