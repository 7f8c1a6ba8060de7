"""A duty given to a unit for a period, and the versions of its deadline."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import stored
from rules.vocabulary import AssignmentState


class Assignment(SQLModel, table=True):
    """Unique by duty, unit, recipient and period within its cycle.

    `recipient` tells apart the reports that one duty owes to several recipients, each with its own date; it is ""
    where there is at most one; `addressed_to` always names the one who decides. `unit_name` stays as it was on the
    day of the assignment. `version` and `final` repeat the current deadline (0 and empty while "chưa ấn định thời
    hạn"); `since` is the day on which that version came to be. `next_look_on` is the first day on which the rules can
    owe anything: a sweep with nothing owed never touches the row.

    What the unit answered: `acknowledged_at`; `expected_on`, the day it said its report would come; `answered_until`,
    the day before which its đầu mối is not reminded again; `contact_id`, the colleague it was passed to. An ad hoc
    assignment has a `title` and a `basis` (the document that orders it) of its own.
    """

    __table_args__ = (
        UniqueConstraint("cycle_id", "duty_key", "unit_id", "recipient", "period"),
        Index("ix_assignment_look", "plan_id", "clause", "next_look_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    cycle_id: int = Field(foreign_key="cycle.id")
    plan_id: int = Field(foreign_key="plan.id")
    responsibility_id: int = Field(foreign_key="responsibility.id")
    clause: str
    duty_key: str
    unit_id: int = Field(foreign_key="unit.id", index=True)
    unit_name: str
    recipient: str = ""
    addressed_to: str = ""
    period: str
    state: AssignmentState = Field(default=AssignmentState.OPEN, sa_type=stored(AssignmentState))
    opened_on: date
    version: int = 0
    final: date | None = None
    since: date
    next_look_on: date | None = None
    resting_until: date | None = None
    answered_until: date | None = None
    expected_on: date | None = None
    acknowledged_at: datetime | None = None
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    title: str | None = None
    basis: str | None = None
    made_at: datetime


class DeadlineVersion(SQLModel, table=True):
    """One version of an assignment's deadline, with the chain of steps that says why this date."""

    __table_args__ = (UniqueConstraint("assignment_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id")
    version: int
    final: date
    at: time | None = None
    steps: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    since: date
    made_at: datetime
