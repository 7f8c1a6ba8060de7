"""From rows to the ladder's values: everything `rules.ladder` must know of an assignment, gathered in few queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Duty, Notice, Plan, Responsibility, Unit
from rules.ladder import Case, Ladder
from rules.vocabulary import Audience, NoticeState, Role
from services.chunks import by_id, chunks
from services.directory import office_on


@dataclass(frozen=True, kw_only=True)
class Fact:
    """An assignment with the rows around it."""

    assignment: Assignment
    responsibility: Responsibility
    duty: Duty
    unit: Unit

    @property
    def title(self) -> str:
        """An ad hoc assignment has a title of its own; all others go by their duty's."""
        return self.assignment.title or self.duty.title

    def titled(self, language: str) -> str:
        """Return the title in a reader's language; what has no English name keeps its Vietnamese one."""
        english = self.duty.title_en if language == "en" and self.assignment.title is None else None
        return english or self.title


def facts_for(session: Session, ids: Sequence[int]) -> list[Fact]:
    """Return the facts of these assignments in the order of their ids.

    A clause and a unit stand behind many assignments: they are read by themselves, not once with each.
    """
    rows = [
        row
        for part in chunks(ids)
        for row in session.exec(select(Assignment).where(col(Assignment.id).in_(part)).order_by(col(Assignment.id)))
    ]
    clauses = by_id(session, Responsibility, (row.responsibility_id for row in rows))
    units = by_id(session, Unit, (row.unit_id for row in rows))
    duties = {
        (duty.responsibility_id, duty.key): duty
        for part in chunks(sorted(clauses))
        for duty in session.exec(select(Duty).where(col(Duty.responsibility_id).in_(part)))
    }
    return [
        Fact(
            assignment=row,
            responsibility=clauses[row.responsibility_id],
            duty=duties[row.responsibility_id, row.duty_key],
            unit=units[row.unit_id],
        )
        for row in rows
    ]


Existing: TypeAlias = Mapping[int | None, Mapping[tuple[str, Audience], NoticeState]]
#: For those who ask for an assignment's days, and not for what it owes anew.
NO_NOTICES: Existing = {}


def cases_for(session: Session, plan: Plan, facts: Sequence[Fact], today: date, existing: Existing) -> list[Case]:
    """Return one case per fact, in the same order."""
    assert plan.id is not None
    office = office_on(session, plan.id, today)
    bounds = _bounds(session, facts)
    clauses = {fact.responsibility.id: fact.responsibility for fact in facts}
    ladders = {identifier: ladder_of(clause) for identifier, clause in clauses.items()}
    return [
        Case(
            state=fact.assignment.state,
            since=fact.assignment.since,
            version=fact.assignment.version,
            final=fact.assignment.final,
            request=fact.duty.role == Role.REQUEST or not fact.unit.subordinate,
            escalates=fact.duty.escalates and fact.unit.subordinate,
            own_office=office is not None and fact.unit.id == office.id,
            unit_ended=fact.unit.valid_to is not None and fact.unit.valid_to < today,
            bound=_bound(bounds, fact),
            resting_until=fact.assignment.resting_until,
            answered_until=fact.assignment.answered_until,
            ladder=ladders[fact.responsibility.id],
            existing=existing.get(fact.assignment.id, {}),
        )
        for fact in facts
    ]


def ladder_of(responsibility: Responsibility) -> Ladder:
    """Return the clause's offsets as they were when the assignment was made."""
    return Ladder(**{audience: tuple(offsets) for audience, offsets in responsibility.rungs.items()})


def existing_notices(session: Session, facts: Sequence[Fact]) -> Existing:
    """Return the notices of each assignment's current deadline version."""
    versions = {fact.assignment.id: fact.assignment.version for fact in facts}
    found: dict[int | None, dict[tuple[str, Audience], NoticeState]] = defaultdict(dict)
    for part in chunks([key for key in versions if key is not None]):
        rows = session.execute(
            select_rows(
                col(Notice.assignment_id),
                col(Notice.version),
                col(Notice.rung),
                col(Notice.audience),
                col(Notice.state),
            ).where(col(Notice.assignment_id).in_(part))
        )
        for identifier, version, rung, audience, state in rows:
            if versions[identifier] == version:
                found[identifier][rung, audience] = state
    return found


def _bounds(session: Session, facts: Sequence[Fact]) -> dict[tuple[int, str, str], date]:
    """Return, per cycle, consolidating duty and period, the last of its deadlines."""
    feeds = {fact.duty.feeds for fact in facts if fact.duty.feeds}
    if not feeds:
        return {}
    rows = session.execute(
        select(Assignment.cycle_id, Assignment.duty_key, Assignment.period, func.max(Assignment.final))
        .where(col(Assignment.duty_key).in_(feeds), col(Assignment.final).is_not(None))
        .group_by(col(Assignment.cycle_id), col(Assignment.duty_key), col(Assignment.period))
    )
    return {(cycle_id, duty_key, period): final for cycle_id, duty_key, period, final in rows}


def _bound(bounds: dict[tuple[int, str, str], date], fact: Fact) -> date | None:
    """Later reminders help nobody: the consolidation of the same period or, where it has another, of the year."""
    if fact.duty.feeds is None:
        return None
    cycle_id, feeds = fact.assignment.cycle_id, fact.duty.feeds
    same = bounds.get((cycle_id, feeds, fact.assignment.period))
    every = [final for (cycle, duty, _), final in bounds.items() if (cycle, duty) == (cycle_id, feeds)]
    return same or max(every, default=None)
