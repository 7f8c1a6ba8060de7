"""Take in what came back, then send what is owed: one delivery, and the table that says what became of every notice."""

import asyncio
from collections.abc import Collection
from datetime import date

from prefect import get_run_logger, task
from prefect.artifacts import acreate_table_artifact

from edge.entry import enter
from edge.mail import letterhead, mailer, returned_mails
from rules.errors import DondocError
from services.bounces import Emptied, Taken, take_in_all
from services.delivery import deliver
from services.delivery_job import DeliveryReport
from tasks.retrying import RETRY


@task(name="returned-mails", **RETRY)
async def look_at_returned(as_of: date | None) -> Emptied | None:
    """Take in the mails that came back, where a mailbox for them is set."""
    edge = enter(as_of)
    if not edge.settings.imap_host:
        return None

    def look() -> Emptied:
        with returned_mails(edge.settings) as mails:
            return take_in_all(edge.engine, mails, now=edge.now)

    emptied = await asyncio.to_thread(look)
    bounced = emptied.taken[Taken.BOUNCED] + emptied.taken[Taken.DOUBTED]
    get_run_logger().info("Returned mails: %s", bounced, extra={"action": "returned-mails", "bounced": bounced})
    return emptied


def returned_sentence(found: Emptied | Exception | None) -> str:
    """Say what came back, or why that is not known; what could not be read is named by its number in the mailbox."""
    if found is None:
        return ""
    if isinstance(found, Exception):
        # A fault that is not ours may show addresses in its words.
        return f" Chưa đọc được hộp thư trả lại: {found if isinstance(found, DondocError) else type(found).__name__}."
    doubted = found.taken[Taken.DOUBTED]
    said = f" Thư bị trả lại: {found.taken[Taken.BOUNCED] + doubted:02d}"
    if doubted:
        said += f", trong đó {doubted:02d} thư nghi do máy chủ thư, chưa ngừng gửi đến các địa chỉ này"
    if found.unreadable:
        said += f", không đọc được thư số {', '.join(found.unreadable)} trong hộp thư trả lại"
    return said + "."


@task(name="deliver", **RETRY)
async def deliver_owed(as_of: date | None, came_back: Collection[int] = ()) -> DeliveryReport:
    """Gather, check again, send and settle; leave one row per notice."""
    edge = enter(as_of)
    async with mailer(edge.settings) as client:
        report = await deliver(
            edge.engine,
            mailer=client,
            calendar=edge.calendar,
            letterhead=letterhead(edge.settings),
            now=edge.now,
            came_back=came_back,
        )
    await _publish(report)
    get_run_logger().info(delivery_sentence(report), extra={"action": "deliver", "mails": report.mails})
    return report


async def _publish(report: DeliveryReport) -> None:
    """Leave one row per notice that got its outcome in this run."""
    rows = [
        {"notice": line.notice, "unit": line.unit, "outcome": line.outcome, "reason": line.reason or "–"}
        for line in report.lines
    ]
    await acreate_table_artifact(table=rows, key="deliver-mail", description=delivery_sentence(report))


def delivery_sentence(report: DeliveryReport) -> str:
    """Say in one sentence what a delivery did."""
    if report.busy:
        return "Một lượt gửi khác đang chạy."
    parts = [f"{report.day:%d/%m/%Y}: đã gửi {report.mails} thư"]
    parts += [f"{outcome} {count}" for outcome, count in sorted(report.notices.items())]
    if not report.working_day:
        parts.append("ngày nghỉ, không gửi thư nhắc việc")
    if report.held:
        parts.append("đang tạm dừng gửi toàn bộ")
    if report.waiting_for:
        parts.append(f"chờ lượt quét của {', '.join(report.waiting_for)}")
    if report.undelivered:
        parts.append(f"còn {report.undelivered} thư chưa gửi được")
    if report.alarm:
        parts.append(f"vướng mắc: {report.alarm}")
    return "; ".join(parts) + "."
