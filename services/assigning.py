"""Which assignments a cycle must have: duty by unit by period, and how the missing ones are made.

A continuous duty gives one undated assignment per unit and cycle, an on-event duty none until somebody raises one. A
duty done once is assigned in the first cycle, and again in a later one only if that year's file sets a date for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import insert
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, DeadlineVersion, DueDate, Duty, Plan, Responsibility, Unit
from rules.deadlines import Deadline, DueRule, base_deadline
from rules.periods import periods_of
from rules.vocabulary import AssignmentState, Nature, PeriodKind
from rules.workdays import WorkingCalendar
from services.deadlines import steps_as_json
from services.directory import Directory

#: Rows per INSERT: bounded memory for a cycle of tens of thousands of assignments.
_BATCH = 5_000

DueKey = tuple[str, str, str]
"""duty key, recipient ("" = all), period key"""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One assignment that must exist; `deadline` is empty while "chưa ấn định thời hạn"."""

    responsibility: Responsibility
    duty: Duty
    unit: Unit
    recipient: str
    addressed_to: str
    period: str
    deadline: Deadline | None

    @property
    def key(self) -> tuple[str, int, str, str]:
        assert self.unit.id is not None
        return self.duty.key, self.unit.id, self.recipient, self.period


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
) -> Iterator[Expected]:
    """Yield every assignment these duties must have in the year; `done_before` holds (duty, unit) of earlier cycles."""
    for responsibility, duty in duties:
        units = directory.expand(duty.addressees or responsibility.addressees)
        for recipient, addressed_to, period in _slots(duty, year):
            rule = rules.get((duty.key, recipient, period)) or rules.get((duty.key, "", period))
            deadline = base_deadline(rule, calendar, plan.roll) if rule else None
            for unit in units:
                if duty.nature == Nature.ONCE and deadline is None and (duty.key, unit.id) in done_before:
                    continue
                yield Expected(
                    responsibility=responsibility,
                    duty=duty,
                    unit=unit,
                    recipient=recipient,
                    addressed_to=addressed_to,
                    period=period,
                    deadline=deadline,
                )


def _slots(duty: Duty, year: int) -> Iterator[tuple[str, str, str]]:
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
) -> list[Expected]:
    """Return the expected assignments of these clauses that the database does not have yet."""
    pairs = [(clause, duty) for clause in clauses for duty in duties_of(session, clause)]
    once = [duty.key for _, duty in pairs if duty.nature == Nature.ONCE]
    have = set(
        session.exec(
            select(Assignment.duty_key, Assignment.unit_id, Assignment.recipient, Assignment.period).where(
                Assignment.cycle_id == cycle.id, col(Assignment.duty_key).in_([duty.key for _, duty in pairs])
            )
        ).all()
    )
    wanted = expected(
        pairs,
        year=cycle.year,
        rules=due_rules(session, cycle),
        directory=directory,
        calendar=calendar,
        plan=plan,
        done_before=done_in_other_cycles(session, cycle, once) if once else frozenset(),
    )
    return [item for item in wanted if item.key not in have]


def make_assignments(session: Session, cycle: Cycle, items: Sequence[Expected], *, today: date, now: datetime) -> None:
    """Insert the assignments and the first version of their deadlines."""
    rows = [_row(item, cycle, today, now) for item in items]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(Assignment), rows[start : start + _BATCH])
    deadlines = {item.key: item.deadline for item in items if item.deadline is not None}
    if not deadlines:
        return
    steps = {id(deadline): steps_as_json(deadline) for deadline in deadlines.values()}
    versions = []
    for identifier, key in _dated_without_version(session, cycle):
        deadline = deadlines.get(key)
        if deadline is not None:
            versions.append(_version(identifier, deadline, steps[id(deadline)], max(today, cycle.opened_on), now))
    for start in range(0, len(versions), _BATCH):
        session.execute(insert(DeadlineVersion), versions[start : start + _BATCH])


def _row(item: Expected, cycle: Cycle, today: date, now: datetime) -> dict[str, object]:
    opened_on = max(today, cycle.opened_on)
    return {
        "cycle_id": cycle.id,
        "plan_id": cycle.plan_id,
        "responsibility_id": item.responsibility.id,
        "clause": item.responsibility.clause,
        "duty_key": item.duty.key,
        "unit_id": item.unit.id,
        "unit_name": item.unit.name,
        "recipient": item.recipient,
        "addressed_to": item.addressed_to,
        "period": item.period,
        "state": AssignmentState.OPEN,
        "opened_on": opened_on,
        "version": 1 if item.deadline else 0,
        "final": item.deadline.final if item.deadline else None,
        "since": opened_on,
        "next_look_on": opened_on,
        "made_at": now,
    }


def _version(
    assignment_id: int, deadline: Deadline, steps: list[dict[str, object]], since: date, now: datetime
) -> dict[str, object]:
    at: time | None = deadline.at
    return {
        "assignment_id": assignment_id,
        "version": 1,
        "final": deadline.final,
        "at": at,
        "steps": steps,
        "since": since,
        "made_at": now,
    }


def _dated_without_version(session: Session, cycle: Cycle) -> Iterator[tuple[int, tuple[str, int, str, str]]]:
    """Yield id and key of the dated assignments whose first deadline version is still to be written."""
    rows = session.execute(
        select_rows(
            col(Assignment.id),
            col(Assignment.duty_key),
            col(Assignment.unit_id),
            col(Assignment.recipient),
            col(Assignment.period),
        ).where(
            col(Assignment.cycle_id) == cycle.id,
            col(Assignment.version) == 1,
            ~select(DeadlineVersion.id).where(DeadlineVersion.assignment_id == Assignment.id).exists(),
        )
    )
    for identifier, duty_key, unit_id, recipient, period in rows:
        assert identifier is not None
        yield identifier, (duty_key, unit_id, recipient, period)
