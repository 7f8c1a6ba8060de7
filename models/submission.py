"""What a unit handed in, or what arrived as a document, and what was decided of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from models.columns import stored


class Channel(StrEnum):
    """How it came: handed in here, or as a document by other ways ("ghi nhận văn bản đến")."""

    HANDED_IN = "handed-in"
    DOCUMENT = "document"


class Submission(SQLModel, table=True):
    """The real document's number and date are kept; "đúng hạn" goes by `arrived_on`.

    `fields` is the report as it was typed (rules.reports), empty for a document that came by other ways; `reporter` and
    `position` say who handed it in.
    """

    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id", index=True)
    channel: Channel = Field(sa_type=stored(Channel))
    number: str = ""
    dated: date | None = None
    arrived_on: date
    made_at: datetime
    actor: str
    reporter: str = ""
    position: str = ""
    fields: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))


class Review(SQLModel, table=True):
    """A decision on a submission: accepted, noted, or returned with a comment."""

    id: int | None = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    decision: str
    comment: str = ""
    made_at: datetime
    actor: str
