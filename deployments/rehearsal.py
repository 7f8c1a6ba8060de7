"""Shows the whole way through schedule and worker: lets one deployment fire in some seconds instead of at dawn."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleUpdate, DeploymentUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.client.schemas.schedules import IntervalSchedule

from rules.errors import DondocError

SLUG = "rehearsal"
# Longer than the scheduler looks ahead (100 days): the schedule has exactly one run.
_NEVER_AGAIN = timedelta(days=365)
_POLL_SECONDS = 0.5
# A run the scheduler was just making when its time came is in the database by then.
_GRACE = timedelta(seconds=3)
_AHEAD = timedelta(seconds=10)


class DidNotFireError(DondocError):
    """The scheduler made no run of a rehearsed deployment, or no worker took it."""


async def fire_once(
    deployment: str, *, at: datetime, parameters: Mapping[str, Any] | None = None, patience: float = 120
) -> UUID:
    """Give `flow/deployment` one more scheduled run at `at` and return its id once a worker has taken it.

    The run is made by the server's scheduler, which looks at changed deployments every 5 s: let `at` lie 10 s ahead or
    more. A time that went by before the scheduler looked, as on a busy machine, is set anew, each further ahead.
    `parameters` are set over the deployment's own, `patience` is in seconds. The extra schedule is gone afterwards;
    with it the server drops the deployment's other waiting runs, and makes those to come anew within a minute.
    """
    async with get_client() as client:
        found = await client.read_deployment_by_name(deployment)
        try:
            async with asyncio.timeout(patience):
                return await _fired(client, found.id, at, dict(parameters or {}))
        except TimeoutError as error:
            raise DidNotFireError(
                f"{deployment} did not run within {patience:.0f} s: it is paused, or no worker takes its runs."
            ) from error
        finally:
            await _remove_schedule(client, found.id)


async def _fired(client: PrefectClient, deployment_id: UUID, at: datetime, parameters: dict[str, Any]) -> UUID:
    # The scheduler looks every 5 s at what changed in the last 6: a look that comes later misses a deployment, and the
    # one that sees all comes once a minute.
    first, ahead = at, _AHEAD
    while True:
        schedule = await _set_schedule(client, deployment_id, at, parameters)
        run = await _made(client, deployment_id, schedule.id, first, until=at + _GRACE)
        if run is not None:
            return await _taken(client, run)
        at, ahead = datetime.now(UTC) + ahead, 2 * ahead


async def _set_schedule(
    client: PrefectClient, deployment_id: UUID, at: datetime, parameters: dict[str, Any]
) -> DeploymentSchedule:
    """Set it by updating the deployment: only that makes the scheduler look at it at once, and leaves the others be."""
    extra = DeploymentScheduleUpdate(
        slug=SLUG,
        active=True,
        schedule=IntervalSchedule(interval=_NEVER_AGAIN, anchor_date=at),
        parameters=parameters,
    )
    await client.update_deployment(deployment_id, DeploymentUpdate(schedules=[extra]))
    [schedule] = await _own_schedules(client, deployment_id)
    return schedule


async def _own_schedules(client: PrefectClient, deployment_id: UUID) -> list[DeploymentSchedule]:
    return [one for one in await client.read_deployment_schedules(deployment_id) if one.slug == SLUG]


async def _remove_schedule(client: PrefectClient, deployment_id: UUID) -> None:
    for schedule in await _own_schedules(client, deployment_id):
        await client.delete_deployment_schedule(deployment_id, schedule.id)


async def _made(
    client: PrefectClient, deployment_id: UUID, schedule_id: UUID, first: datetime, *, until: datetime
) -> FlowRun | None:
    """Return the run the scheduler made for our schedule; None when there is none at `until`."""
    window = FlowRunFilterExpectedStartTime(after_=first - timedelta(seconds=1), before_=until)
    runs = FlowRunFilter(expected_start_time=window)
    ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    while True:
        late = datetime.now(UTC) > until
        for run in await client.read_flow_runs(deployment_filter=ours, flow_run_filter=runs):
            if run.created_by and run.created_by.id == schedule_id:
                return run
        if late:
            return None
        await asyncio.sleep(_POLL_SECONDS)


async def _taken(client: PrefectClient, run: FlowRun) -> UUID:
    """Wait until a worker has taken the run: removed earlier, the schedule would take it along."""
    while _waits(run):
        await asyncio.sleep(_POLL_SECONDS)
        run = await client.read_flow_run(run.id)
    return run.id


def _waits(run: FlowRun) -> bool:
    return run.state is None or run.state.is_scheduled()
