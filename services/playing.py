"""Playing a year: the next day on which there is something to look at, and for which responsibilities."""

from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from models import Assignment, Cycle, CycleState, Plan


def next_day(session: Session, after: date) -> date | None:
    """Return the first day after `after` on which a sweep has something to look at."""
    return session.exec(
        select(func.min(Assignment.next_look_on))
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(Cycle.state == CycleState.OPEN, col(Assignment.next_look_on) > after)
    ).one()


def due_clauses(session: Session, today: date) -> list[tuple[str, str]]:
    """Return plan and clause of every responsibility that has something to look at today, as the document has them."""
    rows = session.exec(
        select(Plan.slug, Assignment.clause)
        .join(Assignment, col(Assignment.plan_id) == Plan.id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(Cycle.state == CycleState.OPEN, col(Assignment.next_look_on) <= today)
        .group_by(col(Plan.slug), col(Assignment.clause))
        .order_by(func.min(Assignment.responsibility_id))
    )
    return [(plan, clause) for plan, clause in rows]
