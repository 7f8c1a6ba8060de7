"""An assignment with what stands around it: what pages, tables and mails say about it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Duty, Responsibility
from models.tables import ASSIGNMENT, UNIT
from rules.vocabulary import AssignmentState
from services.chunks import by_id, chunks


class Fact(NamedTuple):
    """One assignment as it stands, to be read; the clause and the duty are shared by all units.

    `own_title` is an ad hoc assignment's; `unit_name` is the unit's name of the day on which the assignment was made.
    """

    id: int
    plan_id: int
    cycle_id: int
    unit_id: int
    recipient: str
    addressed_to: str
    period: str
    own_title: str | None
    state: AssignmentState
    final: date | None
    next_look_on: date | None
    unit_name: str
    unit_slug: str
    unit_short: str
    unit_kind: str
    responsibility: Responsibility
    duty: Duty

    @property
    def title(self) -> str:
        """An ad hoc assignment has a title of its own; all others go by their duty's."""
        return self.own_title or self.duty.title

    def titled(self, language: str) -> str:
        """Return the title in a reader's language; what has no English name keeps its Vietnamese one."""
        english = self.duty.title_en if language == "en" and self.own_title is None else None
        return english or self.title


_FACTS = (
    select_rows(
        ASSIGNMENT.c.responsibility_id, ASSIGNMENT.c.duty_key, ASSIGNMENT.c.id, ASSIGNMENT.c.plan_id,
        ASSIGNMENT.c.cycle_id, ASSIGNMENT.c.unit_id, ASSIGNMENT.c.recipient, ASSIGNMENT.c.addressed_to,
        ASSIGNMENT.c.period, ASSIGNMENT.c.title, ASSIGNMENT.c.state, ASSIGNMENT.c.final, ASSIGNMENT.c.next_look_on,
        ASSIGNMENT.c.unit_name, UNIT.c.slug, UNIT.c.short_name, UNIT.c.kind,
    )
    .join(UNIT, UNIT.c.id == ASSIGNMENT.c.unit_id)
    .where(ASSIGNMENT.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(ASSIGNMENT.c.id)
)  # fmt: skip


def facts_for(session: Session, ids: Sequence[int]) -> list[Fact]:
    """Return the facts of these assignments in the order of their ids."""
    # What the session has changed and not yet written is a part of how they stand.
    session.flush()
    rows = [row for part in chunks(ids) for row in session.connection().execute(_FACTS, {"ids": part})]
    clauses = by_id(session, Responsibility, {row[0] for row in rows})
    duties = {
        (duty.responsibility_id, duty.key): duty
        for part in chunks(sorted(clauses))
        for duty in session.exec(select(Duty).where(col(Duty.responsibility_id).in_(part)))
    }
    return [Fact(*(*row[2:], clauses[row[0]], duties[row[0], row[1]])) for row in rows]
