"""What must be done about one responsibility today: assignments that are missing, notices that are owed.

One transaction. Run twice on a day, it changes nothing the second time: what was recorded is not owed again.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import Engine, String, bindparam, cast, update
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan, Responsibility, Sweep
from models.database import writing
from models.tables import ASSIGNMENT, CYCLE, DEADLINE_VERSION
from rules.deadlines import Deadline, recalculated_deadline
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.assigning import make_assignments, missing
from services.chunks import chunks
from services.deadlines import set_deadline, steps_of
from services.directory import directory_on
from services.finding import find_clause, find_plan, open_cycles
from services.journal import record
from services.looking import Looked, at_rest, look


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """What a sweep did; `looked` holds assignments that it touched, then such at rest: of each kind the first ones."""

    plan: str
    clause: str
    title: str
    day: date
    working_day: bool
    made: int = 0
    moved: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    looked: tuple[Looked, ...] = ()


def follow_up(engine: Engine, *, plan: str, clause: str, now: datetime, calendar: WorkingCalendar) -> SweepReport:
    """Sweep one responsibility: make what is missing, record what is owed, and say so in a `Sweep` row."""
    with writing(engine) as session:
        found = find_plan(session, plan)
        responsibility = find_clause(session, found, clause, lock=True)
        today = local_date(now)
        made, moved = 0, 0
        for cycle in open_cycles(session, found, today):
            made += _complete(session, cycle, found, responsibility, today=today, now=now, calendar=calendar)
        if _calendar_changed(session, found, clause, calendar):
            moved = _recalculate(session, found, clause, calendar, now)
        working = calendar.is_working(today)
        looked, counts = look(session, found, clause, today, calendar) if working else ((), Counter())
        sweep = Sweep(
            plan_id=responsibility.plan_id,
            clause=clause,
            local_date=today,
            working_day=working,
            outcome={"made": made, "moved": moved, **counts},
            calendar=calendar.digest,
            made_at=now,
        )
        _write_sweep(session, sweep)
        return SweepReport(
            plan=plan,
            clause=clause,
            title=responsibility.title,
            day=today,
            working_day=working,
            made=made,
            moved=moved,
            counts=dict(counts),
            looked=(*looked, *at_rest(session, found, clause, looked)),
        )


def _complete(
    session: Session,
    cycle: Cycle,
    plan: Plan,
    responsibility: Responsibility,
    *,
    today: date,
    now: datetime,
    calendar: WorkingCalendar,
) -> int:
    directory = directory_on(session, today)
    lacking = missing(session, cycle, plan, [responsibility], directory=directory, calendar=calendar)
    made = make_assignments(session, cycle, lacking, today=today, now=now)
    if made:
        subject = f"{plan.slug}/{cycle.year}/{responsibility.clause}"
        record(session, now=now, actor="dondoc", action="assigned", subject=subject, assignments=made)
    return made


def _calendar_changed(session: Session, plan: Plan, clause: str, calendar: WorkingCalendar) -> bool:
    last = session.exec(
        select(Sweep.calendar)
        .where(Sweep.plan_id == plan.id, Sweep.clause == clause)
        .order_by(col(Sweep.local_date).desc())
        .limit(1)
    ).first()
    return last != calendar.digest


def _recalculate(session: Session, plan: Plan, clause: str, calendar: WorkingCalendar, now: datetime) -> int:
    """A day off announced since the last sweep, or since the year was opened, may move deadlines and rungs.

    Every waiting assignment is looked at; the same chain of reasons is followed once for all units that share it.
    """
    rows = session.connection().execute(
        select_rows(
            ASSIGNMENT.c.id, DEADLINE_VERSION.c.final, DEADLINE_VERSION.c.at, cast(DEADLINE_VERSION.c.steps, String)
        )
        .join(
            DEADLINE_VERSION,
            (DEADLINE_VERSION.c.assignment_id == ASSIGNMENT.c.id)
            & (DEADLINE_VERSION.c.version == ASSIGNMENT.c.version),
        )
        .join(CYCLE, CYCLE.c.id == ASSIGNMENT.c.cycle_id)
        .where(
            ASSIGNMENT.c.plan_id == plan.id,
            ASSIGNMENT.c.clause == clause,
            ASSIGNMENT.c.state.in_(WAITING),
            CYCLE.c.state == CycleState.OPEN,
        )
        .order_by(ASSIGNMENT.c.id)
        .with_for_update(of=ASSIGNMENT)
    )
    alike: dict[tuple[date, time | None, str], list[int]] = defaultdict(list)
    for identifier, *reasons in rows:
        alike[tuple(reasons)].append(identifier)
    moved = 0
    for (final, at, steps), ids in alike.items():
        for part in chunks(ids):
            session.connection().execute(_LOOK_AGAIN, {"ids": part, "day": local_date(now)})
        deadline = recalculated_deadline(Deadline(steps=steps_of(steps), at=at), calendar, plan.roll)
        if deadline.final != final:
            moved += sum(
                set_deadline(session, session.get_one(Assignment, identifier), deadline, now=now) for identifier in ids
            )
    return moved


_LOOK_AGAIN = (
    update(ASSIGNMENT)
    .where(ASSIGNMENT.c.id.in_(bindparam("ids", expanding=True)))
    .values(next_look_on=bindparam("day"))
)


def _write_sweep(session: Session, sweep: Sweep) -> None:
    """The first sweep of a day writes the row; a repeated one leaves its outcome, but notes the calendar it used."""
    found = session.exec(
        select(Sweep).where(
            Sweep.plan_id == sweep.plan_id, Sweep.clause == sweep.clause, Sweep.local_date == sweep.local_date
        )
    ).one_or_none()
    if found is not None:
        found.calendar = sweep.calendar
    session.add(found or sweep)
