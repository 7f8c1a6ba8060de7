"""Tạm dừng gửi: nothing is mailed about a held unit (or about anybody) until the hold is lifted; nothing is lost.

Owed notices stay owed. After a long hold only the strongest rung of each is left, as after any silence.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from models import Hold, Unit
from rules.errors import DondocError
from services.journal import done_already, record


class HoldError(DondocError):
    """This hold is not possible."""


def hold(
    session: Session, *, unit: str | None, reason: str, actor: str, now: datetime, once: str | None = None
) -> None:
    """Hold sending about one unit, or about all with None."""
    if done_already(session, once):
        return
    unit_id = _unit_id(session, unit)
    if _standing(session, unit_id) is not None:
        raise HoldError(f"sending is already held for {unit or 'all units'}")
    session.add(Hold(unit_id=unit_id, reason=reason, made_at=now))
    record(session, now=now, actor=actor, action="hold", subject=unit or "*", once=once, reason=reason)


def lift(session: Session, *, unit: str | None, actor: str, now: datetime, once: str | None = None) -> None:
    """Lift a hold; what is owed goes out with the next delivery."""
    if done_already(session, once):
        return
    found = _standing(session, _unit_id(session, unit))
    if found is None:
        raise HoldError(f"sending is not held for {unit or 'all units'}")
    found.lifted_at = now
    session.add(found)
    record(session, now=now, actor=actor, action="lift", subject=unit or "*", once=once)


_HELD = select(Hold.unit_id).where(col(Hold.lifted_at).is_(None))


def held_units(session: Session) -> frozenset[int | None]:
    """Return the ids of held units; None among them means everything is held."""
    return frozenset(session.connection().scalars(_HELD))


def standing_holds(session: Session) -> list[tuple[Hold, Unit | None]]:
    """Return the holds that stand, each with its unit (None: everything is held), the oldest first."""
    rows = session.exec(
        select(Hold, Unit)
        .join(Unit, col(Unit.id) == Hold.unit_id, isouter=True)
        .where(col(Hold.lifted_at).is_(None))
        .order_by(col(Hold.id))
    )
    return [(row, unit) for row, unit in rows]


def _standing(session: Session, unit_id: int | None) -> Hold | None:
    return session.exec(select(Hold).where(Hold.unit_id == unit_id, col(Hold.lifted_at).is_(None))).first()


def _unit_id(session: Session, unit: str | None) -> int | None:
    if unit is None:
        return None
    found = session.exec(select(Unit.id).where(Unit.slug == unit)).one_or_none()
    if found is None:
        raise HoldError(f"there is no unit {unit!r}")
    return found
