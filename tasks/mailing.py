"""Send what is owed: one delivery, and the table that says what became of every notice."""

from datetime import date

from prefect import get_run_logger, task

from edge import enter, letterhead, mailer
from services.delivery import deliver
from services.delivery_job import DeliveryReport
from tasks.artifacts import delivery_sentence, publish_delivery
from tasks.retrying import RETRY


@task(name="deliver", **RETRY)
async def deliver_owed(as_of: date | None) -> DeliveryReport:
    """Gather, check again, send and settle; leave one row per notice."""
    edge = enter(as_of)
    async with mailer(edge.settings) as client:
        report = await deliver(
            edge.engine,
            mailer=client,
            calendar=edge.calendar,
            letterhead=letterhead(edge.settings),
            now=edge.now,
        )
    await publish_delivery(report)
    get_run_logger().info(delivery_sentence(report), extra={"action": "deliver", "mails": report.mails})
    return report
