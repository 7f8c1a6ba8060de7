"""A plan's year and the deadlines a coordinator set for it."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import stored
from rules.deadlines import Form


class CycleState(StrEnum):
    """Every opened, unclosed cycle is swept."""

    OPEN = "open"
    CLOSED = "closed"


class Cycle(SQLModel, table=True):
    """One year of one plan. `file_text` is the file it was opened with, kept to show later differences."""

    __table_args__ = (UniqueConstraint("plan_id", "year"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id")
    year: int
    state: CycleState = Field(default=CycleState.OPEN, sa_type=stored(CycleState))
    opened_on: date
    closed_on: date | None = None
    data_close: date | None = None
    file_text: str
    made_at: datetime


class DueDate(SQLModel, table=True):
    """A deadline as the coordinator wrote it: for a duty, one of its recipients (or all: ""), and a period."""

    __table_args__ = (UniqueConstraint("cycle_id", "duty_key", "recipient", "period"),)

    id: int | None = Field(default=None, primary_key=True)
    cycle_id: int = Field(foreign_key="cycle.id", index=True)
    duty_key: str
    recipient: str = ""
    period: str
    form: Form = Field(sa_type=stored(Form))
    written: date
    at: time | None = None
    basis: str
    proposed: bool = False
    set_at: datetime
