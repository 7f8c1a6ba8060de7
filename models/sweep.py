"""That a responsibility was looked at on a day: the watchdog and the catch-up read it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel, UniqueConstraint


class Sweep(SQLModel, table=True):
    """Written on days off too. `calendar` is the digest of the working calendar that was used."""

    __table_args__ = (UniqueConstraint("plan_id", "clause", "local_date"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id")
    clause: str
    local_date: date
    working_day: bool
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    calendar: str
    made_at: datetime
