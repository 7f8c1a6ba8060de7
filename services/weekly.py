"""The office's overview of a week: what waits for it, what is near, what could not be delivered, and whether all runs.

It is a part of the first morning mail of the week, owed once: when Monday was missed, the next working morning has it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import (
    Assignment,
    Cycle,
    CycleState,
    Difficulty,
    ExtensionRequest,
    Message,
    Mode,
    Office,
    Overview,
    Plan,
    RequestState,
    Unit,
)
from notifications.content import Language, WeekAhead
from notifications.naming import named
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.vocabulary import AssignmentState
from rules.workdays import WorkingCalendar
from services.directory import on_day, unreachable_on
from services.facts import Fact, facts_for
from services.finding import year_of
from services.installation import current
from services.undelivered import not_delivered
from services.watchdog import faults_of

#: Working days that count as near, and the days behind in which an undelivered mail is still told of.
_NEAR, _FAILED_WITHIN = 10, timedelta(days=7)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def overviews_owed(session: Session, today: date) -> list[Unit]:
    """Return the offices that follow up an open year and have no overview of this week yet."""
    told = select(Overview.unit_id).where(Overview.week == monday_of(today))
    return list(
        session.exec(
            select(Unit)
            .where(
                col(Unit.id).in_(
                    select(Office.unit_id)
                    .join(Cycle, col(Cycle.plan_id) == Office.plan_id)
                    .where(*on_day(Office, today), Cycle.state == CycleState.OPEN, Cycle.opened_on < today)
                ),
                col(Unit.id).not_in(told),
                *on_day(Unit, today),
            )
            .order_by(col(Unit.id))
        )
    )


def mark_told(session: Session, unit_id: int, today: date, message_id: int) -> None:
    """Note that this mail holds the office's overview of the week."""
    session.add(Overview(unit_id=unit_id, week=monday_of(today), message_id=message_id))


def week_ahead(session: Session, office: Unit | None, *, now: datetime, calendar: WorkingCalendar) -> WeekAhead | None:
    """Return what the office is told of the week."""
    if office is None:
        return None
    today = local_date(now)
    plans = _followed(session, office, today)
    failed = session.exec(
        select(func.count()).select_from(Message).where(not_delivered(session, now - _FAILED_WITHIN))
    ).one()
    return WeekAhead(
        week=monday_of(today),
        to_receive=_count_assignments(session, plans),
        extensions=_count_requests(session, plans),
        difficulties=_count_difficulties(session, plans),
        near=_near(session, plans, today, calendar.shift(today, _NEAR)),
        failed=failed,
        unreachable=tuple(dict.fromkeys(unit.name for unit, _ in unreachable_on(session, today))),
        # The clock of a rehearsal jumps: that days were not swept says nothing there.
        faults=_faults(
            len(faults_of(session, now=now, calendar=calendar, sweeps=current(session).mode is Mode.EARNEST))
        ),
    )


def _faults(number: int) -> tuple[str, ...]:
    """The officer needs to know that something is wrong; what it is, the administrator reads in the watchdog's run."""
    return (f"{number:02d} mục cần quản trị viên kiểm tra (xem lượt chạy watchdog)",) if number else ()


def _followed(session: Session, office: Unit, today: date) -> list[int]:
    rows = session.exec(select(Office.plan_id).where(Office.unit_id == office.id, *on_day(Office, today)))
    return sorted(set(rows))


def _count_assignments(session: Session, plans: Sequence[int]) -> int:
    return session.exec(
        select(func.count())
        .select_from(Assignment)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            col(Assignment.plan_id).in_(plans),
            Assignment.state == AssignmentState.SUBMITTED,
            Cycle.state == CycleState.OPEN,
        )
    ).one()


def _count_requests(session: Session, plans: Sequence[int]) -> int:
    return session.exec(
        select(func.count())
        .select_from(ExtensionRequest)
        .join(Assignment, col(Assignment.id) == ExtensionRequest.assignment_id)
        .where(col(Assignment.plan_id).in_(plans), ExtensionRequest.state == RequestState.ASKED)
    ).one()


def _count_difficulties(session: Session, plans: Sequence[int]) -> int:
    return session.exec(
        select(func.count())
        .select_from(Difficulty)
        .where(col(Difficulty.plan_id).in_(plans), col(Difficulty.answered_at).is_(None))
    ).one()


def _near(session: Session, plans: Sequence[int], today: date, last: date) -> tuple[tuple[date, str, int], ...]:
    """Return the deadlines up to `last`, each with its duty and how many units still owe it."""
    rows = session.execute(
        select_rows(col(Assignment.final), func.min(Assignment.id), col(Plan.short_title), func.count())
        .join(Plan, col(Plan.id) == Assignment.plan_id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            col(Assignment.plan_id).in_(plans),
            col(Assignment.state).in_(WAITING),
            col(Cycle.state) == CycleState.OPEN,
            col(Assignment.final).between(today, last),
        )
        .group_by(
            col(Assignment.final), col(Assignment.duty_key), col(Assignment.title), col(Assignment.period),
            col(Plan.short_title),
        )
        .order_by(col(Assignment.final), func.min(Assignment.id))
    ).all()  # fmt: skip
    facts = {fact.id: fact for fact in facts_for(session, [row[1] for row in rows])}
    return tuple((final, f"{_named(session, facts[first])} ({plan})", count) for final, first, plan, count in rows)


def _named(session: Session, fact: Fact) -> str:
    return named(fact.title, year_of(session, fact), fact.period, Language.VI)
