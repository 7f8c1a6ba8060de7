"""The board: every assignment of a plan's year, and what of it is overdue."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import Assignment, Unit
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.vocabulary import AssignmentState
from rules.workdays import WorkingCalendar
from services.finding import find_cycle, find_plan


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One assignment on the board."""

    id: int
    duty: str
    unit: str
    unit_name: str
    unit_short_name: str
    recipient: str
    period: str
    state: AssignmentState
    final: date | None
    version: int
    overdue_working_days: int
    unit_ended: bool


def status(session: Session, *, plan: str, year: int, now: datetime, calendar: WorkingCalendar) -> list[StatusRow]:
    """Return every assignment of the year; overdue is computed, never stored.

    A unit that has ended keeps its assignments: `unit_ended` asks a person who takes them over.
    """
    cycle = find_cycle(session, find_plan(session, plan), year)
    today = local_date(now)
    rows = session.exec(
        select(Assignment, Unit)
        .join(Unit, col(Unit.id) == Assignment.unit_id)
        .where(Assignment.cycle_id == cycle.id)
        .order_by(col(Assignment.id))
    )
    return [
        StatusRow(
            id=assignment.id or 0,
            duty=assignment.duty_key,
            unit=unit.slug,
            unit_name=assignment.unit_name,
            unit_short_name=unit.short_name,
            recipient=assignment.recipient or assignment.addressed_to,
            period=assignment.period,
            state=assignment.state,
            final=assignment.final,
            version=assignment.version,
            overdue_working_days=_overdue(assignment, today, calendar),
            unit_ended=unit.valid_to is not None and unit.valid_to < today,
        )
        for assignment, unit in rows
    ]


def _overdue(assignment: Assignment, today: date, calendar: WorkingCalendar) -> int:
    if assignment.final is None or assignment.state not in WAITING or assignment.final >= today:
        return 0
    return calendar.count(assignment.final, today)
