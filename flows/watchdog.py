"""Once a day after the morning: is anything missing? If so the run fails and says what."""

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from edge.entry import day_of
from flows.ending import named_or, refusals_said
from tasks.watching import check_all, health_sentence


def _run_name() -> str:
    return named_or("Tự kiểm tra", lambda: f"Tự kiểm tra · {day_of(flow_run.parameters.get('as_of')):%Y-%m-%d}")


@flow(name="watchdog", flow_run_name=_run_name)
@refusals_said
async def watchdog(as_of: date | None = None) -> State[None]:
    """Look for assignments and sweeps that are missing.

    Args:
        as_of: the day that counts; empty for today

    """
    health = await check_all(as_of)
    return (Failed if health.faults else Completed)(message=health_sentence(health))
