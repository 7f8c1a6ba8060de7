"""One rung owed for one assignment to one audience."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import stored
from rules.vocabulary import Audience, NoticeState


class Notice(SQLModel, table=True):
    """Unique by assignment, deadline version, rung and audience: that is what makes every sweep repeatable.

    `reason`: why it ended as it did; of one that is owed, why its last mail did not tell it.
    """

    __table_args__ = (
        UniqueConstraint("assignment_id", "version", "rung", "audience"),
        Index("ix_notice_state", "state", "message_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id")
    version: int
    rung: str
    audience: Audience = Field(sa_type=stored(Audience))
    due_on: date
    state: NoticeState = Field(default=NoticeState.OWED, sa_type=stored(NoticeState))
    reason: str = ""
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    made_on: date
    settled_at: datetime | None = None
