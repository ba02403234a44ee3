"""What every process of the stack finds in its environment: addresses instead of guesses, and nobody called outside."""

import os
from pathlib import Path

from pipelines.settings import Endpoints, Settings


def stack_environment(settings: Settings, endpoints: Endpoints) -> dict[str, str]:
    """This process's environment with every address made explicit; configured ones win over this machine's."""
    return {
        **home_environment(settings),
        "VIGIA_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or endpoints.kafka_bootstrap,
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri or endpoints.mlflow_url,
        "PREFECT_API_URL": settings.prefect_api_url or f"{endpoints.prefect_url}/api",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    }


def home_environment(settings: Settings) -> dict[str, str]:
    """This process's environment for a child that works on the same home with the same code."""
    code = str(Path(__file__).parent.parent)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([code, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONUNBUFFERED": "1",
        "VIGIA_HOME": str(settings.state),
        "VIGIA_HOST": settings.host,
        "PREFECT_HOME": str(settings.state / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
