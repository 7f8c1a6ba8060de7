"""Look at one responsibility: a task is one service call, and that is one transaction."""

import asyncio
from datetime import date

from prefect import get_run_logger, task

from edge import enter
from models.database import reading
from services.finding import find_clause, find_plan
from services.follow_up import SweepReport, follow_up
from tasks.artifacts import publish_sweep, sweep_sentence
from tasks.retrying import RETRY


@task(name="sweep", task_run_name="sweep {responsibility}", **RETRY)
async def sweep(plan: str, responsibility: str, as_of: date | None) -> SweepReport:
    """Make missing assignments, record owed notices, leave the table of the run."""
    report = await asyncio.to_thread(_sweep, plan, responsibility, as_of)
    await publish_sweep(report)
    get_run_logger().info(sweep_sentence(report), extra={"action": "sweep", "plan": plan, "clause": responsibility})
    return report


def _sweep(plan: str, responsibility: str, as_of: date | None) -> SweepReport:
    edge = enter(as_of)
    return follow_up(edge.engine, plan=plan, clause=responsibility, now=edge.now, calendar=edge.calendar)


def run_title(plan: str, responsibility: str, as_of: date | None) -> tuple[str, date]:
    """Return the responsibility's short title and the day that counts, for the name of a run."""
    edge = enter(as_of)
    with reading(edge.engine) as session:
        return find_clause(session, find_plan(session, plan), responsibility).title, edge.today
