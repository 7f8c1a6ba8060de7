"""What a unit answers from its page: it knows, when it will come, that it went by the document system.

Each answer is one transaction: the act, its line in the journal, and its receipt. The sender asks again before each
mail whether its notices still stand, so an answer counts at once, even while a delivery is under way.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session, col, select

from models import Assignment, Channel, Cycle, CycleState, Difficulty, Plan
from notifications.content import Language, NoteKind
from rules.errors import DondocError
from rules.lifecycle import WAITING, ActRefusedError
from rules.moments import local, local_date
from services.acts import Document, PastDateError, UnknownAssignmentError, done, find_assignment, submit
from services.journal import done_already, record
from services.links import UnitVisitor
from services.notes import Desk, task_facts, tell_contact

#: However far away the day is that a unit names: after two weeks its đầu mối is reminded again.
LONGEST_REST = timedelta(days=14)


class EmptyError(DondocError):
    """Something must be written here."""


def own(session: Session, visitor: UnitVisitor, identifier: int) -> Assignment:
    """Return the visitor's own assignment, locked; anybody else's does not exist for him."""
    found = session.exec(
        select(Assignment.id).where(Assignment.id == identifier, Assignment.unit_id == visitor.unit.id)
    ).one_or_none()
    if found is None:
        raise UnknownAssignmentError
    return find_assignment(session, identifier)


def acknowledge(session: Session, visitor: UnitVisitor, *, desk: Desk, once: str | None) -> int:
    """Confirm everything that the unit has been given and has not confirmed yet; returns how much that was."""
    if done_already(session, once):
        return 0
    rows = _unacknowledged(session, visitor)
    for assignment in rows:
        assignment.acknowledged_at = desk.now
        session.add(assignment)
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="acknowledged",
        subject=f"unit:{visitor.unit.slug}",
        once=once,
        assignments=[row.id for row in rows],
    )
    if rows:
        plan_id = rows[0].plan_id
        tell_contact(session, desk, visitor.contact, NoteKind.ACKNOWLEDGED, plan_id=plan_id, at=local(desk.now))
    return len(rows)


def _unacknowledged(session: Session, visitor: UnitVisitor) -> Sequence[Assignment]:
    return session.exec(
        select(Assignment)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            Assignment.unit_id == visitor.unit.id,
            Cycle.state == CycleState.OPEN,
            col(Assignment.state).in_(WAITING),
            col(Assignment.acknowledged_at).is_(None),
        )
        .order_by(col(Assignment.id))
        .with_for_update(of=Assignment)
    ).all()


def name_document(
    session: Session, visitor: UnitVisitor, identifier: int, *, document: Document, desk: Desk, once: str | None
) -> None:
    """Say that the report went by the document system: the reminders stop, the office sees its number and date."""
    if done_already(session, once):
        return
    if not document.number.strip():
        raise EmptyError
    assignment = own(session, visitor, identifier)
    submit(
        session,
        identifier,
        document=document,
        channel=Channel.DOCUMENT,
        actor=visitor.actor,
        now=desk.now,
        once=once,
    )
    _receipt(session, desk, visitor, assignment, NoteKind.DOCUMENT_NAMED, number=document.number, dated=document.dated)


def expect(
    session: Session, visitor: UnitVisitor, identifier: int, *, on: date, reason: str, desk: Desk, once: str | None
) -> None:
    """Say when it will come: its đầu mối is not reminded before that day; the deadline stays, and so do the lists."""
    if done_already(session, once):
        return
    assignment = own(session, visitor, identifier)
    require_waiting(assignment)
    if on < local_date(desk.now):
        raise PastDateError(f"{on:%Y-%m-%d} lies before today")
    assignment.expected_on = on
    assignment.answered_until = min(on, local_date(desk.now) + LONGEST_REST)
    done(
        session,
        assignment,
        "expected",
        actor=visitor.actor,
        now=desk.now,
        once=once,
        on=on.isoformat(),
        reason=reason,
    )
    _receipt(session, desk, visitor, assignment, NoteKind.EXPECTED, day=on, text=reason)


def raise_difficulty(
    session: Session,
    visitor: UnitVisitor,
    *,
    plan_id: int,
    text: str,
    proposal: str,
    desk: Desk,
    once: str | None,
    identifier: int | None = None,
) -> None:
    """Raise a difficulty, of an assignment or of the plan as a whole; at any time, and nothing is overdue by it."""
    if done_already(session, once):
        return
    if not text.strip():
        raise EmptyError
    if identifier is not None:
        plan_id = own(session, visitor, identifier).plan_id
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise UnknownAssignmentError
    session.add(
        Difficulty(
            plan_id=plan_id,
            unit_id=visitor.unit.id or 0,
            assignment_id=identifier,
            text=text.strip(),
            proposal=proposal.strip(),
            made_at=desk.now,
            actor=visitor.actor,
        )
    )
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="difficulty",
        subject=f"{plan.slug}/{visitor.unit.slug}",
        once=once,
    )
    about = own(session, visitor, identifier) if identifier is not None else None
    facts = task_facts(session, about, Language(visitor.contact.language)) if about else {"plan_id": plan_id}
    words = "\n\n".join(part.strip() for part in (text, proposal) if part.strip())
    tell_contact(session, desk, visitor.contact, NoteKind.DIFFICULTY_RAISED, text=words, at=local(desk.now), **facts)


def require_waiting(assignment: Assignment) -> None:
    """Nothing can be promised or passed on where nothing is waited for any more."""
    if assignment.state not in WAITING:
        raise ActRefusedError(f"this assignment is {assignment.state}: nothing is waited for")


def _receipt(
    session: Session,
    desk: Desk,
    visitor: UnitVisitor,
    assignment: Assignment,
    kind: NoteKind,
    **facts: object,
) -> None:
    task = task_facts(session, assignment, Language(visitor.contact.language))
    tell_contact(session, desk, visitor.contact, kind, at=local(desk.now), **task, **facts)
