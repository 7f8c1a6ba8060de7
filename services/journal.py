"""The audit trail: one line for every act, in the transaction of the act itself."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from models import Event


def record(
    session: Session,
    *,
    now: datetime,
    actor: str,
    action: str,
    subject: str,
    once: str | None = None,
    **detail: Any,
) -> None:
    """Append one event; `detail` holds plain JSON values and no personal data.

    `once` is the key of the form that asked for the act: the database refuses to record the same form twice.
    """
    session.add(Event(at=now, actor=actor, action=action, subject=subject, once=once, detail=detail))


def done_already(session: Session, once: str | None) -> bool:
    """Say whether the form with this key was done before: a doubled POST is answered like the first."""
    return once is not None and session.exec(select(Event.id).where(Event.once == once)).first() is not None
