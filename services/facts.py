"""An assignment with the rows around it: what pages, tables and mails say about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models import Assignment, Duty, Responsibility, Unit
from services.chunks import by_id, chunks


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
