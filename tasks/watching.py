"""Look whether everything is there that must be there."""

import asyncio
from datetime import date

from prefect import task
from prefect.artifacts import acreate_table_artifact

from edge.entry import enter
from rules.moments import ZONE_NAME
from services.watchdog import Health, check
from tasks.retrying import RETRY


@task(name="check", **RETRY)
async def check_all(as_of: date | None) -> Health:
    """Leave one row per fault."""
    edge = enter(as_of)
    health = await asyncio.to_thread(check, edge.engine, now=edge.now, calendar=edge.calendar)
    await _publish(health)
    return health


async def _publish(health: Health) -> None:
    """Leave one row per fault."""
    rows = [{"fault": fault} for fault in health.faults]
    await acreate_table_artifact(table=rows, key="watchdog", description=health_sentence(health))


def health_sentence(health: Health) -> str:
    if health.faults:
        return f"Thiếu {len(health.faults)}: {'; '.join(health.faults[:20])}"
    return f"Hệ thống hoạt động bình thường: {health.responsibilities} nhiệm vụ theo Kế hoạch ({ZONE_NAME})."
