"""Asking the rules about the assignments whose day has come, and writing down what they say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, insert, update
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan
from models.tables import ASSIGNMENT, NOTICE, constants
from rules.ladder import Case, Decision, Rung, decide
from rules.vocabulary import NoticeState
from rules.workdays import WorkingCalendar
from services.cases import Cases, case_rows, recorded_notices
from services.chunks import chunks
from services.facts import Fact, facts_for
from services.finding import assignment_name

#: Rows of a run's table: for assignments on which there was nothing to do, and for those on which there was something.
#: The run's figures count them all.
_SHOWN = 200
_SHOWN_TOUCHED = 1_000


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
    assert plan.id is not None
    cycles = session.exec(select(Cycle).where(Cycle.plan_id == plan.id, Cycle.state == CycleState.OPEN)).all()
    chosen = (
        ASSIGNMENT.c.plan_id == plan.id,
        ASSIGNMENT.c.clause == clause,
        ASSIGNMENT.c.next_look_on <= today,
        ASSIGNMENT.c.cycle_id.in_([cycle.id for cycle in cycles]),
    )
    rows = case_rows(session, *chosen)
    groups = Cases(session, plan.id, today).alike(rows, recorded_notices(session, *chosen))
    counts: Counter[str] = Counter()
    decisions: dict[int, Decision] = {}
    for case, alike in groups:
        decision, ids = decide(case, today, calendar), [row.id for row in alike]
        _apply(session, ids, case, decision, today)
        counts.update({name: len(ids) * len(rungs) for name, rungs in _parts(decision).items()})
        decisions.update(dict.fromkeys(ids, decision))
    years = {cycle.id: cycle.year for cycle in cycles}
    shown = facts_for(session, [row.id for row in rows[:_SHOWN_TOUCHED]])
    return (
        tuple(_looked(plan, years[fact.cycle_id], fact, decisions[fact.id]) for fact in shown),
        +counts,
    )


def _parts(decision: Decision) -> dict[str, Sequence[object]]:
    return {"owed": decision.owe, "superseded": decision.supersede, "skipped": decision.skip}


def _apply(session: Session, ids: Sequence[int], case: Case, decision: Decision, today: date) -> None:
    """Write down one decision for all assignments for which it was made: set by set, not row by row."""
    for part in chunks(ids):
        for rung in decision.owe:
            _record(session, part, rung, NoticeState.OWED, "", today)
        for rung, reason in decision.skip:
            _record(session, part, rung, NoticeState.SKIPPED, reason, today)
        for rung in decision.supersede:
            if rung.key in case.existing:
                _supersede(session, part, case, rung)
            else:
                _record(session, part, rung, NoticeState.SUPERSEDED, "", today)
        session.connection().execute(_NEXT_LOOK, {"ids": part, "day": decision.next_look_on})


_NEXT_LOOK = (
    update(ASSIGNMENT)
    .where(ASSIGNMENT.c.id.in_(bindparam("ids", expanding=True)))
    .values(next_look_on=bindparam("day"))
)


def _record(session: Session, ids: Sequence[int], rung: Rung, state: NoticeState, reason: str, today: date) -> None:
    same = {
        "rung": rung.code, "audience": rung.audience, "due_on": rung.day, "state": state, "reason": reason,
        "made_on": today,
    }  # fmt: skip
    source = select_rows(*constants(NOTICE, same), ASSIGNMENT.c.id, ASSIGNMENT.c.version).where(
        ASSIGNMENT.c.id.in_(ids)
    )
    statement = insert(NOTICE).from_select([*same, "assignment_id", "version"], source.order_by(ASSIGNMENT.c.id))
    session.connection().execute(statement)


def _supersede(session: Session, ids: Sequence[int], case: Case, rung: Rung) -> None:
    """A mail that is stored but not sent may hold the notice: the sender checks again and makes that mail anew."""
    session.connection().execute(
        update(NOTICE)
        .where(
            NOTICE.c.assignment_id.in_(ids),
            NOTICE.c.version == case.version,
            NOTICE.c.rung == rung.code,
            NOTICE.c.audience == rung.audience,
            NOTICE.c.state == NoticeState.OWED,
        )
        .values(state=NoticeState.SUPERSEDED)
    )


def _looked(plan: Plan, year: int, fact: Fact, decision: Decision) -> Looked:
    return Looked(
        assignment=assignment_name(plan.slug, year, fact),
        unit=fact.unit_name,
        duty=fact.title,
        deadline=fact.final,
        state=fact.state,
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
    every = [_looked(plan, years[fact.id], fact, _quiet(fact)) for fact in facts_for(session, [*years])]
    return tuple(row for row in every if row.assignment not in names)


def _quiet(fact: Fact) -> Decision:
    return Decision(next_look_on=fact.next_look_on)
