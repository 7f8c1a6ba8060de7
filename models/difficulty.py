"""Khó khăn, vướng mắc: raised by a unit, answered, grouped and forwarded by the labour office."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Difficulty(SQLModel, table=True):
    """`theme` groups what belongs together; `outgoing_id` is the letter to the superior that carries it upward."""

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id")
    text: str
    proposal: str = ""
    made_at: datetime
    actor: str
    theme: str = ""
    answer: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""
    outgoing_id: int | None = Field(default=None, foreign_key="outgoing.id")
