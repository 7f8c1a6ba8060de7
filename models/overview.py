"""The office's weekly overview: a part of its first morning mail of a week, owed once."""

from datetime import date

from sqlmodel import Field, SQLModel, UniqueConstraint


class Overview(SQLModel, table=True):
    """`week` is the Monday of the week. A row says that the mail holds it; when that mail is voided, the row goes."""

    __table_args__ = (UniqueConstraint("unit_id", "week"),)

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int = Field(foreign_key="unit.id")
    week: date
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
