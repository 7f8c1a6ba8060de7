"""A plan's year: see what opening it would do, open it, set its deadlines, close it."""

import difflib
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, DueDate, Duty, ExtensionRequest, OutgoingKind, Plan, RequestState
from plans.schema import CycleFile
from rules.deadlines import DueRule, Form, StepKind, base_deadline, replaced_deadline
from rules.errors import DondocError
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.periods import period_from
from rules.vocabulary import Nature
from rules.workdays import WorkingCalendar
from services.approvals import ask_approval
from services.assigning import (
    DueKey,
    Slot,
    current_clauses,
    done_in_other_cycles,
    duties_of,
    expected,
    make_assignments,
)
from services.deadlines import current_version, deadline_of, set_deadline
from services.directory import directory_on
from services.facts import facts_for
from services.finding import find_cycle, find_plan
from services.journal import record
from services.preview import Draft, Preview, preview


class CycleError(DondocError):
    """This is not possible for the cycle."""


def open_cycle(
    session: Session,
    file: CycleFile,
    text: str,
    *,
    now: datetime,
    calendar: WorkingCalendar,
    actor: str,
    apply: bool,
) -> Preview:
    """Open the year, or with `apply` false only say what would happen.

    Opening twice with the same file changes nothing; with a changed file it shows the difference and refuses.
    """
    plan, today = find_plan(session, file.plan), local_date(now)
    found = _cycle(session, plan, file.year)
    draft = _draft(session, plan, file, found, today, calendar)
    difference = _difference(found.file_text, text) if found else ()
    seen = preview(session, draft, year=file.year, today=today, calendar=calendar, found=found, difference=difference)
    if difference and apply:
        raise CycleError(
            f"the year {file.year} of {plan.slug} is already open with another file; nothing was changed. "
            "Change a date with `dondoc cycle deadline`, or open with the same file.\n" + "\n".join(difference)
        )
    if found is None and apply:
        _create(session, draft, file, text, today, now, actor)
    return seen


def _cycle(session: Session, plan: Plan, year: int) -> Cycle | None:
    return session.exec(select(Cycle).where(Cycle.plan_id == plan.id, Cycle.year == year)).one_or_none()


def _draft(
    session: Session, plan: Plan, file: CycleFile, found: Cycle | None, today: date, calendar: WorkingCalendar
) -> Draft:
    if not plan.first_year <= file.year <= plan.last_year:
        raise CycleError(f"{plan.slug} runs from {plan.first_year} to {plan.last_year}; {file.year} lies outside")
    clauses = current_clauses(session, plan.id or 0)
    pairs = tuple((clause, duty) for clause in clauses for duty in duties_of(session, clause))
    rules = _rules(file, {duty.key: duty for _, duty in pairs})
    once = [duty.key for _, duty in pairs if duty.nature == Nature.ONCE]
    blank = found or Cycle(plan_id=plan.id or 0, year=file.year, opened_on=today, file_text="", made_at=plan.loaded_at)
    slots = expected(
        pairs,
        year=file.year,
        rules=rules,
        directory=directory_on(session, today),
        calendar=calendar,
        plan=plan,
        done_before=done_in_other_cycles(session, blank, once),
    )
    draft = Draft(plan=plan, pairs=pairs, rules=rules, slots=tuple(slots))
    _require_places(rules, draft.slots)
    return draft


def _rules(file: CycleFile, duties: dict[str, Duty]) -> dict[DueKey, DueRule]:
    rules: dict[DueKey, DueRule] = {}
    for entry in file.deadlines:
        duty = duties.get(entry.duty)
        if duty is None:
            raise CycleError(f"{entry.duty}: the plan has no such duty in force")
        _require_datable(duty)
        only = [item["applied"] for item in duty.recipients if item["applied"]] == [entry.recipient]
        recipient = "" if only or entry.recipient is None else entry.recipient
        rules[entry.duty, recipient, period_from(file.year, entry.period).key] = file.due_rule(entry)
    return rules


def _require_datable(duty: Duty) -> None:
    if duty.nature not in (Nature.PERIODIC, Nature.ONCE):
        raise CycleError(f"{duty.key}: a {duty.nature} duty can have no deadline")


def _require_places(rules: dict[DueKey, DueRule], slots: Sequence[Slot]) -> None:
    """A date that fits no recipient or period of its duty would be lost without a word."""
    places = {slot.key for slot in slots} | {(slot.duty.key, "", slot.period) for slot in slots}
    for duty_key, recipient, period in sorted(rules.keys() - places):
        known = "; ".join(
            sorted(" ".join(part for part in place[1:] if part) for place in places if place[0] == duty_key)
        )
        raise CycleError(
            f"{duty_key}: there is no place for a date for {recipient or 'all'} {period}; there is: {known}"
        )


def _difference(before: str, after: str) -> tuple[str, ...]:
    return tuple(difflib.unified_diff(before.splitlines(), after.splitlines(), "opened with", "given now", lineterm=""))


def _create(session: Session, draft: Draft, file: CycleFile, text: str, today: date, now: datetime, actor: str) -> None:
    assert draft.plan.id is not None
    cycle = Cycle(
        plan_id=draft.plan.id,
        year=file.year,
        opened_on=today,
        data_close=file.data_close,
        file_text=text,
        made_at=now,
    )
    session.add(cycle)
    session.flush()
    for key, rule in draft.rules.items():
        _save_rule(session, cycle, key, rule, now)
    assert cycle.id is not None
    for mailing in file.approve:
        kind = OutgoingKind(mailing)
        ask_approval(session, kind, plan_id=draft.plan.id, cycle_id=cycle.id, actor=actor, now=now)
    made = make_assignments(session, cycle, draft.slots, today=today, now=now)
    subject = f"{draft.plan.slug}/{file.year}"
    record(session, now=now, actor=actor, action="opened", subject=subject, assignments=made)


def _forget_particular(session: Session, cycle: Cycle, key: DueKey) -> None:
    """A date for all recipients takes the place of those that were set for one of them."""
    duty_key, recipient, period = key
    if recipient == "":
        session.execute(
            delete(DueDate).where(
                col(DueDate.cycle_id) == cycle.id, col(DueDate.duty_key) == duty_key, col(DueDate.period) == period
            )
        )


def _save_rule(session: Session, cycle: Cycle, key: DueKey, rule: DueRule, now: datetime) -> None:
    duty_key, recipient, period = key
    found = session.exec(
        select(DueDate).where(
            DueDate.cycle_id == cycle.id,
            DueDate.duty_key == duty_key,
            DueDate.recipient == recipient,
            DueDate.period == period,
        )
    ).one_or_none()
    assert cycle.id is not None
    row = found or DueDate(
        cycle_id=cycle.id,
        duty_key=duty_key,
        recipient=recipient,
        period=period,
        form=rule.form,
        written=rule.written,
        basis=rule.basis,
        set_at=now,
    )
    row.form, row.written, row.at, row.basis, row.proposed = (
        rule.form,
        rule.written,
        rule.at,
        rule.basis,
        rule.proposed,
    )
    row.set_at = now
    session.add(row)


def change_deadline(
    session: Session,
    *,
    plan: str,
    year: int,
    key: DueKey,
    rule: DueRule,
    now: datetime,
    calendar: WorkingCalendar,
    actor: str,
) -> int:
    """Set or change a duty's deadline for the year; returns how many assignments got a new version.

    A unit that was given more time of its own keeps it where that is later.
    """
    found = find_plan(session, plan)
    cycle = find_cycle(session, found, year)
    if cycle.state is CycleState.CLOSED:
        raise CycleError(f"the year {year} of {plan} is closed")
    rows = _assignments(session, cycle, key)
    if not rows:
        raise CycleError(f"{plan} {year} has no assignment of {' '.join(part for part in key if part)}")
    _require_datable(facts_for(session, [rows[0].id or 0])[0].duty)
    if base_deadline(rule, calendar, found.roll).final < local_date(now):
        raise CycleError(f"the new deadline {rule.last_day:%Y-%m-%d} lies before today")
    _forget_particular(session, cycle, key)
    _save_rule(session, cycle, key, rule, now)
    changed = sum(_change(session, assignment, rule, found, calendar, now) for assignment in rows)
    record(
        session,
        now=now,
        actor=actor,
        action="deadline",
        subject=f"{plan}/{year}/{key[0]}",
        recipient=key[1],
        period=key[2],
        form=rule.form,
        written=rule.written.isoformat(),
        basis=rule.basis,
        assignments=changed,
    )
    return changed


def _assignments(session: Session, cycle: Cycle, key: DueKey) -> Sequence[Assignment]:
    duty_key, recipient, period = key
    query = select(Assignment).where(
        Assignment.cycle_id == cycle.id, Assignment.duty_key == duty_key, Assignment.period == period
    )
    if recipient:
        query = query.where(Assignment.recipient == recipient)
    return session.exec(query.order_by(col(Assignment.id)).with_for_update()).all()


def _change(
    session: Session, assignment: Assignment, rule: DueRule, plan: Plan, calendar: WorkingCalendar, now: datetime
) -> bool:
    version = current_version(session, assignment)
    if version is None:
        return set_deadline(session, assignment, base_deadline(rule, calendar, plan.roll), now=now)
    earlier = deadline_of(version)
    deadline = replaced_deadline(earlier, rule, StepKind.CHANGED, calendar, plan.roll)
    if assignment.state not in WAITING:
        return False
    own = [step for step in earlier.steps if step.kind in (StepKind.EXTENDED, StepKind.RETURNED)]
    if own and own[-1].day >= deadline.final:
        given = DueRule(form=Form.LATEST, written=own[-1].day, basis=own[-1].basis, at=own[-1].at)
        deadline = replaced_deadline(earlier, given, own[-1].kind, calendar, plan.roll)
    return set_deadline(session, assignment, deadline, now=now)


def close_cycle(session: Session, *, plan: str, year: int, now: datetime, actor: str) -> int | None:
    """Close the year: nothing more is owed for it. Returns how many assignments still waited; None: closed before."""
    cycle = find_cycle(session, find_plan(session, plan), year)
    if cycle.state is CycleState.CLOSED:
        return None
    cycle.state, cycle.closed_on = CycleState.CLOSED, local_date(now)
    session.add(cycle)
    of_year = select(Assignment.id).where(Assignment.cycle_id == cycle.id)
    session.execute(
        update(ExtensionRequest)
        .where(col(ExtensionRequest.assignment_id).in_(of_year), col(ExtensionRequest.state) == RequestState.ASKED)
        .values(state=RequestState.MOOT, decided_at=now)
    )
    waiting = session.exec(
        select(Assignment.id).where(
            Assignment.cycle_id == cycle.id,
            col(Assignment.state).in_(WAITING),
            col(Assignment.final).is_not(None),
        )
    ).all()
    record(session, now=now, actor=actor, action="closed", subject=f"{plan}/{year}", waiting=len(waiting))
    return len(waiting)
