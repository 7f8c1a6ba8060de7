"""What was handed in: the queue, one assignment with all that happened to it, and what the office decides of it."""

from starlette.responses import Response

from models import Submission
from models.database import reading
from portal.acting import day_of, perform, signed_day_of
from portal.answers import Number, form_body
from portal.gate import Sent, StaffVisit
from portal.office_desk import (
    Coordinating,
    Reviewing,
    Sending,
    Viewing,
    office_page,
    office_router,
    office_task,
    task_path,
)
from portal.pages import see
from rules.lifecycle import Act
from rules.reports import Report, read_report, window_of
from services.acts import NewerSubmissionError, decides
from services.files import handed_in_files
from services.history import history, who
from services.reviewing import conclude, correct_arrival, give_back, handed_in, note_letter, on_time, to_review
from services.workbench import Task

router = office_router()


@router.get("/cho-tiep-nhan")
def queue(visit: Viewing) -> Response:
    """List what was handed in and waits for a decision, the oldest first."""
    with reading(visit.world.engine) as session:
        tasks = to_review(session, visit.plan_ids, now=visit.now, calendar=visit.calendar)
    rows = [(task, on_time(task.assignment, task.submission) if task.submission else None) for task in tasks]
    return office_page(visit, "queue", rows=rows)


@router.get("/nhiem-vu/{identifier}")
def one(identifier: Number, visit: Viewing) -> Response:
    """Show one assignment: why this date, what was handed in, what can be done, and all that happened."""
    with reading(visit.world.engine) as session:
        task = office_task(session, visit, identifier)
        came = handed_in(session, task.assignment)
        last = came[0][0] if came else None
        return office_page(
            visit,
            "assignment",
            task=task,
            came=came,
            last=last,
            last_by=who(session, last.actor) if last else "",
            report=_report(task, last) if last else None,
            files=handed_in_files(session, last.id or 0) if last else [],
            on_time=on_time(task.assignment, last) if last else None,
            decides=decides(session, task.assignment, visit.now),
            entries=history(session, task.assignment),
        )


@router.post("/nhiem-vu/{identifier}/tiep-nhan", openapi_extra=form_body("seen", "comment"))
def accept(identifier: Number, sent: Sending, visit: Reviewing) -> Response:
    """Accept what was handed in."""
    return _conclude(visit, sent, identifier, Act.ACCEPT, "tiep-nhan")


@router.post("/nhiem-vu/{identifier}/ghi-nhan", openapi_extra=form_body("seen", "comment"))
def note(identifier: Number, sent: Sending, visit: Reviewing) -> Response:
    """Note what is addressed to somebody else."""
    return _conclude(visit, sent, identifier, Act.NOTE, "ghi-nhan")


@router.post("/nhiem-vu/{identifier}/tra-lai", openapi_extra=form_body("seen", "comment", "again_by"))
def return_it(identifier: Number, sent: Sending, visit: Reviewing) -> Response:
    """Ask for completion by a new date."""
    again_by, seen = day_of(sent, "again_by"), _seen(sent)
    perform(
        visit,
        sent,
        lambda session: give_back(
            session,
            visit.visitor,
            identifier,
            comment=sent.text("comment"),
            again_by=again_by,
            seen=seen,
            desk=visit.desk,
            calendar=visit.calendar,
            once=sent.once,
        ),
    )
    return see(task_path(identifier, "tra-lai"))


@router.post("/nhiem-vu/{identifier}/ngay-den", openapi_extra=form_body("arrived_on", "reason"))
def put_right(identifier: Number, sent: Sending, visit: Reviewing) -> Response:
    """Put the day of arrival right, with a reason."""
    arrived_on = day_of(sent, "arrived_on")
    perform(
        visit,
        sent,
        lambda session: correct_arrival(
            session,
            visit.visitor,
            identifier,
            arrived_on=arrived_on,
            reason=sent.text("reason"),
            desk=visit.desk,
            once=sent.once,
        ),
    )
    return see(task_path(identifier, "ngay-den"))


@router.post("/nhiem-vu/{identifier}/cong-van", openapi_extra=form_body("number", "dated"))
def letter(identifier: Number, sent: Sending, visit: Coordinating) -> Response:
    """Record a công văn đôn đốc; reminders rest for some days."""
    sent_on = signed_day_of(visit, sent, "dated")
    perform(
        visit,
        sent,
        lambda session: note_letter(
            session,
            visit.visitor,
            identifier,
            number=sent.text("number", 100),
            sent_on=sent_on,
            desk=visit.desk,
            calendar=visit.calendar,
            once=sent.once,
        ),
    )
    return see(task_path(identifier, "cong-van"))


def _conclude(visit: StaffVisit, sent: Sent, identifier: int, act: Act, code: str) -> Response:
    seen = _seen(sent)
    perform(
        visit,
        sent,
        lambda session: conclude(
            session,
            visit.visitor,
            identifier,
            act,
            comment=sent.text("comment"),
            seen=seen,
            desk=visit.desk,
            once=sent.once,
        ),
    )
    return see(task_path(identifier, code))


def _seen(sent: Sent) -> int:
    """Return which submission the reviewer looked at; without it nothing is decided unseen."""
    typed = sent.text("seen", 12)
    if not (typed.isascii() and typed.isdigit()):
        raise NewerSubmissionError
    return int(typed)


def _report(task: Task, submission: Submission) -> Report | None:
    """Return the report as it was typed on the unit's page; None for a document that came by other ways."""
    if not submission.fields:
        return None
    return read_report(submission.fields, window=window_of(task.year, task.assignment.period)).report
