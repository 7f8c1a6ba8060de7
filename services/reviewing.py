"""The office's desk: what came and waits to be looked at, documents that arrived by other ways, and what is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import Assignment, Channel, Cycle, CycleState, Review, Submission
from notifications.content import NoteKind
from rules.lifecycle import Act
from rules.moments import local_date
from rules.vocabulary import AssignmentState
from rules.workdays import WorkingCalendar
from services.acts import (
    Document,
    PastDateError,
    UnknownAssignmentError,
    decide_submission,
    done,
    find_assignment,
    last_submission,
    record_letter,
    send_back,
    submit,
)
from services.answers import EmptyError
from services.journal import done_already
from services.links import StaffVisitor
from services.notes import Desk, tell_about
from services.workbench import Task, tasks_of


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One document that arrived, as the register of incoming documents has it."""

    assignment_id: int
    document: Document


def of_office(session: Session, visitor: StaffVisitor, identifier: int) -> Assignment:
    """Return an assignment of a plan that the visitor's office follows up; any other does not exist for him."""
    plan_ids = [plan.id for plan in visitor.plans]
    found = session.exec(
        select(Assignment).where(Assignment.id == identifier, col(Assignment.plan_id).in_(plan_ids))
    ).one_or_none()
    if found is None:
        raise UnknownAssignmentError
    return found


def to_review(session: Session, plan_ids: Sequence[int], *, now: datetime, calendar: WorkingCalendar) -> list[Task]:
    """Return what was handed in and waits for a decision, the oldest first."""
    ids = session.exec(
        select(Assignment.id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(
            col(Assignment.plan_id).in_(plan_ids),
            Assignment.state == AssignmentState.SUBMITTED,
            Cycle.state == CycleState.OPEN,
        )
    ).all()
    tasks = tasks_of(session, [number for number in ids if number is not None], now=now, calendar=calendar)
    return sorted(tasks, key=lambda task: task.submission.made_at if task.submission else task.assignment.made_at)


def receive(
    session: Session, visitor: StaffVisitor, arrivals: Sequence[Arrival], *, desk: Desk, once: str | None
) -> int:
    """Ghi nhận văn bản đến: record several documents, all or none; their reminders stop at once. Returns how many."""
    if done_already(session, once):
        return 0
    if not arrivals:
        raise EmptyError
    for place, arrival in enumerate(arrivals):
        if not arrival.document.number:
            raise EmptyError
        of_office(session, visitor, arrival.assignment_id)
        submit(
            session,
            arrival.assignment_id,
            document=arrival.document,
            channel=Channel.DOCUMENT,
            actor=visitor.actor,
            now=desk.now,
            once=once if place == 0 else None,
        )
    return len(arrivals)


def conclude(
    session: Session,
    visitor: StaffVisitor,
    identifier: int,
    act: Act,
    *,
    comment: str,
    seen: int,
    desk: Desk,
    once: str | None,
) -> None:
    """Accept what is addressed to the office, or note what is addressed to somebody else; the unit hears of it."""
    if done_already(session, once):
        return
    assignment = of_office(session, visitor, identifier)
    decide_submission(
        session,
        identifier,
        act,
        comment=comment,
        acting=None,
        actor=visitor.actor,
        now=desk.now,
        seen=seen,
        once=once,
    )
    submission = session.get_one(Submission, seen)
    kind = NoteKind.ACCEPTED if act is Act.ACCEPT else NoteKind.NOTED
    tell_about(session, desk, assignment, kind, number=submission.number, dated=submission.dated, text=comment)


def give_back(
    session: Session,
    visitor: StaffVisitor,
    identifier: int,
    *,
    comment: str,
    again_by: date,
    seen: int,
    desk: Desk,
    calendar: WorkingCalendar,
    once: str | None,
) -> None:
    """Đề nghị bổ sung: say what is missing and until when; the unit hears of it with the next delivery."""
    if done_already(session, once):
        return
    of_office(session, visitor, identifier)
    if not comment.strip():
        raise EmptyError
    send_back(
        session,
        identifier,
        comment=comment.strip(),
        again_by=again_by,
        acting=None,
        actor=visitor.actor,
        now=desk.now,
        calendar=calendar,
        seen=seen,
        once=once,
    )


def note_letter(
    session: Session,
    visitor: StaffVisitor,
    identifier: int,
    *,
    number: str,
    sent_on: date,
    desk: Desk,
    calendar: WorkingCalendar,
    once: str | None,
) -> None:
    """Record a công văn đôn đốc that went to the unit."""
    if done_already(session, once):
        return
    of_office(session, visitor, identifier)
    if not number.strip():
        raise EmptyError
    record_letter(
        session,
        identifier,
        number=number.strip(),
        sent_on=sent_on,
        actor=visitor.actor,
        now=desk.now,
        calendar=calendar,
        once=once,
    )


def handed_in(session: Session, assignment: Assignment) -> list[tuple[Submission, list[Review]]]:
    """Return everything that was handed in for an assignment, the latest first, each with what was decided of it."""
    submissions = session.exec(
        select(Submission).where(Submission.assignment_id == assignment.id).order_by(col(Submission.id).desc())
    ).all()
    ids = [row.id for row in submissions]
    reviews = session.exec(select(Review).where(col(Review.submission_id).in_(ids)).order_by(col(Review.id))).all()
    return [(row, [review for review in reviews if review.submission_id == row.id]) for row in submissions]


def correct_arrival(
    session: Session,
    visitor: StaffVisitor,
    identifier: int,
    *,
    arrived_on: date,
    reason: str,
    desk: Desk,
    once: str | None,
) -> None:
    """Put a wrong mark of lateness right: the day of arrival as it really was, with the reason."""
    if done_already(session, once):
        return
    of_office(session, visitor, identifier)
    assignment = find_assignment(session, identifier)
    submission = last_submission(session, assignment)
    if submission is None or not reason.strip():
        raise EmptyError
    if arrived_on > local_date(desk.now):
        raise PastDateError(f"the date of arrival {arrived_on:%Y-%m-%d} lies after today")
    before, submission.arrived_on = submission.arrived_on, arrived_on
    session.add(submission)
    done(
        session,
        assignment,
        "arrival corrected",
        actor=visitor.actor,
        now=desk.now,
        once=once,
        before=before.isoformat(),
        arrived_on=arrived_on.isoformat(),
        reason=reason.strip(),
    )
    tell_about(session, desk, assignment, NoteKind.ARRIVAL_CORRECTED, day=arrived_on, text=reason.strip())


def on_time(assignment: Assignment, submission: Submission) -> bool | None:
    """Say whether it came in time: by its arrival or by its record here, whichever was earlier; None without a date."""
    if assignment.final is None:
        return None
    return min(submission.arrived_on, local_date(submission.made_at)) <= assignment.final
