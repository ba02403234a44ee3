"""The parts of other people's servers that are made to wake up less often, pinned."""

import inspect
import os
import signal
import subprocess
import sys
from pathlib import Path

from deploy.calm import CONFIG_SECONDS, QUEUE_SECONDS
from deploy.ports import find_free_ports
from deploy.services import SELDOM
from pipelines.settings import is_listening
from tests.waiting import wait_until

APPLICATION = """
async def application(scope, receive, send):
    pass
"""


def run(code: str) -> str:
    """What it prints, in a process of its own: these servers are changed for good."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **SELDOM},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.strip()


def test_uvicorn_still_asks_itself_in_its_main_loop_whether_it_shall_end() -> None:
    import uvicorn

    source = inspect.getsource(uvicorn.Server.main_loop)

    assert "asyncio.sleep(0.1)" in source
    assert "on_tick(counter)" in source
    assert "counter % 10 == 0" in inspect.getsource(uvicorn.Server.on_tick), "a tick of 0 refreshes the date"


def test_streamlit_still_sleeps_so_long_between_two_looks_at_a_file() -> None:
    from streamlit.watcher import polling_path_watcher

    assert "time.sleep(_POLLING_PERIOD_SECS)" in inspect.getsource(polling_path_watcher.PollingPathWatcher)
    assert polling_path_watcher._POLLING_PERIOD_SECS < CONFIG_SECONDS


def test_prefect_looks_for_its_own_work_once_a_second_and_keeps_house_once_a_minute() -> None:
    said = run(
        "import deploy.calm\n"
        "deploy.calm.create_prefect()\n"
        "from docket import Docket\n"
        "from prefect.server.api import background_workers\n"
        "from prefect.settings import get_current_settings\n"
        "worker = background_workers.Worker(Docket(url='memory://'))\n"
        "print(worker.scheduling_resolution, worker.minimum_check_interval)\n"
        "server = get_current_settings().server\n"
        "services = server.services.model_dump()\n"
        "slow = [name for name, each in services.items() if each.get('loop_seconds') == 60]\n"
        "print(server.events.proactive_granularity, *sorted(slow))\n"
        "print(server.services.scheduler.recent_deployments_loop_seconds)"
    )

    assert said.splitlines() == [
        f"{QUEUE_SECONDS} {QUEUE_SECONDS}",
        "0:01:00 cancellation_cleanup cleanup_reconciler foreman late_runs pause_expirations repossessor scheduler",
        "5.0",
    ]


def test_a_server_started_calmly_answers_and_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "calm_application.py").write_text(APPLICATION)
    port = find_free_ports("127.0.0.1", 1)[0]
    words = ["-m", "deploy.calm", "uvicorn", "calm_application:application", "--port", str(port), "--lifespan", "off"]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    with subprocess.Popen([sys.executable, *words], env=place, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_listening(f"http://127.0.0.1:{port}"), timeout_seconds=60, what="the server")
            process.send_signal(signal.SIGTERM)

            assert process.wait(30) in {0, -signal.SIGTERM}
        finally:
            process.kill()  # or a test that failed would wait for it for ever
