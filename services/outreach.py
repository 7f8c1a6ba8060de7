"""The units that have something to do and at which nobody can be reached."""

from datetime import date

from sqlmodel import Session, col, select

from models import Assignment, Unit
from rules.lifecycle import WAITING
from rules.vocabulary import ContactRole
from services.directory import contacts_on, on_day


def unreachable_units(session: Session, today: date) -> list[str]:
    """Return the names of standing units that wait for a mail and have no đầu mối."""
    reachable = {unit for unit, role in contacts_on(session, today) if role is ContactRole.CONTACT}
    rows = session.exec(
        select(Unit)
        .where(
            *on_day(Unit, today),
            select(Assignment.id).where(Assignment.unit_id == Unit.id, col(Assignment.state).in_(WAITING)).exists(),
        )
        .order_by(col(Unit.id))
    )
    return [unit.name for unit in rows if unit.id not in reachable]
