"""Nhật ký xử lý: all that happened to one assignment: each mail with its reason and outcome, each act, by whom."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from models import Assignment, Contact, Event, Message, Notice, Staff, Unit
from rules.moments import moment_at
from rules.vocabulary import Audience, NoticeState
from services.acts import name_of
from services.installation import MORNING


@dataclass(frozen=True, kw_only=True)
class Mailed:
    """One notice: to whom, which rung of which deadline version, and how it ended. `message` is kept without links."""

    at: datetime
    rung: str
    audience: Audience
    version: int
    state: NoticeState
    reason: str
    message: Message | None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A mail that answered an act: a receipt, a decision; it settles no notice."""

    at: datetime
    mail: Message


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act; `who` is the actor's unit and title, or the program itself."""

    at: datetime
    action: str
    who: str
    detail: dict[str, Any] = field(default_factory=dict)


def history(session: Session, assignment: Assignment) -> list[Mailed | Answered | Act]:
    """Return the whole history in the order of time."""
    found: list[Mailed | Answered | Act] = [
        *_mails(session, assignment),
        *_acts(session, assignment),
        *_answers(session, assignment),
    ]
    return sorted(found, key=lambda entry: entry.at)


def _mails(session: Session, assignment: Assignment) -> list[Mailed]:
    rows = session.exec(
        select(Notice, Message)
        .join(Message, col(Message.id) == Notice.message_id, isouter=True)
        .where(Notice.assignment_id == assignment.id)
        .order_by(col(Notice.id))
    ).all()
    return [
        Mailed(
            at=notice.settled_at or (message.made_at if message else moment_at(notice.made_on, MORNING)),
            rung=notice.rung,
            audience=notice.audience,
            version=notice.version,
            state=notice.state,
            reason=notice.reason,
            message=message,
        )
        for notice, message in rows
    ]


def _answers(session: Session, assignment: Assignment) -> list[Answered]:
    rows = session.exec(select(Message).where(Message.assignment_id == assignment.id).order_by(col(Message.id)))
    return [Answered(at=row.made_at, mail=row) for row in rows]


def _acts(session: Session, assignment: Assignment) -> list[Act]:
    name = name_of(session, assignment.id or 0)
    rows = session.exec(select(Event).where(Event.subject == name).order_by(col(Event.id))).all()
    acts = [Act(at=row.at, action=row.action, who=who(session, row.actor), detail=row.detail) for row in rows]
    if assignment.acknowledged_at is not None:
        unit = session.get_one(Unit, assignment.unit_id)
        acts.append(Act(at=assignment.acknowledged_at, action="acknowledged", who=unit.name))
    return acts


def who(session: Session, actor: str) -> str:
    """Return an actor's unit and title; a program (`dondoc`, `cli`) goes by its own name."""
    kind, _, number = actor.partition(":")
    if kind not in ("contact", "staff") or not number.isdigit():
        return actor
    person = session.get_one(Contact, int(number)) if kind == "contact" else session.get_one(Staff, int(number))
    unit = session.get_one(Unit, person.unit_id)
    return f"{unit.short_name} ({person.title})"
