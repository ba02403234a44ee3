"""Where every frame is, for `vigia status`: the command that a person would type, asked beside the services."""

import json
import subprocess
import sys
from typing import Any, Final

from deploy.environment import home_environment, stack_environment
from pipelines.settings import Endpoints, Settings

ANSWER_SECONDS: Final = 8.0
"""Longer than the command itself waits for Kafka."""


class FramesQuestion:
    """Runs while the services are asked: it takes as long as they do."""

    def __init__(self, settings: Settings) -> None:
        endpoints = Endpoints.load(settings.endpoints_file)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vigia", "frames", "--json"],
            # a broker that does not listen is still the one that is asked
            env=stack_environment(settings, endpoints) if endpoints else home_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> dict[str, Any]:
        """The command's document, or `{"error": why there is none}`; a broker that is away is no fault of status."""
        try:
            document, words = self._process.communicate(timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return {"error": f"no answer within {ANSWER_SECONDS:g} s"}
        return read_answer(document, words)


def read_answer(document: str, words: str) -> dict[str, Any]:
    """What the command printed: a document also when the frames do not add up, else its last words."""
    try:
        return dict(json.loads(document))
    except ValueError:
        last = words.strip().splitlines()[-1:] or ["the command `vigia frames` said nothing"]
        return {"error": last[0].removeprefix("error: ")}
