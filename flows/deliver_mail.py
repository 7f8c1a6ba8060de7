"""Every fifteen minutes of the day: take in what came back, send what is owed, one mail per person and working day."""

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from edge.entry import day_of
from flows.ending import named_or, refusals_said
from services.bounces import Emptied, Taken
from tasks.mailing import deliver_owed, delivery_sentence, look_at_returned, returned_sentence


def _run_name() -> str:
    return named_or("Gửi thư", lambda: f"Gửi thư · {day_of(flow_run.parameters.get('as_of')):%Y-%m-%d}")


@flow(name="deliver_mail", flow_run_name=_run_name)
@refusals_said
async def deliver_mail(as_of: date | None = None) -> State[None]:
    """Send the mails that are owed; first see which ones came back, so that their next readers are written to.

    Args:
        as_of: the day that counts; empty for today. A day to come is refused unless the database is a rehearsal.

    """
    # Whatever is wrong there fails the run in the end, but holds no mail up.
    looked = await look_at_returned(as_of, return_state=True)  # type: ignore[misc]  # an async task gives it late
    found = await looked.aresult(raise_on_failure=False)
    emptied = found if isinstance(found, Emptied) else Emptied()
    report = await deliver_owed(as_of, sorted(emptied.owed_again))
    failed = looked.is_failed() or report.incomplete or emptied.taken[Taken.DOUBTED] > 0
    said = delivery_sentence(report) + returned_sentence(found)
    return (Failed if failed else Completed)(message=said)
