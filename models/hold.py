"""Tạm dừng gửi: sending is held for one unit or for all, with a reason, until it is lifted."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Hold(SQLModel, table=True):
    """`unit_id` is empty for a hold on everything."""

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    reason: str
    made_at: datetime
    lifted_at: datetime | None = None
