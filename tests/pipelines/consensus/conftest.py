"""The colour classifier of the tests beside."""

from tests.pipelines.classifying.conftest import colours, opened, pool

__all__ = ["colours", "opened", "pool"]
