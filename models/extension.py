"""Gia hạn: a unit's request for more time, and what was decided of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.columns import stored


class RequestState(StrEnum):
    """`moot`: the report came before anybody decided."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    MOOT = "moot"


class ExtensionRequest(SQLModel, table=True):
    """Granting makes a new deadline version; refusing leaves the old one."""

    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id", index=True)
    until: date
    reason: str
    state: RequestState = Field(default=RequestState.ASKED, sa_type=stored(RequestState), index=True)
    made_at: datetime
    actor: str
    comment: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""
