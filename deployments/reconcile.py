"""Makes Prefect's deployments what the table wants, with no write where nothing changed.

One writer, one call after the other: several at once only make a server on SQLite answer 503. An administrator's pause,
of a deployment or of a schedule, is left as it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentScheduleUpdate, DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule

from deployments.table import TAG, Cron, Wanted
from rules.errors import DondocError

_PAGE = 200  # the server's own limit for one answer


class EntrypointError(DondocError):
    """A deployment's entry point is not the flow it names."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The names of the deployments, by what was done to them."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


async def reconcile(wanted: Sequence[Wanted], *, pool: str, apply: bool = True) -> Outcome:
    """Make the server's deployments those wanted, on the process pool; remove dondoc's own that no longer are.

    Every entry point is imported before the first write, so a table that cannot be deployed changes nothing. With
    `apply` false nothing is written at all: the outcome is what would be done.
    """
    settings = {(one.flow_name, one.name): _settings(one, pool) for one in wanted}
    outcome = Outcome()
    async with get_client() as client:
        existing = await _existing(client)
        for one in wanted:
            key = (one.flow_name, one.name)
            await _settle(client, one, settings[key], existing.pop(key, None), outcome, apply=apply)
        for (_, name), deployment in existing.items():
            if apply:
                await client.delete_deployment(deployment.id)
            outcome.removed.append(name)
    return outcome


async def _settle(
    client: PrefectClient,
    one: Wanted,
    settings: dict[str, Any],
    found: DeploymentResponse | None,
    outcome: Outcome,
    *,
    apply: bool,
) -> None:
    if found is None:
        if apply:
            await _create(client, one, settings)
        outcome.created.append(one.name)
    elif await _mend(client, one, settings, found, apply=apply):
        outcome.updated.append(one.name)
    else:
        outcome.unchanged.append(one.name)


def _settings(one: Wanted, pool: str) -> dict[str, Any]:
    """Return what we set on a deployment, as plain JSON: the server's answer is compared with the same words.

    No path and no pull steps: the worker starts a run in an empty folder, where `entrypoint`, a module path, is
    imported from the installed packages. A file path would put `flows/` on sys.path and load our tables twice.
    """
    flow = _load(one)
    return {
        "entrypoint": one.entrypoint,
        "description": one.description,
        "tags": list(one.tags),
        "parameters": json.loads(json.dumps(dict(one.parameters))),
        "parameter_openapi_schema": json.loads(flow.parameters.model_dump_json(exclude_unset=True)),
        "enforce_parameter_schema": True,
        "work_pool_name": pool,
    }


def _load(one: Wanted) -> Flow[..., Any]:
    module, _, name = one.entrypoint.rpartition(".")
    flow = getattr(import_module(module), name, None)
    if not isinstance(flow, Flow) or flow.name != one.flow_name:
        raise EntrypointError(f"{one.entrypoint} is not a flow named {one.flow_name}; deployment {one.name} needs one.")
    return flow


async def _existing(client: PrefectClient) -> dict[tuple[str, str], DeploymentResponse]:
    """Return the deployments that carry our tag, by flow and deployment name."""
    flows: dict[Any, str] = {}
    found: dict[tuple[str, str], DeploymentResponse] = {}
    for deployment in await _tagged(client):
        if deployment.flow_id not in flows:
            flows[deployment.flow_id] = (await client.read_flow(deployment.flow_id)).name
        found[flows[deployment.flow_id], deployment.name] = deployment
    return found


async def _tagged(client: PrefectClient) -> list[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(deployment_filter=ours, limit=_PAGE, offset=len(found)):
        found += page
    return found


async def _create(client: PrefectClient, one: Wanted, settings: Mapping[str, Any]) -> None:
    flow_id = await client.create_flow_from_name(one.flow_name)
    schedules = [
        DeploymentScheduleCreate(schedule=_cron(cron), slug=cron.slug, active=cron.active) for cron in one.schedules
    ]
    await client.create_deployment(flow_id, one.name, schedules=schedules, **settings)


async def _mend(
    client: PrefectClient, one: Wanted, settings: Mapping[str, Any], found: DeploymentResponse, *, apply: bool
) -> bool:
    """Write what differs, and return whether anything did."""
    current = found.model_dump(mode="json", include=set(settings))
    changes = {name: value for name, value in settings.items() if current[name] != value}
    changed_crons = [cron for cron in one.schedules if not _has(found.schedules, cron)]
    slugs = {cron.slug for cron in one.schedules}
    surplus = [schedule for schedule in found.schedules if schedule.slug not in slugs]
    if not apply:
        return bool(changes or changed_crons or surplus)
    # Before the update: beside a schedule without a slug the server would replace all the others.
    for schedule in surplus:
        await client.delete_deployment_schedule(found.id, schedule.id)
    if changed_crons:
        changes["schedules"] = [
            DeploymentScheduleUpdate(schedule=_cron(cron), slug=cron.slug) for cron in changed_crons
        ]
    if changes:
        await client.update_deployment(found.id, DeploymentUpdate(**changes))
    return bool(changes or surplus)


def _cron(cron: Cron) -> CronSchedule:
    return CronSchedule(cron=cron.line, timezone=cron.timezone)


def _has(schedules: Sequence[DeploymentSchedule], cron: Cron) -> bool:
    return any(schedule.slug == cron.slug and schedule.schedule == _cron(cron) for schedule in schedules)
