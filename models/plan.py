"""The issued document as data, and the office that follows it up."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import stored
from rules.vocabulary import RollPolicy


class Plan(SQLModel, table=True):
    """One plan, with the source text it was read from and that text's digest."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    title: str
    short_title: str
    short_title_en: str | None = None
    number: str | None = None
    issued_on: date | None = None
    issuer_id: int = Field(foreign_key="unit.id")
    first_year: int
    last_year: int
    roll: RollPolicy = Field(sa_type=stored(RollPolicy))
    source_text: str
    digest: str
    loaded_at: datetime


class Office(SQLModel, table=True):
    """Who follows the plan up on the issuer's behalf; dated, because offices are merged and split."""

    __table_args__ = (UniqueConstraint("plan_id", "unit_id", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    unit_id: int = Field(foreign_key="unit.id")
    valid_from: date | None = None
    valid_to: date | None = None


class Responsibility(SQLModel, table=True):
    """One clause with a duty. Rows are immutable versions; `retired_at` is empty on the current one.

    `rungs` holds the offsets of every audience, the plan's and the clause's own overrides already applied.
    """

    __table_args__ = (UniqueConstraint("plan_id", "clause", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id")
    clause: str
    version: int
    title: str
    title_en: str | None = None
    citation: str
    text: str
    role: str
    addressees: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    unassigned: str | None = None
    rungs: dict[str, list[int]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str
    made_at: datetime
    retired_at: datetime | None = None


class Duty(SQLModel, table=True):
    """A part of a responsibility. `addressees` is empty where those of the clause are meant."""

    __table_args__ = (UniqueConstraint("responsibility_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    responsibility_id: int = Field(foreign_key="responsibility.id")
    key: str
    title: str
    title_en: str | None = None
    text: str
    nature: str
    cadence: str | None = None
    deliverable: str
    role: str
    addressees: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    recipients: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    feeds: str | None = None
    escalates: bool = False
