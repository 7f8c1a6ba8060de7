"""Duyệt gửi: what goes out only after the head of the labour office has approved it."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.columns import stored


class OutgoingKind(StrEnum):
    """The opening mailing and the invitations of a year wait as notices; a letter upward is written here."""

    OPENING = "opening"
    INVITATIONS = "invitations"
    UPWARD = "upward"


class OutgoingState(StrEnum):
    """`dropped`: the head decided not to send it."""

    WAITING = "waiting"
    APPROVED = "approved"
    DROPPED = "dropped"


class Outgoing(SQLModel, table=True):
    """`unit_id`, `subject` and `body` are those of a letter upward; `cycle_id` is the year whose notices wait."""

    id: int | None = Field(default=None, primary_key=True)
    kind: OutgoingKind = Field(sa_type=stored(OutgoingKind))
    plan_id: int = Field(foreign_key="plan.id", index=True)
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id")
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    subject: str = ""
    body: str = ""
    state: OutgoingState = Field(default=OutgoingState.WAITING, sa_type=stored(OutgoingState), index=True)
    made_at: datetime
    actor: str
    decided_at: datetime | None = None
    decided_by: str = ""
    message_id: int | None = Field(default=None, foreign_key="message.id")
