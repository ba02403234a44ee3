"""The training flow as deployments, one a classifier: `python -m flows.serve` polls Prefect and runs what is due."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.schedules import Cron

from flows.training import train_classifier
from pipelines.heartbeats import Heartbeat
from pipelines.params import Params, load_params
from pipelines.settings import find_workspace, load_settings

FLOW_NAME: Final = train_classifier.name
STALE_SECONDS: Final = 20


async def serve(params: Params) -> None:
    """Poll until cancelled. The heartbeat says `polling` only while this very process asks for due runs."""
    # without it, Prefect switches every schedule off when this process ends
    runner = Runner(name="vigia", pause_on_shutdown=False, limit=1)
    for classifier, section in params.classifiers.items():
        active = await is_schedule_active(classifier)
        schedule = Cron(section.schedule.cron, timezone="UTC", active=active)
        deployment = await train_classifier.to_deployment(
            name=classifier,
            parameters={"classifier": classifier},
            schedule=schedule,
            description=f"Trains {classifier} on its dataset version; its schedule is off until it is switched on.",
            tags=["vigia"],
        )
        await runner.aadd_deployment(deployment)
    Heartbeat(
        load_settings().state / "flows.json", lambda: describe_polling(runner.last_polled, datetime.now(UTC))
    ).start()
    await runner.start()


async def is_schedule_active(classifier: str) -> bool:
    """Whether somebody switched the deployment's schedule on; registering it again would switch it off."""
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(f"{FLOW_NAME}/{classifier}")
        except ObjectNotFound:
            return False
    return any(schedule.active for schedule in deployment.schedules)


def describe_polling(last_polled: datetime | None, now: datetime) -> dict[str, Any]:
    """The heartbeat's words."""
    if last_polled is None:
        return {"state": "starting", "ready": False}
    age = (now - last_polled).total_seconds()
    return {"state": "polling" if age < STALE_SECONDS else f"last polled {age:.0f} s ago", "ready": age < STALE_SECONDS}


if __name__ == "__main__":
    asyncio.run(serve(load_params(find_workspace())))
