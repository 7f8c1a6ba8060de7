"""Bảng theo dõi tiến độ: how far each report has come, unit by unit; in few queries, however many units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, tuple_
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan, Unit
from notifications.content import Language
from notifications.naming import named
from rules.lifecycle import WAITING
from rules.vocabulary import AssignmentState, Deliverable
from rules.workdays import WorkingCalendar
from services.facts import facts_for

#: Units on one page of the board.
ON_A_PAGE = 100
#: Working days ahead that count as near.
NEAR = 15

Key = tuple[int, str, str, str]
"""cycle id, duty key, recipient, period"""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One report (or other piece of work with a deadline) over all its units.

    `days` counts working days to the first deadline that still waits: negative when overdue, None when all have come.
    `example` is one of its assignments; `recipient` names the one it goes to where a duty has several.
    """

    key: Key
    plan: Plan
    year: int
    title: str
    deliverable: Deliverable
    escalates: bool
    citation: str
    recipient: str
    example: int
    first: date
    last: date
    expected: int
    received: int
    late: int
    days: int | None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where one unit stands with one report; `days` as in `Progress`."""

    identifier: int
    state: AssignmentState
    final: date | None
    days: int | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One unit with its cells, in the order of the columns; an empty cell: this unit does not owe it."""

    unit_name: str
    unit_ended: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One page of the board; `pages` counts from 1."""

    columns: tuple[Progress, ...]
    lines: tuple[Line, ...]
    page: int
    pages: int
    units: int


def progress(
    session: Session, plan_ids: Sequence[int], *, today: date, calendar: WorkingCalendar, cycle_id: int | None = None
) -> list[Progress]:
    """Return everything with a deadline in the open years of these plans (or in one year), the first deadline first."""
    waits = col(Assignment.state).in_(WAITING)
    key = (col(Assignment.cycle_id), col(Assignment.duty_key), col(Assignment.recipient), col(Assignment.period))
    rows = session.execute(
        select_rows(
            *key,
            func.min(Assignment.id),
            func.min(Assignment.final),
            func.max(Assignment.final),
            func.min(case((waits, col(Assignment.final)))),
            func.count(),
            _count(~waits),
            _count(waits & (col(Assignment.final) < today)),
        )
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            col(Assignment.plan_id).in_(plan_ids),
            col(Assignment.final).is_not(None),
            col(Cycle.id) == cycle_id if cycle_id is not None else col(Cycle.state) == CycleState.OPEN,
        )
        .group_by(*key)
        .order_by(func.min(Assignment.final), func.min(Assignment.id))
    ).all()
    return _named(session, rows, today, calendar)


def near_or_late(
    session: Session, plan_ids: Sequence[int], *, today: date, calendar: WorkingCalendar
) -> list[Progress]:
    """Return what is late or will soon be due."""
    found = progress(session, plan_ids, today=today, calendar=calendar)
    return [one for one in found if one.days is not None and one.days <= NEAR]


def board(session: Session, cycle: Cycle, *, page: int, today: date, calendar: WorkingCalendar) -> Board:
    """Return a page of the board of one year: its columns are what has a deadline."""
    columns = progress(session, [cycle.plan_id], today=today, calendar=calendar, cycle_id=cycle.id)
    keys = [column.key[1:] for column in columns]
    shown = (
        col(Assignment.cycle_id) == cycle.id,
        tuple_(col(Assignment.duty_key), col(Assignment.recipient), col(Assignment.period)).in_(keys),
    )
    units = session.exec(select(Assignment.unit_id).where(*shown).distinct().order_by(col(Assignment.unit_id))).all()
    pages = max(1, -(-len(units) // ON_A_PAGE))
    page = min(max(page, 1), pages)
    part = units[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    lines = _lines(session, part, shown, keys, today, calendar)
    return Board(columns=tuple(columns), lines=lines, page=page, pages=pages, units=len(units))


def days_to(final: date, today: date, calendar: WorkingCalendar) -> int:
    """Return the working days that are left, or, as a negative number, those overdue."""
    return calendar.count(today, final) if final >= today else -calendar.count(final, today)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _named(session: Session, rows: Sequence[Row[Any]], today: date, calendar: WorkingCalendar) -> list[Progress]:
    facts = {fact.id: fact for fact in facts_for(session, [row[4] for row in rows])}
    plans = {plan.id: plan for plan in session.exec(select(Plan))}
    years = {cycle.id: cycle.year for cycle in session.exec(select(Cycle))}
    names = dict(session.execute(select_rows(col(Unit.slug), col(Unit.short_name))).tuples().all())
    found = []
    for cycle_id, duty, recipient, period, example, first, last, waiting, expected, received, late in rows:
        fact = facts[example]
        found.append(
            Progress(
                key=(cycle_id, duty, recipient, period),
                plan=plans[fact.plan_id],
                year=years[cycle_id],
                title=named(fact.title, years[cycle_id], period, Language.VI),
                deliverable=Deliverable(fact.duty.deliverable),
                escalates=fact.duty.escalates,
                citation=fact.responsibility.citation,
                recipient=names.get(recipient, ""),
                example=example,
                first=first,
                last=last,
                expected=expected,
                received=received,
                late=late,
                days=days_to(waiting, today, calendar) if waiting else None,
            )
        )
    return found


def _lines(
    session: Session,
    units: Sequence[int],
    shown: tuple[ColumnElement[bool], ...],
    keys: Sequence[tuple[str, str, str]],
    today: date,
    calendar: WorkingCalendar,
) -> tuple[Line, ...]:
    rows = session.exec(
        select(Assignment, Unit)
        .join(Unit, col(Unit.id) == Assignment.unit_id)
        .where(*shown, col(Assignment.unit_id).in_(units))
    ).all()
    cells: dict[int, dict[tuple[str, str, str], Cell]] = {unit: {} for unit in units}
    names: dict[int, tuple[str, bool]] = {}
    for one, unit in rows:
        cells[one.unit_id][one.duty_key, one.recipient, one.period] = _cell(one, today, calendar)
        names[one.unit_id] = one.unit_name, unit.valid_to is not None and unit.valid_to < today
    return tuple(
        Line(unit_name=names[unit][0], unit_ended=names[unit][1], cells=tuple(cells[unit].get(key) for key in keys))
        for unit in units
    )


def _cell(one: Assignment, today: date, calendar: WorkingCalendar) -> Cell:
    waits = one.state in WAITING and one.final is not None
    days = days_to(one.final, today, calendar) if waits and one.final else None
    return Cell(identifier=one.id or 0, state=one.state, final=one.final, days=days)
