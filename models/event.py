"""Nhật ký: who did what, when, to what. Append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel


class Event(SQLModel, table=True):
    """`subject` names the thing in words that outlive ids, e.g. `konray/2024/V.4-3.a/xa-dak-koi`.

    `once` is the random key of the form that was sent: the database refuses to do the same form twice.
    """

    __table_args__ = (Index("ix_event_subject", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    action: str
    subject: str
    once: str | None = Field(default=None, unique=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
