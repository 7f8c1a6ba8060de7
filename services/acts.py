"""What people do to an assignment: hand in, record what arrived, accept, note, return, extend, record a công văn.

Every act is one transaction with its line in the journal, and takes effect at once: the sender asks again before each
mail whether its notices still stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from models import (
    Assignment,
    Channel,
    Cycle,
    CycleState,
    ExtensionRequest,
    Office,
    Plan,
    RequestState,
    Review,
    Submission,
    Unit,
)
from rules.deadlines import DueRule, Form, StepKind, replaced_deadline
from rules.errors import DondocError
from rules.lifecycle import Act, ActRefusedError, after, require_decider
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.deadlines import current_version, deadline_of, look_again, set_deadline
from services.directory import office_on
from services.facts import facts_for
from services.finding import assignment_name
from services.journal import record

#: Working days for which reminders rest after a công văn đôn đốc.
REST_AFTER_LETTER = 5


#: A row that the session knows already is read anew once its lock is held: somebody may have changed it meanwhile.
AS_IT_IS_NOW = {"populate_existing": True}


class UnknownAssignmentError(DondocError):
    """There is no such assignment."""


class PastDateError(DondocError):
    """This date cannot be."""


class UnsaidError(DondocError):
    """What the unit is to read has not been said."""


class NewerSubmissionError(DondocError):
    """Something newer has been handed in since this page was opened; look at it first."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """The signed document as the document system knows it; `arrived_on` counts for "đúng hạn"."""

    number: str
    dated: date | None
    arrived_on: date


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What came with a report from the unit's page: its fields as typed, and who hands it in."""

    fields: dict[str, str]
    reporter: str
    position: str


def submit(
    session: Session,
    identifier: int,
    *,
    document: Document,
    channel: Channel,
    actor: str,
    now: datetime,
    handed_in: HandedIn | None = None,
    once: str | None = None,
) -> str:
    """Record what a unit handed in, or what arrived by other ways; returns the assignment's name."""
    assignment = find_assignment(session, identifier)
    act = Act.SUBMIT if channel is Channel.HANDED_IN else Act.RECEIVE
    for name, day in (("arrival", document.arrived_on), ("the document", document.dated)):
        if day is not None and day > local_date(now):
            raise PastDateError(f"the date of {name} {day:%Y-%m-%d} lies after today")
    if document.dated is not None and document.dated > document.arrived_on:
        raise PastDateError(
            f"the document of {document.dated:%Y-%m-%d} cannot arrive on {document.arrived_on:%Y-%m-%d}"
        )
    assignment.state = after(assignment.state, act)
    session.add(
        Submission(
            assignment_id=identifier,
            channel=channel,
            number=document.number,
            dated=document.dated,
            arrived_on=document.arrived_on,
            made_at=now,
            actor=actor,
            reporter=handed_in.reporter if handed_in else "",
            position=handed_in.position if handed_in else "",
            fields=handed_in.fields if handed_in else {},
        )
    )
    session.execute(
        update(ExtensionRequest)
        .where(col(ExtensionRequest.assignment_id) == identifier, col(ExtensionRequest.state) == RequestState.ASKED)
        .values(state=RequestState.MOOT, decided_at=now)
    )
    return done(session, assignment, act, actor=actor, now=now, once=once, number=document.number)


def decide_submission(
    session: Session,
    identifier: int,
    act: Act,
    *,
    comment: str = "",
    acting: str | None,
    actor: str,
    now: datetime,
    seen: int | None = None,
    once: str | None = None,
) -> str:
    """Accept or note what was handed in. Only the one it is addressed to accepts; anybody else can only note.

    `seen` is the submission that the reviewer looked at: a later one is never decided unseen.
    """
    assignment = find_assignment(session, identifier)
    _require_seen(session, assignment, seen)
    if act is Act.ACCEPT:
        _require_decider(session, assignment, acting, now)
    elif assignment.addressed_to and _is_own(session, assignment, now):
        raise ActRefusedError("this report is addressed to the office itself: accept it, or return it")
    assignment.state = after(assignment.state, act)
    _review(session, assignment, act, comment, actor, now)
    return done(session, assignment, act, actor=actor, now=now, once=once, comment=comment)


def send_back(
    session: Session,
    identifier: int,
    *,
    comment: str,
    again_by: date,
    acting: str | None,
    actor: str,
    now: datetime,
    calendar: WorkingCalendar,
    seen: int | None = None,
    once: str | None = None,
) -> str:
    """Return a submission to be completed by a new date: the ladder starts again for that version."""
    if not comment.strip():
        raise UnsaidError("say what is to be completed: the unit reads it in its mail")
    assignment = find_assignment(session, identifier)
    _require_seen(session, assignment, seen)
    _require_decider(session, assignment, acting, now)
    assignment.state = after(assignment.state, Act.RETURN)
    _review(session, assignment, Act.RETURN, comment, actor, now)
    rule = DueRule(form=Form.LATEST, written=again_by, basis=comment)
    _new_date(session, assignment, rule, StepKind.RETURNED, calendar, now)
    return done(
        session,
        assignment,
        Act.RETURN,
        actor=actor,
        now=now,
        once=once,
        comment=comment,
        until=again_by.isoformat(),
    )


def extend(
    session: Session,
    identifier: int,
    *,
    until: date,
    basis: str,
    acting: str | None,
    actor: str,
    now: datetime,
    calendar: WorkingCalendar,
    once: str | None = None,
) -> str:
    """Give more time; decided by the one the report is addressed to."""
    if not basis.strip():
        raise UnsaidError("name the decision, or its reason: the unit reads it in its mail")
    assignment = find_assignment(session, identifier)
    _require_decider(session, assignment, acting, now)
    assignment.state = after(assignment.state, Act.EXTEND)
    if assignment.final is None:
        raise ActRefusedError("this assignment has no deadline yet; set one with `dondoc cycle deadline`")
    if until <= assignment.final:
        raise PastDateError(
            f"{until:%Y-%m-%d} is not later than the present deadline {assignment.final:%Y-%m-%d}; "
            "to set an earlier date for all use `dondoc cycle deadline`"
        )
    rule = DueRule(form=Form.LATEST, written=until, basis=basis)
    _new_date(session, assignment, rule, StepKind.EXTENDED, calendar, now)
    return done(session, assignment, Act.EXTEND, actor=actor, now=now, once=once, basis=basis, until=until.isoformat())


def record_letter(
    session: Session,
    identifier: int,
    *,
    number: str,
    sent_on: date,
    actor: str,
    now: datetime,
    calendar: WorkingCalendar,
    once: str | None = None,
) -> str:
    """Record a công văn đôn đốc: the reminders of this assignment rest for five working days."""
    if not number.strip():
        raise UnsaidError("name the number of the công văn")
    assignment = find_assignment(session, identifier)
    if sent_on > local_date(now):
        raise PastDateError(f"the date of the công văn {sent_on:%Y-%m-%d} lies after today")
    assignment.resting_until = calendar.shift(sent_on, REST_AFTER_LETTER)
    return done(
        session, assignment, "letter", actor=actor, now=now, once=once, number=number, sent_on=sent_on.isoformat()
    )


def find_assignment(session: Session, identifier: int) -> Assignment:
    """Return the assignment, locked; nothing more can be done to one whose year is closed."""
    found = session.exec(
        select(Assignment).where(Assignment.id == identifier).with_for_update().execution_options(**AS_IT_IS_NOW)
    ).one_or_none()
    if found is None:
        raise UnknownAssignmentError(f"there is no assignment {identifier}; `dondoc cycle status` lists them")
    cycle = session.get_one(Cycle, found.cycle_id)
    if cycle.state is CycleState.CLOSED:
        raise ActRefusedError(f"the year {cycle.year} is closed: nothing more can be done to its assignments")
    return found


def decides(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Say whether the office that follows up decides on this report; otherwise it can only note it."""
    try:
        _require_decider(session, assignment, None, now)
    except ActRefusedError:
        return False
    return True


def _require_decider(session: Session, assignment: Assignment, acting: str | None, now: datetime) -> None:
    """The office that follows up is a role: what was addressed to its predecessor is decided by whoever holds it."""
    office = office_on(session, assignment.plan_id, local_date(now))
    own = office.slug if office else ""
    if acting is not None and session.exec(select(Unit.id).where(Unit.slug == acting)).one_or_none() is None:
        raise ActRefusedError(f"there is no unit {acting!r}")
    predecessors = session.exec(
        select(Unit.slug).join(Office, col(Office.unit_id) == Unit.id).where(Office.plan_id == assignment.plan_id)
    ).all()
    recipient = own if assignment.addressed_to in predecessors else assignment.addressed_to
    require_decider(recipient=recipient, acting=acting if acting is not None else own)


def _is_own(session: Session, assignment: Assignment, now: datetime) -> bool:
    office = office_on(session, assignment.plan_id, local_date(now))
    return office is not None and office.slug == assignment.addressed_to


def _review(session: Session, assignment: Assignment, act: Act, comment: str, actor: str, now: datetime) -> None:
    last = last_submission(session, assignment)
    assert last is not None
    assert last.id is not None
    session.add(Review(submission_id=last.id, decision=act, comment=comment, made_at=now, actor=actor))


def _new_date(
    session: Session, assignment: Assignment, rule: DueRule, kind: StepKind, calendar: WorkingCalendar, now: datetime
) -> None:
    plan = session.get_one(Plan, assignment.plan_id)
    version = current_version(session, assignment)
    earlier = deadline_of(version) if version else None
    deadline = replaced_deadline(earlier, rule, kind, calendar, plan.roll)
    if deadline.final < local_date(now):
        raise PastDateError(f"the new date {deadline.final:%Y-%m-%d} lies before today")
    set_deadline(session, assignment, deadline, now=now, always=kind is StepKind.RETURNED)


def done(
    session: Session,
    assignment: Assignment,
    action: str,
    *,
    actor: str,
    now: datetime,
    once: str | None = None,
    **detail: str,
) -> str:
    """End an act: the next sweep looks again, and the journal has its line. Returns the assignment's name."""
    look_again(assignment, local_date(now))
    session.add(assignment)
    session.flush()
    assert assignment.id is not None
    name = name_of(session, assignment.id)
    record(session, now=now, actor=actor, action=action, subject=name, once=once, **detail)
    return name


def last_submission(session: Session, assignment: Assignment) -> Submission | None:
    return session.exec(
        select(Submission).where(Submission.assignment_id == assignment.id).order_by(col(Submission.id).desc())
    ).first()


def _require_seen(session: Session, assignment: Assignment, seen: int | None) -> None:
    if seen is not None:
        last = last_submission(session, assignment)
        if last is None or last.id != seen:
            raise NewerSubmissionError


def name_of(session: Session, identifier: int) -> str:
    """Return the assignment's lasting name."""
    fact = facts_for(session, [identifier])[0]
    plan = session.get_one(Plan, fact.plan_id)
    cycle = session.get_one(Cycle, fact.cycle_id)
    return assignment_name(plan.slug, cycle.year, fact)


def assignments_of(session: Session, *, plan: str, year: int, duty: str, units: Sequence[str]) -> list[int]:
    """Return the ids of a duty's assignments to these units, for acts on several at once; unknown units are refused."""
    rows = session.exec(
        select(Unit.slug, Assignment.id)
        .join(Assignment, col(Assignment.unit_id) == Unit.id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .join(Plan, col(Plan.id) == Cycle.plan_id)
        .where(Plan.slug == plan, Cycle.year == year, Assignment.duty_key == duty)
    ).all()
    found = {slug: identifier for slug, identifier in rows if identifier is not None}
    unknown = [unit for unit in units if unit not in found]
    if unknown:
        raise UnknownAssignmentError(
            f"{plan} {year} {duty} has no assignment for {', '.join(unknown)}; it has: {', '.join(found) or 'none'}"
        )
    return [found[unit] for unit in units]
