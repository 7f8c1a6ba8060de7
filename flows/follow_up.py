"""One responsibility, every calendar day: what is missing is assigned, what is owed today is recorded."""

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.ending import named_or, refusals_said
from tasks.sweeping import run_title, sweep, sweep_sentence


def _run_name() -> str:
    """Name the run "V.4-3 · Báo cáo năm của xã · 2024-11-25"."""
    given = flow_run.parameters
    clause = str(given["responsibility"])

    def name() -> str:
        title, day = run_title(given["plan"], clause, given.get("as_of"))
        return f"{clause} · {title} · {day:%Y-%m-%d}"

    return named_or(clause, name)


@flow(name="follow_up", flow_run_name=_run_name)
@refusals_said
async def follow_up(plan: str, responsibility: str, as_of: date | None = None) -> State[None]:
    """Follow up one responsibility of a plan.

    Args:
        plan: the plan's short name, such as konray-2022-2025
        responsibility: the clause, such as V.4-3
        as_of: the day that counts; empty for today. A day to come is refused unless the database is a rehearsal.

    """
    report = await sweep(plan, responsibility, as_of)
    return Completed(message=sweep_sentence(report))
