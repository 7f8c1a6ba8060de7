"""The responsibilities in force, as an administrator sees them: who, what, how often, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan, Responsibility, UnitGroup
from services.assigning import current_clauses, duties_of
from services.directory import Directory, directory_on


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One responsibility; `deadlines` are sentences such as "Báo cáo năm (năm 2024): 31/10/2024"."""

    plan_slug: str
    plan_title: str
    key: str
    title: str
    citation: str
    text: str
    unit_slugs: tuple[str, ...]
    unit_names: tuple[str, ...]
    groups: tuple[str, ...]
    cadences: tuple[str, ...]
    deadlines: tuple[str, ...]


def catalogue(session: Session, *, today: date) -> list[Entry]:
    """Return every responsibility in force of every plan."""
    directory = directory_on(session, today)
    groups = set(session.exec(select(UnitGroup.slug)))
    plans = session.exec(select(Plan).order_by(col(Plan.id))).all()
    return [
        _entry(session, plan, clause, directory, groups)
        for plan in plans
        for clause in current_clauses(session, plan.id or 0)
    ]


def _entry(session: Session, plan: Plan, clause: Responsibility, directory: Directory, groups: set[str]) -> Entry:
    duties = duties_of(session, clause)
    addressees = list(dict.fromkeys([*clause.addressees, *(slug for duty in duties for slug in duty.addressees)]))
    units = directory.expand(addressees)
    return Entry(
        plan_slug=plan.slug,
        plan_title=plan.short_title,
        key=clause.clause,
        title=clause.title,
        citation=clause.citation,
        text=clause.text,
        unit_slugs=tuple(unit.slug for unit in units),
        unit_names=tuple(unit.name for unit in units),
        groups=tuple(slug for slug in addressees if slug in groups),
        cadences=tuple(dict.fromkeys(duty.cadence or duty.nature for duty in duties)),
        deadlines=tuple(_deadlines(session, plan, clause.clause, {duty.key: duty.title for duty in duties})),
    )


def _deadlines(session: Session, plan: Plan, clause: str, titles: dict[str, str]) -> Sequence[str]:
    rows = session.execute(
        select_rows(col(Cycle.year), col(Assignment.duty_key), col(Assignment.recipient), col(Assignment.final))
        .join(Assignment, col(Assignment.cycle_id) == Cycle.id)
        .where(
            col(Cycle.plan_id) == plan.id,
            col(Cycle.state) == CycleState.OPEN,
            col(Assignment.clause) == clause,
            col(Assignment.final).is_not(None),
        )
        .distinct()
        .order_by(col(Cycle.year), col(Assignment.duty_key), col(Assignment.final))
    )
    return [
        f"{titles.get(duty_key, duty_key)} (năm {year}{', gửi ' + recipient if recipient else ''}): {final:%d/%m/%Y}"
        for year, duty_key, recipient, final in rows
    ]
