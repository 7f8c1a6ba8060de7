"""Nhiệm vụ đột xuất: what no year's file foresees, given by the office with a basis, or raised by a unit itself.

It stands under a duty of the plan that has no dates of its own (on event, continuous), with a title of its own. What a
unit raises itself has no deadline: nothing is ever overdue there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Duty, Plan, Responsibility, Unit
from rules.deadlines import DueRule, Form, base_deadline
from rules.errors import DondocError
from rules.moments import local_date
from rules.vocabulary import Nature
from rules.workdays import WorkingCalendar
from services.acts import PastDateError
from services.answers import EmptyError
from services.assigning import Slot, current_clauses, duties_of, make_assignments
from services.directory import office_on, on_day
from services.finding import UnknownClauseError
from services.journal import done_already, record
from services.links import UnitVisitor
from services.workbench import on_event_duties

#: "dx": đột xuất. No hyphen: what follows one names a part of a year.
_PERIOD = "dx"


class NoOpenYearError(DondocError):
    """No year of this plan is open: nothing can be given under it."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A duty under which something ad hoc can be given."""

    plan: Plan
    key: str
    title: str
    citation: str


@dataclass(frozen=True, kw_only=True)
class AdHoc:
    """What is given: `basis` is the document that orders it, for an office cannot order a commune on its own word."""

    plan_id: int
    duty_key: str
    title: str
    basis: str
    latest: date


def grounds(session: Session, plans: Sequence[Plan]) -> list[Ground]:
    """Return the duties of these plans under which something ad hoc can be given."""
    return [
        Ground(plan=plan, key=duty.key, title=duty.title, citation=clause.citation)
        for plan in plans
        for clause in current_clauses(session, plan.id or 0)
        for duty in duties_of(session, clause)
        if duty.nature in (Nature.ON_EVENT, Nature.CONTINUOUS)
    ]


def give(
    session: Session,
    given: AdHoc,
    units: Sequence[int],
    *,
    actor: str,
    now: datetime,
    calendar: WorkingCalendar,
    once: str | None,
) -> int:
    """Give an ad hoc assignment to these units; returns to how many. The ladder starts as for any other."""
    if done_already(session, once):
        return 0
    today = local_date(now)
    if not (given.title.strip() and given.basis.strip() and units):
        raise EmptyError
    plan = session.get_one(Plan, given.plan_id)
    rule = DueRule(form=Form.LATEST, written=given.latest, basis=given.basis.strip())
    deadline = base_deadline(rule, calendar, plan.roll)
    if deadline.final < today:
        raise PastDateError(f"{given.latest:%Y-%m-%d} lies before today")
    office = office_on(session, given.plan_id, today)
    rows = session.exec(select(Unit).where(col(Unit.id).in_(units), *on_day(Unit, today)).order_by(col(Unit.id))).all()
    slot = _slot(session, given.plan_id, given.duty_key, office.slug if office else "", tuple(rows))
    cycle = _open_cycle(session, given.plan_id, today)
    slot = replace(slot, deadline=deadline, period=_next_period(session, cycle, given.duty_key))
    made = make_assignments(session, cycle, [slot], today=today, now=now)
    _name(session, cycle, slot, title=given.title.strip(), basis=given.basis.strip())
    record(
        session,
        now=now,
        actor=actor,
        action="ad hoc",
        subject=f"{plan.slug}/{cycle.year}/{given.duty_key}",
        once=once,
        title=given.title.strip(),
        basis=given.basis.strip(),
        latest=given.latest.isoformat(),
        assignments=made,
    )
    return made


def raise_event(
    session: Session, visitor: UnitVisitor, *, plan_id: int, duty_key: str, title: str, now: datetime, once: str | None
) -> int:
    """Let a unit report something extraordinary under an on-event duty of its own; returns the new assignment."""
    if done_already(session, once):
        return _last_raised(session, visitor, duty_key)
    duties = {(duty.plan.id, duty.key) for duty in on_event_duties(session, visitor, now=now)}
    if (plan_id, duty_key) not in duties:
        raise UnknownClauseError
    if not title.strip():
        raise EmptyError
    today = local_date(now)
    office = office_on(session, plan_id, today)
    cycle = _open_cycle(session, plan_id, today)
    slot = _slot(session, plan_id, duty_key, office.slug if office else "", (visitor.unit,))
    slot = replace(slot, period=_next_period(session, cycle, duty_key))
    make_assignments(session, cycle, [slot], today=today, now=now)
    # The unit raised it itself: it needs no news of it.
    _name(session, cycle, slot, title=title.strip(), basis=None, acknowledged_at=now)
    plan = session.get_one(Plan, plan_id)
    subject = f"{plan.slug}/{cycle.year}/{duty_key}/{visitor.unit.slug}/{slot.period}"
    record(session, now=now, actor=visitor.actor, action="raised", subject=subject, once=once, title=title.strip())
    return _last_raised(session, visitor, duty_key)


def _open_cycle(session: Session, plan_id: int, today: date) -> Cycle:
    """Return the open year that today lies in, or the last open one."""
    # Locked: two who give at once must not take the same period key.
    rows = session.exec(
        select(Cycle)
        .where(Cycle.plan_id == plan_id, Cycle.state == CycleState.OPEN)
        .order_by(col(Cycle.year))
        .with_for_update()
    ).all()
    if not rows:
        raise NoOpenYearError
    return next((row for row in rows if row.year == today.year), rows[-1])


def _slot(session: Session, plan_id: int, duty_key: str, addressed_to: str, units: tuple[Unit, ...]) -> Slot:
    found = session.exec(
        select(Responsibility, Duty)
        .join(Duty, col(Duty.responsibility_id) == Responsibility.id)
        .where(Responsibility.plan_id == plan_id, col(Responsibility.retired_at).is_(None), Duty.key == duty_key)
    ).one_or_none()
    if found is None or found[1].nature not in (Nature.ON_EVENT, Nature.CONTINUOUS):
        raise UnknownClauseError
    clause, duty = found
    return Slot(
        responsibility=clause,
        duty=duty,
        recipient="",
        addressed_to=addressed_to,
        period=_PERIOD,
        deadline=None,
        units=units,
    )


def _next_period(session: Session, cycle: Cycle, duty_key: str) -> str:
    """Return the next free period key of the duty: dx01, dx02 and so on."""
    taken = session.exec(
        select(Assignment.period)
        .where(
            Assignment.cycle_id == cycle.id,
            Assignment.duty_key == duty_key,
            col(Assignment.period).startswith(_PERIOD),
        )
        .distinct()
    ).all()
    return f"{_PERIOD}{max((int(period.removeprefix(_PERIOD)) for period in taken), default=0) + 1:02d}"


def _name(
    session: Session,
    cycle: Cycle,
    slot: Slot,
    *,
    title: str,
    basis: str | None,
    acknowledged_at: datetime | None = None,
) -> None:
    session.execute(
        update(Assignment)
        .where(
            col(Assignment.cycle_id) == cycle.id,
            col(Assignment.duty_key) == slot.duty.key,
            col(Assignment.period) == slot.period,
            col(Assignment.unit_id).in_([unit.id for unit in slot.units]),
        )
        .values(title=title, basis=basis, acknowledged_at=acknowledged_at)
    )


def _last_raised(session: Session, visitor: UnitVisitor, duty_key: str) -> int:
    found = session.exec(
        select(Assignment.id)
        .where(
            Assignment.unit_id == visitor.unit.id,
            Assignment.duty_key == duty_key,
            col(Assignment.period).startswith(_PERIOD),
        )
        .order_by(col(Assignment.id).desc())
    ).first()
    return found or 0
