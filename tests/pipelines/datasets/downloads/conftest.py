from collections.abc import Iterator

import pytest
import stamina

from tests.pipelines.datasets.downloads.server import FileServer, run_server


@pytest.fixture
def server() -> Iterator[FileServer]:
    with run_server() as running:
        yield running


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    """Three attempts, at once after one another, and nothing printed about them."""
    hooks = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([])
    with stamina.set_testing(True, attempts=3):
        yield
    stamina.instrumentation.set_on_retry_hooks(hooks)
