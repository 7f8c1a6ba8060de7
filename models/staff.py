"""The people of the labour office who may open its pages, by role mailbox; dated."""

from datetime import date

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel, UniqueConstraint


class Staff(SQLModel, table=True):
    """`roles` holds words of `rules.access.StaffRole`. No password: signing in is by a mailed link."""

    __table_args__ = (UniqueConstraint("unit_id", "address", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    address: str = Field(index=True)
    title: str
    roles: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    language: str = "vi"
    valid_from: date | None = None
    valid_to: date | None = None
