"""What a run leaves in Prefect's UI: one table that an administrator can read, and that a recount can add up."""

import re

from prefect.artifacts import acreate_table_artifact

from rules.moments import ZONE_NAME
from services.delivery_job import DeliveryReport
from services.follow_up import SweepReport
from services.watchdog import Health

_NOTHING = "–"


async def publish_sweep(report: SweepReport) -> None:
    """Leave one row per assignment: what was owed and why, or when it will be looked at again."""
    rows = [
        {
            "unit": row.unit,
            "duty": row.duty,
            "deadline": f"{row.deadline:%d/%m/%Y}" if row.deadline else "không có thời hạn",
            "state": row.state,
            "owed": ", ".join(row.owed) or _NOTHING,
            "superseded": ", ".join(row.superseded) or _NOTHING,
            "skipped": ", ".join(row.skipped) or _NOTHING,
            "next look": f"{row.next_look_on:%d/%m/%Y}" if row.next_look_on else _NOTHING,
            "assignment": row.assignment,
        }
        for row in report.looked
    ]
    await acreate_table_artifact(
        table=rows, key=_key("sweep", report.plan, report.clause), description=sweep_sentence(report)
    )


def sweep_sentence(report: SweepReport) -> str:
    """Say in one sentence what a sweep found."""
    day = f"{report.day:%d/%m/%Y}"
    if not report.working_day:
        return f"{day}: ngày nghỉ, không nhắc việc."
    if not any(row.deadline for row in report.looked) and not report.counts:
        return f"{day}: Không có thời hạn theo Kế hoạch, không có nội dung cần nhắc."
    counts = report.counts
    figures = (
        f"phải nhắc {counts.get('owed', 0)}, được thay bằng lần nhắc sau {counts.get('superseded', 0)}, "
        f"không gửi {counts.get('skipped', 0)}"
    )
    return f"{day}: {figures}; lập mới {report.made} nhiệm vụ, {report.moved} thời hạn thay đổi."


async def publish_delivery(report: DeliveryReport) -> None:
    """Leave one row per notice that got its outcome in this run."""
    rows = [
        {"notice": line.notice, "unit": line.unit, "outcome": line.outcome, "reason": line.reason or _NOTHING}
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
    if report.waiting_for:
        parts.append(f"chờ lượt quét của {', '.join(report.waiting_for)}")
    if report.undelivered:
        parts.append(f"còn {report.undelivered} thư chưa gửi được")
    if report.alarm:
        parts.append(f"máy chủ thư: {report.alarm}")
    return "; ".join(parts) + "."


async def publish_health(health: Health) -> None:
    """Leave one row per fault."""
    rows = [{"fault": fault} for fault in health.faults]
    await acreate_table_artifact(table=rows, key="watchdog", description=health_sentence(health))


def health_sentence(health: Health) -> str:
    if health.faults:
        return f"Thiếu {len(health.faults)}: {'; '.join(health.faults[:20])}"
    return f"Hệ thống hoạt động bình thường: {health.responsibilities} nhiệm vụ theo Kế hoạch ({ZONE_NAME})."


def _key(*parts: str) -> str:
    """Artifact keys are lower-case letters, digits and dashes; đ is kept apart from d as in deployment names."""
    plain = "-".join(parts).lower().replace("đ", "dd")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
