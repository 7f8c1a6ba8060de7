"""From the names people use to the rows, and back: plans, years, and the lasting name of an assignment."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan, Responsibility
from rules.errors import DondocError
from services.facts import Fact


class UnknownPlanError(DondocError):
    """There is no such plan in the database."""


class UnknownClauseError(DondocError):
    """There is no such responsibility in the plan."""


class UnknownCycleError(DondocError):
    """The plan has no such year."""


def find_plan(session: Session, slug: str) -> Plan:
    found = session.exec(select(Plan).where(Plan.slug == slug)).one_or_none()
    if found is None:
        known = ", ".join(session.exec(select(Plan.slug)).all()) or "none is loaded"
        raise UnknownPlanError(f"there is no plan {slug!r}; plans here: {known}")
    return found


def find_cycle(session: Session, plan: Plan, year: int) -> Cycle:
    found = session.exec(select(Cycle).where(Cycle.plan_id == plan.id, Cycle.year == year)).one_or_none()
    if found is None:
        years = session.exec(select(Cycle.year).where(Cycle.plan_id == plan.id)).all()
        opened = ", ".join(map(str, years)) or "none"
        raise UnknownCycleError(f"{plan.slug} has no year {year}; opened years: {opened}")
    return found


def open_cycles(session: Session, plan: Plan, today: date) -> Sequence[Cycle]:
    """Return every opened, unclosed cycle: last year's overdue work lives on in January."""
    return session.exec(
        select(Cycle)
        .where(Cycle.plan_id == plan.id, Cycle.state == CycleState.OPEN, Cycle.opened_on <= today)
        .order_by(col(Cycle.year))
    ).all()


def has_open_year(session: Session) -> bool:
    """Say whether anything is followed up at all."""
    return session.exec(select(Cycle.id).where(Cycle.state == CycleState.OPEN)).first() is not None


def find_clause(session: Session, plan: Plan, clause: str, *, lock: bool = False) -> Responsibility:
    """Return the version in force; locked, two sweeps of one responsibility follow each other."""
    query = select(Responsibility).where(
        Responsibility.plan_id == plan.id,
        Responsibility.clause == clause,
        col(Responsibility.retired_at).is_(None),
    )
    found = session.exec(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise UnknownClauseError(f"plan {plan.slug!r} has no responsibility {clause!r} in force")
    return found


def year_of(session: Session, assignment: Assignment | Fact) -> int:
    """Return the plan's year that an assignment belongs to."""
    return session.get_one(Cycle, assignment.cycle_id).year


def assignment_name(plan: str, year: int, fact: Fact) -> str:
    """The name of an assignment in mails, tables and the journal: it outlives every id."""
    parts = [plan, str(year), fact.duty.key, fact.unit_slug]
    if fact.recipient:
        parts.append(fact.recipient)
    if fact.period != str(year):
        parts.append(fact.period)
    return "/".join(parts)
