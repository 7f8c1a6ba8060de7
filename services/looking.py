"""Asking the rules about the assignments whose day has come, and writing down what they say."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import bindparam, update
from sqlmodel import Session, SQLModel, col, select

from models import Assignment, Cycle, CycleState, Notice, Plan
from rules.ladder import Case, Decision, Rung, decide
from rules.vocabulary import NoticeState
from rules.workdays import WorkingCalendar
from services.cases import Fact, cases_for, existing_notices, facts_for
from services.chunks import chunks
from services.finding import assignment_name

#: Rows of a run's table: for assignments on which there was nothing to do, and for those on which there was something.
#: The run's figures count them all.
_SHOWN = 200
_SHOWN_TOUCHED = 1_000
_BATCH = 5_000
#: The objects in the session are done with; comparing each of them with each statement would cost the square.
_NOTICES = SQLModel.metadata.tables["notice"]
_ROWS_ONLY = {"synchronize_session": False}


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One assignment as the sweep saw it, for the run's table; rungs read `+3 → office-head (05/11/2024)`."""

    assignment: str
    unit: str
    duty: str
    deadline: date | None
    state: str
    owed: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    next_look_on: date | None = None


def look(
    session: Session, plan: Plan, clause: str, today: date, calendar: WorkingCalendar
) -> tuple[tuple[Looked, ...], Counter[str]]:
    """Ask the rules about every assignment whose day has come, and write down what they say.

    Returns the rows of the first of them, and how many notices of all were owed, superseded and skipped.
    """
    ids = session.exec(
        select(Assignment.id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            Assignment.plan_id == plan.id,
            Assignment.clause == clause,
            col(Assignment.next_look_on) <= today,
            Cycle.state == CycleState.OPEN,
        )
        .order_by(col(Assignment.id))
        # A date that is changed meanwhile waits: else its earlier look would be overwritten, and its rungs lost.
        .with_for_update(of=Assignment)
    ).all()
    facts = facts_for(session, [identifier for identifier in ids if identifier is not None])
    cases = cases_for(session, plan, facts, today, existing_notices(session, facts))
    years = {cycle.id: cycle.year for cycle in session.exec(select(Cycle).where(Cycle.plan_id == plan.id))}
    decisions = _decided(cases, today, calendar)
    _apply(session, facts, cases, decisions, today)
    rows = tuple(
        _looked(plan, years[fact.assignment.cycle_id], fact, decision)
        for fact, decision in islice(zip(facts, decisions, strict=True), _SHOWN_TOUCHED)
    )
    return rows, _counts(decisions)


def _counts(decisions: Iterable[Decision]) -> Counter[str]:
    total: Counter[str] = Counter()
    for decision in decisions:
        total["owed"] += len(decision.owe)
        total["superseded"] += len(decision.supersede)
        total["skipped"] += len(decision.skip)
    return +total


def _decided(cases: Sequence[Case], today: date, calendar: WorkingCalendar) -> list[Decision]:
    """Ask the rules once for all cases that are alike."""
    asked: dict[Hashable, Decision] = {}
    found = []
    for case in cases:
        alike = case.alike
        if alike not in asked:
            asked[alike] = decide(case, today, calendar)
        found.append(asked[alike])
    return found


def _apply(
    session: Session, facts: Sequence[Fact], cases: Sequence[Case], decisions: Sequence[Decision], today: date
) -> None:
    rows: list[dict[str, object]] = []
    looks: dict[date | None, list[int]] = {}
    weaker: list[tuple[Fact, Rung]] = []
    for fact, case, decision in zip(facts, cases, decisions, strict=True):
        rows += [_notice(fact, rung, NoticeState.OWED, "", today) for rung in decision.owe]
        rows += [_notice(fact, rung, NoticeState.SKIPPED, reason, today) for rung, reason in decision.skip]
        for rung in decision.supersede:
            if rung.key in case.existing:
                weaker.append((fact, rung))
            else:
                rows.append(_notice(fact, rung, NoticeState.SUPERSEDED, "", today))
        assert fact.assignment.id is not None
        looks.setdefault(decision.next_look_on, []).append(fact.assignment.id)
    for part in range(0, len(rows), _BATCH):
        session.connection().execute(_NOTICES.insert(), rows[part : part + _BATCH])
    if weaker:
        session.connection().execute(_SUPERSEDED, [_names(fact, rung) for fact, rung in weaker])
    for day, ids in looks.items():
        for chunk in chunks(ids):
            session.execute(
                update(Assignment).where(col(Assignment.id).in_(chunk)).values(next_look_on=day),
                execution_options=_ROWS_ONLY,
            )


def _notice(fact: Fact, rung: Rung, state: NoticeState, reason: str, today: date) -> dict[str, object]:
    return {
        "assignment_id": fact.assignment.id,
        "version": fact.assignment.version,
        "rung": rung.code,
        "audience": rung.audience,
        "due_on": rung.day,
        "state": state,
        "reason": reason,
        "made_on": today,
    }


#: A mail that is stored but not sent may hold the notice: the sender checks again and makes that mail anew.
_SUPERSEDED = (
    update(Notice)
    .where(
        col(Notice.assignment_id) == bindparam("of_assignment"),
        col(Notice.version) == bindparam("of_version"),
        col(Notice.rung) == bindparam("of_rung"),
        col(Notice.audience) == bindparam("of_audience"),
        col(Notice.state) == NoticeState.OWED,
    )
    .values(state=NoticeState.SUPERSEDED)
)


def _names(fact: Fact, rung: Rung) -> dict[str, object]:
    return {
        "of_assignment": fact.assignment.id,
        "of_version": fact.assignment.version,
        "of_rung": rung.code,
        "of_audience": rung.audience,
    }


def _looked(plan: Plan, year: int, fact: Fact, decision: Decision) -> Looked:
    return Looked(
        assignment=assignment_name(plan.slug, year, fact),
        unit=fact.assignment.unit_name,
        duty=fact.title,
        deadline=fact.assignment.final,
        state=fact.assignment.state,
        owed=tuple(map(_said, decision.owe)),
        superseded=tuple(map(_said, decision.supersede)),
        skipped=tuple(f"{_said(rung)}: {reason}" for rung, reason in decision.skip),
        next_look_on=decision.next_look_on,
    )


def _said(rung: Rung) -> str:
    return f"{rung.code} → {rung.audience} ({rung.day:%d/%m/%Y})"


def at_rest(session: Session, plan: Plan, clause: str, seen: Sequence[Looked]) -> tuple[Looked, ...]:
    """Return the other assignments of open years, up to a page of them: nothing is owed for them today."""
    rows = session.exec(
        select(Assignment.id, Cycle.year)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(Assignment.plan_id == plan.id, Assignment.clause == clause, Cycle.state == CycleState.OPEN)
        .order_by(col(Assignment.id))
        .limit(_SHOWN)
    ).all()
    years = {identifier: year for identifier, year in rows if identifier is not None}
    names = {row.assignment for row in seen}
    every = [_looked(plan, years[fact.assignment.id or 0], fact, _quiet(fact)) for fact in facts_for(session, [*years])]
    return tuple(row for row in every if row.assignment not in names)


def _quiet(fact: Fact) -> Decision:
    return Decision(next_look_on=fact.assignment.next_look_on)
