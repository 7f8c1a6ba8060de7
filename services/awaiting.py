"""Which reports are still owed, and by whom? For recording what arrived, for the chat group, for a report upward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Duty, Unit
from notifications.content import Language
from notifications.naming import named
from rules.lifecycle import WAITING
from rules.vocabulary import Nature
from rules.workdays import WorkingCalendar
from services.directory import on_day
from services.facts import Fact, facts_for
from services.holds import held_units
from services.progress import ON_A_PAGE, Key
from services.workbench import Task, tasks_of


@dataclass(frozen=True, kw_only=True)
class Owing:
    """One unit that still owes a report, by a day."""

    identifier: int
    unit_id: int
    unit_name: str
    final: date


@dataclass(frozen=True, kw_only=True)
class OwedReport:
    """One report that units still owe; `example` is the assignment of one of them, `final` the first deadline."""

    example: int
    title: str
    citation: str
    year: int
    units: int
    final: date | None


def owing_units(session: Session, key: Key, *, office: Unit | None, today: date) -> list[Owing]:
    """Return who may be named as still owing a report: only units under the issuer's authority, not the office itself.

    Nobody is named whose mails are held, or who has ended.
    """
    cycle_id, duty_key, recipient, period = key
    held = held_units(session)
    rows = session.execute(
        select_rows(col(Assignment.id), col(Assignment.unit_id), col(Assignment.unit_name), col(Assignment.final))
        .join(Unit, col(Unit.id) == Assignment.unit_id)
        .where(
            col(Assignment.cycle_id) == cycle_id,
            col(Assignment.duty_key) == duty_key,
            col(Assignment.recipient) == recipient,
            col(Assignment.period) == period,
            col(Assignment.state).in_(WAITING),
            col(Assignment.final).is_not(None),
            col(Unit.subordinate).is_(True),
            *on_day(Unit, today),
        )
        .order_by(col(Assignment.unit_id))
    )
    return [
        Owing(identifier=identifier or 0, unit_id=unit_id, unit_name=name, final=final)
        for identifier, unit_id, name, final in rows
        if final is not None and unit_id not in held and (office is None or unit_id != office.id)
    ]


def owed_reports(session: Session, plan_ids: Sequence[int]) -> list[OwedReport]:
    """Return the reports that units still owe, those with a deadline first, without the units themselves."""
    key = (col(Assignment.cycle_id), col(Assignment.duty_key), col(Assignment.recipient), col(Assignment.period))
    rows = session.execute(
        select_rows(func.min(Assignment.id), func.count(), func.min(Assignment.final))
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .join(
            Duty,
            (col(Duty.responsibility_id) == Assignment.responsibility_id) & (col(Duty.key) == Assignment.duty_key),
        )
        .where(*_owed(plan_ids))
        .group_by(*key)
    ).all()
    facts = {fact.id: fact for fact in facts_for(session, [row[0] for row in rows])}
    years = {cycle.id: cycle.year for cycle in session.exec(select(Cycle))}
    found = [_owed_report(facts[example], years, units, final) for example, units, final in rows]
    return sorted(found, key=lambda one: (one.final or date.max, one.example))


def _owed_report(fact: Fact, years: Mapping[int | None, int], units: int, final: date | None) -> OwedReport:
    year = years[fact.cycle_id]
    return OwedReport(
        example=fact.id,
        title=named(fact.title, year, fact.period, Language.VI),
        citation=fact.responsibility.citation,
        year=year,
        units=units,
        final=final,
    )


def _owed(plan_ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    """Continuous work is never handed in: reading all of it would make every page slow for nothing."""
    return (
        col(Assignment.plan_id).in_(plan_ids),
        col(Assignment.state).in_(WAITING),
        col(Cycle.state) == CycleState.OPEN,
        or_(col(Duty.nature) != Nature.CONTINUOUS, col(Assignment.title).is_not(None)),
    )


def owed_like(
    session: Session, assignment: Assignment, *, page: int, now: datetime, calendar: WorkingCalendar
) -> tuple[list[Task], int]:
    """Return a page of the assignments of the same report that still wait, and how many pages there are."""
    ids = session.exec(
        select(Assignment.id)
        .where(
            Assignment.cycle_id == assignment.cycle_id,
            Assignment.duty_key == assignment.duty_key,
            Assignment.recipient == assignment.recipient,
            Assignment.period == assignment.period,
            col(Assignment.state).in_(WAITING),
        )
        .order_by(col(Assignment.unit_id))
    ).all()
    pages = max(1, -(-len(ids) // ON_A_PAGE))
    page = min(max(page, 1), pages)
    part = [number for number in ids[(page - 1) * ON_A_PAGE : page * ON_A_PAGE] if number is not None]
    return tasks_of(session, part, now=now, calendar=calendar), pages
