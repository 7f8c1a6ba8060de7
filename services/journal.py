"""The audit trail: one line for every act, in the transaction of the act itself."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import Event


def record(session: Session, *, now: datetime, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Append one event; `detail` holds plain JSON values and no personal data."""
    session.add(Event(at=now, actor=actor, action=action, subject=subject, detail=detail))
