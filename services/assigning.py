"""Which assignments a cycle must have: duty by unit by period, and how the missing ones are made.

A continuous duty gives one undated assignment per unit and cycle, an on-event duty none until somebody raises one. A
duty done once is assigned in the first cycle, and again in a later one only if that year's file sets a date for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import String, cast, func, insert
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, DeadlineVersion, DueDate, Duty, Plan, Responsibility, Unit
from models.tables import ASSIGNMENT, DEADLINE_VERSION, constants
from rules.deadlines import Deadline, DueRule, base_deadline
from rules.periods import periods_of
from rules.vocabulary import AssignmentState, Nature, PeriodKind
from rules.workdays import WorkingCalendar
from services.chunks import chunks
from services.deadlines import steps_as_json
from services.directory import Directory

DueKey = tuple[str, str, str]
"""duty key, recipient ("" = all), period key"""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One duty in one period, for one recipient, with all units that must have an assignment for it.

    `deadline` is empty while "chưa ấn định thời hạn".
    """

    responsibility: Responsibility
    duty: Duty
    recipient: str
    addressed_to: str
    period: str
    deadline: Deadline | None
    units: tuple[Unit, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.duty.key, self.recipient, self.period


def current_clauses(session: Session, plan_id: int) -> list[Responsibility]:
    """Return the plan's responsibilities in force, in the order of the document."""
    return list(
        session.exec(
            select(Responsibility)
            .where(Responsibility.plan_id == plan_id, col(Responsibility.retired_at).is_(None))
            .order_by(col(Responsibility.id))
        ).all()
    )


def duties_of(session: Session, responsibility: Responsibility) -> Sequence[Duty]:
    return session.exec(select(Duty).where(Duty.responsibility_id == responsibility.id).order_by(col(Duty.id))).all()


def due_rules(session: Session, cycle: Cycle) -> dict[DueKey, DueRule]:
    """Return the deadlines of the cycle as the coordinator wrote them."""
    rows = session.exec(select(DueDate).where(DueDate.cycle_id == cycle.id)).all()
    return {(row.duty_key, row.recipient, row.period): rule_of(row) for row in rows}


def rule_of(row: DueDate) -> DueRule:
    return DueRule(form=row.form, written=row.written, at=row.at, basis=row.basis, proposed=row.proposed)


def expected(
    duties: Iterable[tuple[Responsibility, Duty]],
    *,
    year: int,
    rules: dict[DueKey, DueRule],
    directory: Directory,
    calendar: WorkingCalendar,
    plan: Plan,
    done_before: frozenset[tuple[str, int]] = frozenset(),
) -> Iterator[Slot]:
    """Yield what these duties must have in the year; `done_before` holds (duty, unit) of earlier cycles."""
    for responsibility, duty in duties:
        units = tuple(directory.expand(duty.addressees or responsibility.addressees))
        for recipient, addressed_to, period in slots_of(duty, year):
            rule = rules.get((duty.key, recipient, period)) or rules.get((duty.key, "", period))
            again = duty.nature != Nature.ONCE or rule is not None
            yield Slot(
                responsibility=responsibility,
                duty=duty,
                recipient=recipient,
                addressed_to=addressed_to,
                period=period,
                deadline=base_deadline(rule, calendar, plan.roll) if rule else None,
                units=units if again else tuple(unit for unit in units if (duty.key, unit.id) not in done_before),
            )


def slots_of(duty: Duty, year: int) -> Iterator[tuple[str, str, str]]:
    """Yield (recipient key, addressed to, period) for one unit: a recipient is a key only where there are several."""
    applied = [str(item["applied"]) for item in duty.recipients if item["applied"]]
    if duty.nature == Nature.ON_EVENT:
        return
    if duty.nature != Nature.PERIODIC:
        yield "", (applied or [""])[0], str(year)
        return
    keys = [(slug, slug) for slug in applied] if len(applied) > 1 else [("", (applied or [""])[0])]
    for recipient, addressed_to in keys:
        for period in periods_of(PeriodKind(duty.cadence or PeriodKind.YEAR), year):
            yield recipient, addressed_to, period.key


def done_in_other_cycles(session: Session, cycle: Cycle, duty_keys: Sequence[str]) -> frozenset[tuple[str, int]]:
    """Return the (duty, unit) pairs of once-only duties that another cycle of the plan already assigned."""
    rows = session.exec(
        select(Assignment.duty_key, Assignment.unit_id).where(
            Assignment.plan_id == cycle.plan_id,
            Assignment.cycle_id != cycle.id,
            col(Assignment.duty_key).in_(duty_keys),
        )
    ).all()
    return frozenset((duty, unit) for duty, unit in rows)


def missing(
    session: Session,
    cycle: Cycle,
    plan: Plan,
    clauses: Sequence[Responsibility],
    *,
    directory: Directory,
    calendar: WorkingCalendar,
) -> list[Slot]:
    """Return the expected assignments of these clauses that the database does not have yet."""
    pairs = [(clause, duty) for clause in clauses for duty in duties_of(session, clause)]
    once = [duty.key for _, duty in pairs if duty.nature == Nature.ONCE]
    have = _assigned_units(session, cycle, [duty.key for _, duty in pairs])
    wanted = expected(
        pairs,
        year=cycle.year,
        rules=due_rules(session, cycle),
        directory=directory,
        calendar=calendar,
        plan=plan,
        done_before=done_in_other_cycles(session, cycle, once) if once else frozenset(),
    )
    lacking = []
    for slot in wanted:
        assigned = have.get(slot.key, set())
        units = tuple(unit for unit in slot.units if unit.id not in assigned)
        if units:
            lacking.append(replace(slot, units=units))
    return lacking


def _assigned_units(session: Session, cycle: Cycle, duty_keys: Sequence[str]) -> dict[tuple[str, str, str], set[int]]:
    """Return the ids of the units that have an assignment, by duty, recipient and period."""
    rows = session.connection().execute(
        select_rows(
            ASSIGNMENT.c.duty_key,
            ASSIGNMENT.c.recipient,
            ASSIGNMENT.c.period,
            func.aggregate_strings(cast(ASSIGNMENT.c.unit_id, String), " "),
        )
        .where(ASSIGNMENT.c.cycle_id == cycle.id, ASSIGNMENT.c.duty_key.in_(duty_keys))
        .group_by(ASSIGNMENT.c.duty_key, ASSIGNMENT.c.recipient, ASSIGNMENT.c.period)
    )
    # One text of all ids: tens of thousands of rows would only occupy the garbage collector.
    return {(duty_key, recipient, period): set(map(int, ids.split())) for duty_key, recipient, period, ids in rows}


def make_assignments(session: Session, cycle: Cycle, slots: Iterable[Slot], *, today: date, now: datetime) -> int:
    """Insert the assignments and the first version of their deadlines; returns how many.

    Two statements for all units of a slot: a year of the whole country is made in the database, not row by row.
    """
    made = 0
    since = max(today, cycle.opened_on)
    for slot in slots:
        made += len(slot.units)
        for units in chunks([unit.id or 0 for unit in slot.units]):
            _insert_assignments(session, cycle, slot, units, since, now)
            if slot.deadline is not None:
                _insert_deadlines(session, cycle, slot, slot.deadline, units, since, now)
    return made


def _insert_assignments(
    session: Session, cycle: Cycle, slot: Slot, units: Sequence[int], since: date, now: datetime
) -> None:
    same = {
        "cycle_id": cycle.id,
        "plan_id": cycle.plan_id,
        "responsibility_id": slot.responsibility.id,
        "clause": slot.responsibility.clause,
        "duty_key": slot.duty.key,
        "recipient": slot.recipient,
        "addressed_to": slot.addressed_to,
        "period": slot.period,
        "state": AssignmentState.OPEN,
        "opened_on": since,
        "version": 1 if slot.deadline else 0,
        "final": slot.deadline.final if slot.deadline else None,
        "since": since,
        "next_look_on": since,
        "made_at": now,
    }
    source = select_rows(*constants(ASSIGNMENT, same), col(Unit.id), col(Unit.name)).where(col(Unit.id).in_(units))
    session.execute(insert(Assignment).from_select([*same, "unit_id", "unit_name"], source))


def _insert_deadlines(
    session: Session, cycle: Cycle, slot: Slot, deadline: Deadline, units: Sequence[int], since: date, now: datetime
) -> None:
    same = {
        "version": 1,
        "final": deadline.final,
        "at": deadline.at,
        "steps": steps_as_json(deadline),
        "since": since,
        "made_at": now,
    }
    source = select_rows(*constants(DEADLINE_VERSION, same), col(Assignment.id)).where(
        col(Assignment.cycle_id) == cycle.id,
        col(Assignment.duty_key) == slot.duty.key,
        col(Assignment.recipient) == slot.recipient,
        col(Assignment.period) == slot.period,
        col(Assignment.unit_id).in_(units),
    )
    session.execute(insert(DeadlineVersion).from_select([*same, "assignment_id"], source))
