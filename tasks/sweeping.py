"""Look at one responsibility: a task is one service call, and that is one transaction."""

import asyncio
import re
from datetime import date

from prefect import get_run_logger, task
from prefect.artifacts import acreate_table_artifact

from edge.entry import enter
from models.database import reading
from services.finding import find_clause, find_plan
from services.follow_up import SweepReport, follow_up
from tasks.retrying import RETRY

_NOTHING = "–"


@task(name="sweep", task_run_name="sweep {responsibility}", **RETRY)
async def sweep(plan: str, responsibility: str, as_of: date | None) -> SweepReport:
    """Make missing assignments, record owed notices, leave the table of the run."""
    report = await asyncio.to_thread(_sweep, plan, responsibility, as_of)
    await _publish(report)
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


async def _publish(report: SweepReport) -> None:
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


def _key(*parts: str) -> str:
    """Artifact keys are lower-case letters, digits and dashes; đ is kept apart from d as in deployment names."""
    plain = "-".join(parts).lower().replace("đ", "dd")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
