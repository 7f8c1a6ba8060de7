"""To which duties can an outline (đề cương) and forms be attached? Those for which something is handed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from models import Plan
from rules.vocabulary import Nature
from services.assigning import current_clauses, duties_of


@dataclass(frozen=True, kw_only=True)
class Datable:
    """A duty that is done once or again and again, with its plan and its clause."""

    plan: Plan
    key: str
    title: str
    citation: str


def datable_duties(session: Session, plans: Sequence[Plan]) -> list[Datable]:
    """Return the duties of these plans that are handed in, in the order of the documents."""
    return [
        Datable(plan=plan, key=duty.key, title=duty.title, citation=clause.citation)
        for plan in plans
        for clause in current_clauses(session, plan.id or 0)
        for duty in duties_of(session, clause)
        if duty.nature != Nature.CONTINUOUS
    ]
