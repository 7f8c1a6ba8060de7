"""A report that a unit has begun to write: kept as typed, at any step, with whatever is still wrong in it."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Draft(SQLModel, table=True):
    """One per assignment. `started_from`: the earlier submission that it was begun with, shown as such."""

    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id", unique=True)
    fields: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    started_from: int | None = Field(default=None, foreign_key="submission.id")
    saved_at: datetime
    actor: str
