"""Khó khăn, vướng mắc at the office: a register to answer, to group, and to forward to the superior."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import Contact, Difficulty, Outgoing, OutgoingKind, Plan, Unit
from notifications.content import NoteKind
from rules.errors import DondocError
from rules.moments import local_date
from rules.vocabulary import ContactRole
from services.acts import AS_IT_IS_NOW
from services.answers import EmptyError
from services.directory import contacts_on, valid_on
from services.journal import done_already, record
from services.links import StaffVisitor
from services.notes import Desk, tell_contact


class UnknownDifficultyError(DondocError):
    """There is no such difficulty here."""


class SeveralPlansError(DondocError):
    """Each plan has its own superior: one letter speaks of one plan."""


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One difficulty with who raised it, and the letter that carries it upward, if one was written."""

    difficulty: Difficulty
    unit: Unit
    plan: Plan
    outgoing: Outgoing | None


def register(session: Session, plan_ids: Sequence[int], *, unit_id: int | None = None) -> list[Raised]:
    """Return the difficulties of these plans, unanswered ones first, then by theme and age."""
    query = (
        select(Difficulty, Unit, Plan)
        .join(Unit, col(Unit.id) == Difficulty.unit_id)
        .join(Plan, col(Plan.id) == Difficulty.plan_id)
        .where(col(Difficulty.plan_id).in_(plan_ids))
    )
    if unit_id is not None:
        query = query.where(Difficulty.unit_id == unit_id)
    rows = session.exec(query.order_by(col(Difficulty.id))).all()
    letters = {row.id: row for row in session.exec(select(Outgoing).where(Outgoing.kind == OutgoingKind.UPWARD))}
    found = [
        Raised(difficulty=one, unit=unit, plan=plan, outgoing=letters.get(one.outgoing_id)) for one, unit, plan in rows
    ]
    return sorted(found, key=lambda raised: (raised.difficulty.answered_at is not None, raised.difficulty.theme))


def answer(
    session: Session, visitor: StaffVisitor, difficulty_id: int, *, text: str, theme: str, desk: Desk, once: str | None
) -> None:
    """Answer a difficulty, or only put it into a group (with an empty text); an answer is mailed to who raised it."""
    if done_already(session, once):
        return
    row = _of_office(session, visitor, [difficulty_id])[0]
    if not (text.strip() or theme.strip()):
        raise EmptyError
    row.theme = theme.strip() or row.theme
    if text.strip():
        row.answer, row.answered_at, row.answered_by = text.strip(), desk.now, visitor.actor
    session.add(row)
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="difficulty answered" if text.strip() else "difficulty grouped",
        subject=f"difficulty:{difficulty_id}",
        once=once,
        theme=row.theme,
    )
    contact = _raiser(session, row, desk.now)
    if text.strip() and contact is not None:
        tell_contact(session, desk, contact, NoteKind.DIFFICULTY_ANSWERED, plan_id=row.plan_id, text=text.strip())


def forward(
    session: Session,
    visitor: StaffVisitor,
    difficulty_ids: Sequence[int],
    *,
    subject: str,
    body: str,
    desk: Desk,
    once: str | None,
) -> None:
    """Write the letter upward that carries these difficulties; it waits for the head's "Duyệt gửi"."""
    if done_already(session, once):
        return
    if not (difficulty_ids and subject.strip() and body.strip()):
        raise EmptyError
    rows = _of_office(session, visitor, difficulty_ids)
    if len({row.plan_id for row in rows}) > 1:
        raise SeveralPlansError
    plan = session.get_one(Plan, rows[0].plan_id)
    letter = Outgoing(
        kind=OutgoingKind.UPWARD,
        plan_id=rows[0].plan_id,
        unit_id=plan.issuer_id,
        subject=subject.strip(),
        body=body.strip(),
        made_at=desk.now,
        actor=visitor.actor,
    )
    session.add(letter)
    session.flush()
    for row in rows:
        row.outgoing_id = letter.id
        session.add(row)
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="difficulties forwarded",
        subject=f"outgoing:{letter.id}",
        once=once,
        difficulties=list(difficulty_ids),
    )


def _of_office(session: Session, visitor: StaffVisitor, ids: Sequence[int]) -> list[Difficulty]:
    plan_ids = [plan.id for plan in visitor.plans]
    rows = session.exec(
        select(Difficulty)
        .where(col(Difficulty.id).in_(ids), col(Difficulty.plan_id).in_(plan_ids))
        .order_by(col(Difficulty.id))
        .with_for_update()
        .execution_options(**AS_IT_IS_NOW)
    ).all()
    if len(rows) != len(set(ids)):
        raise UnknownDifficultyError
    return list(rows)


def _raiser(session: Session, row: Difficulty, now: datetime) -> Contact | None:
    """Return the one who raised it while he is in office; afterwards the unit's đầu mối of the day."""
    contacts = contacts_on(session, local_date(now), unit_id=row.unit_id)
    kind, _, number = row.actor.partition(":")
    raiser = session.get(Contact, int(number)) if kind == "contact" and number.isdigit() else None
    standing = raiser is not None and valid_on(raiser, local_date(now))
    return raiser if standing else contacts.get((row.unit_id, ContactRole.CONTACT))
