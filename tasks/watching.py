"""Look whether everything is there that must be there."""

import asyncio
from datetime import date

from prefect import task

from edge import enter
from services.watchdog import Health, check
from tasks.artifacts import publish_health
from tasks.retrying import RETRY


@task(name="check", **RETRY)
async def check_all(as_of: date | None) -> Health:
    """Leave one row per fault."""
    edge = enter(as_of)
    health = await asyncio.to_thread(check, edge.engine, now=edge.now, calendar=edge.calendar)
    await publish_health(health)
    return health
