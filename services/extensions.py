"""Gia hạn: a unit asks for more time, the office decides, within what its own upward deadline leaves."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import Assignment, ExtensionRequest, RequestState
from notifications.content import Language, NoteKind
from rules.errors import DondocError
from rules.moments import local, local_date
from rules.workdays import WorkingCalendar
from services.acts import AS_IT_IS_NOW, PastDateError, UnknownAssignmentError, decides, done, extend, find_assignment
from services.answers import EmptyError, own, require_waiting
from services.approvals import DecidedAlreadyError
from services.cases import cases_for
from services.journal import done_already
from services.links import StaffVisitor, UnitVisitor
from services.notes import Desk, task_facts, tell_about, tell_contact

#: Working days for which the đầu mối is not reminded while his request waits: then silence would hide a deadline.
REST_WHILE_ASKED = 5


class AskedAlreadyError(DondocError):
    """A request for this assignment is already waiting for its decision."""


class NotOursToExtendError(DondocError):
    """The report is addressed to somebody else, who alone can give more time for it."""


class NoDeadlineError(DondocError):
    """Where no deadline is set, none can be extended."""


class TooLateError(DondocError):
    """More time than this would pass the office's own deadline."""

    def __init__(self, latest: date) -> None:
        """Keep the latest day that is possible."""
        super().__init__(f"the latest possible day is {latest:%Y-%m-%d}")
        self.latest = latest


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the office sees it; `latest` is the last day that its own deadline allows."""

    request: ExtensionRequest
    assignment: Assignment
    latest: date | None


def latest_day(session: Session, assignment: Assignment, *, now: datetime, calendar: WorkingCalendar) -> date | None:
    """Return the last working day before the consolidation is due (NĐ 09/2019/NĐ-CP, Đ.8 k.5); None without one."""
    (case,) = cases_for(session, assignment.plan_id, [assignment.id or 0], local_date(now)).values()
    return calendar.shift(case.bound, -1) if case.bound else None


def ask(
    session: Session,
    visitor: UnitVisitor,
    identifier: int,
    *,
    until: date,
    reason: str,
    desk: Desk,
    calendar: WorkingCalendar,
    once: str | None,
) -> None:
    """Ask for more time; the deadline stays until somebody decides."""
    if done_already(session, once):
        return
    assignment = own(session, visitor, identifier)
    require_waiting(assignment)
    if not decides(session, assignment, desk.now):
        raise NotOursToExtendError
    _require_possible(session, assignment, until, now=desk.now, calendar=calendar)
    if not reason.strip():
        raise EmptyError
    if _standing(session, identifier) is not None:
        raise AskedAlreadyError
    session.add(
        ExtensionRequest(
            assignment_id=identifier, until=until, reason=reason.strip(), made_at=desk.now, actor=visitor.actor
        )
    )
    assignment.answered_until = calendar.shift(local_date(desk.now), REST_WHILE_ASKED)
    done(
        session, assignment, "asked for time", actor=visitor.actor, now=desk.now, once=once, until=until.isoformat(),
        reason=reason.strip(),
    )  # fmt: skip
    facts = task_facts(session, assignment, Language(visitor.contact.language))
    tell_contact(
        session, desk, visitor.contact, NoteKind.EXTENSION_ASKED, day=until, text=reason.strip(), at=local(desk.now),
        **facts,
    )  # fmt: skip


def decide(
    session: Session,
    request_id: int,
    *,
    grant: bool,
    until: date | None,
    comment: str,
    actor: str,
    desk: Desk,
    calendar: WorkingCalendar,
    once: str | None,
) -> None:
    """Grant (until the day asked for, or another) or refuse with a reason; the unit hears of it at once.

    Granting makes a new deadline version, whose own mail says so.
    """
    if done_already(session, once):
        return
    request = session.exec(
        select(ExtensionRequest)
        .where(ExtensionRequest.id == request_id)
        .with_for_update()
        .execution_options(**AS_IT_IS_NOW)
    ).one_or_none()
    if request is None or request.state is not RequestState.ASKED:
        raise DecidedAlreadyError
    if not grant and not comment.strip():
        raise EmptyError
    assignment = find_assignment(session, request.assignment_id)
    request.state = RequestState.GRANTED if grant else RequestState.REFUSED
    request.decided_at, request.decided_by, request.comment = desk.now, actor, comment.strip()
    session.add(request)
    if grant:
        day = until or request.until
        _require_possible(session, assignment, day, now=desk.now, calendar=calendar)
        extend(
            session, request.assignment_id, until=day, basis=comment.strip() or request.reason, acting=None,
            actor=actor, now=desk.now, calendar=calendar, once=once,
        )  # fmt: skip
        return
    assignment.answered_until = None
    done(session, assignment, "refused time", actor=actor, now=desk.now, once=once, comment=comment.strip())
    tell_about(session, desk, assignment, NoteKind.EXTENSION_REFUSED, text=comment.strip(), day=request.until)


def asked(session: Session, plan_ids: list[int], *, now: datetime, calendar: WorkingCalendar) -> list[Asked]:
    """Return the requests that wait for a decision, the oldest first."""
    rows = session.exec(
        select(ExtensionRequest, Assignment)
        .join(Assignment, col(Assignment.id) == ExtensionRequest.assignment_id)
        .where(ExtensionRequest.state == RequestState.ASKED, col(Assignment.plan_id).in_(plan_ids))
        .order_by(col(ExtensionRequest.id))
    ).all()
    return [
        Asked(
            request=request,
            assignment=assignment,
            latest=latest_day(session, assignment, now=now, calendar=calendar),
        )
        for request, assignment in rows
    ]


def require_own_request(session: Session, visitor: StaffVisitor, request_id: int) -> None:
    """Refuse a request under a plan that another office follows up: it does not exist for this visitor."""
    plan_ids = [plan.id for plan in visitor.plans]
    found = session.exec(
        select(ExtensionRequest.id)
        .join(Assignment, col(Assignment.id) == ExtensionRequest.assignment_id)
        .where(ExtensionRequest.id == request_id, col(Assignment.plan_id).in_(plan_ids))
    ).first()
    if found is None:
        raise UnknownAssignmentError


def _standing(session: Session, identifier: int) -> ExtensionRequest | None:
    return session.exec(
        select(ExtensionRequest).where(
            ExtensionRequest.assignment_id == identifier, ExtensionRequest.state == RequestState.ASKED
        )
    ).first()


def _require_possible(
    session: Session, assignment: Assignment, until: date, *, now: datetime, calendar: WorkingCalendar
) -> None:
    if assignment.final is None:
        raise NoDeadlineError
    if until <= max(assignment.final, local_date(now)):
        raise PastDateError(f"{until:%Y-%m-%d} is not later than the present deadline {assignment.final:%Y-%m-%d}")
    latest = latest_day(session, assignment, now=now, calendar=calendar)
    if latest is not None and until > latest:
        raise TooLateError(latest)
