"""A unit writes its report: a draft kept as typed at any step, a spreadsheet read into it, and at last handed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from documents.report_docx import DraftFacts, draft_report
from documents.report_form import read_form, write_form
from models import Assignment, Channel, Draft, Mode, Plan, Submission, Unit
from notifications.content import Language, NoteKind, PlanFacts
from notifications.naming import plan_name
from rules.errors import DondocError
from rules.moments import local, local_date
from rules.reports import (
    Fault,
    FaultKind,
    Reading,
    is_report_field,
    read_day,
    read_report,
    require_content,
    window_of,
)
from rules.vocabulary import Deliverable
from services.acts import Document, HandedIn, last_submission, submit
from services.answers import own
from services.facts import facts_for
from services.files import attach_to_submission, files_of
from services.finding import year_of
from services.installation import current
from services.journal import done_already
from services.links import UnitVisitor
from services.notes import Desk, task_facts, tell_contact

#: Who hands in, and the signed document's number and date: typed beside the report, kept with its draft.
HAND_IN_FIELDS = ("reporter", "position", "number", "dated")
#: Characters of a whole draft: twice what 200 activities and seven full sections can hold, and no more.
_LARGEST_DRAFT = 600_000


class DraftTooLargeError(DondocError):
    """This is more text than a report can hold."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a unit has written so far: as typed, as read, what is wrong, and where it was begun from."""

    assignment: Assignment
    fields: dict[str, str]
    reading: Reading
    saved_at: datetime | None
    started_from: Submission | None


def kept_fields(raw: Mapping[str, str]) -> dict[str, str]:
    """Return what belongs to a report of what a form sent, empty fields left out; refuse a flood."""
    kept = {name: value for name, value in raw.items() if value and (is_report_field(name) or name in HAND_IN_FIELDS)}
    if sum(map(len, kept.values())) > _LARGEST_DRAFT:
        raise DraftTooLargeError
    return kept


def written(session: Session, assignment: Assignment) -> Written:
    """Return the draft of an assignment, or an empty one."""
    draft = session.exec(select(Draft).where(Draft.assignment_id == assignment.id)).one_or_none()
    fields = draft.fields if draft else _returned_fields(session, assignment)
    return Written(
        assignment=assignment,
        fields=fields,
        reading=_read(session, assignment, fields),
        saved_at=draft.saved_at if draft else None,
        started_from=session.get(Submission, draft.started_from) if draft and draft.started_from else None,
    )


def _returned_fields(session: Session, assignment: Assignment) -> dict[str, str]:
    """A report that was returned is completed, not typed anew."""
    last = last_submission(session, assignment)
    return dict(last.fields) if last else {}


def save_draft(
    session: Session, visitor: UnitVisitor, identifier: int, raw: Mapping[str, str], *, now: datetime
) -> Written:
    """Keep what was typed, wrong or right; a link that has just ended still allows this much."""
    assignment = own(session, visitor, identifier)
    _keep(session, assignment, kept_fields(raw), visitor.actor, now)
    return written(session, assignment)


def _keep(
    session: Session,
    assignment: Assignment,
    fields: dict[str, str],
    actor: str,
    now: datetime,
    *,
    started_from: int | None = None,
) -> None:
    draft = session.exec(select(Draft).where(Draft.assignment_id == assignment.id)).one_or_none()
    draft = draft or Draft(assignment_id=assignment.id or 0, saved_at=now, actor=actor)
    draft.fields, draft.saved_at, draft.actor = fields, now, actor
    draft.started_from = started_from or draft.started_from
    session.add(draft)
    session.flush()


def earlier_report(session: Session, assignment: Assignment) -> Submission | None:
    """Return the unit's last report on the same duty for an earlier period or year, if it was typed here."""
    return session.exec(
        select(Submission)
        .join(Assignment, col(Assignment.id) == Submission.assignment_id)
        .where(
            Assignment.unit_id == assignment.unit_id,
            Assignment.plan_id == assignment.plan_id,
            Assignment.duty_key == assignment.duty_key,
            Assignment.id != assignment.id,
            Submission.channel == Channel.HANDED_IN,
        )
        .order_by(col(Submission.id).desc())
    ).first()


def start_from_earlier(session: Session, visitor: UnitVisitor, identifier: int, *, now: datetime) -> Written:
    """Begin with the words of the last report; its activities and money belong to their own year and stay there."""
    assignment = own(session, visitor, identifier)
    earlier = earlier_report(session, assignment)
    if earlier is not None:
        own_fields = written(session, assignment).fields
        words = {
            name: value
            for name, value in earlier.fields.items()
            if is_report_field(name) and not name.startswith(("activities-", "money-", "nested"))
        }
        _keep(session, assignment, words | own_fields, visitor.actor, now, started_from=earlier.id)
    return written(session, assignment)


def hand_in(
    session: Session, visitor: UnitVisitor, identifier: int, raw: Mapping[str, str], *, desk: Desk, once: str | None
) -> tuple[Fault, ...]:
    """Hand the report in, or return what stands against it; either way what was typed is kept."""
    if done_already(session, once):
        return ()
    assignment = own(session, visitor, identifier)
    fields = kept_fields(raw)
    _keep(session, assignment, fields, visitor.actor, desk.now)
    reading = _read(session, assignment, fields)
    otherwise = _says_it_otherwise(session, assignment, fields)
    faults = (*require_content(reading, otherwise=otherwise), *_hand_in_faults(fields, local_date(desk.now)))
    if faults:
        return faults
    dated = read_day(fields.get("dated", ""))
    number = fields.get("number", "").strip()
    submit(
        session,
        identifier,
        document=Document(number=number, dated=dated, arrived_on=local_date(desk.now)),
        channel=Channel.HANDED_IN,
        actor=visitor.actor,
        now=desk.now,
        handed_in=HandedIn(
            fields={name: value for name, value in fields.items() if is_report_field(name)},
            reporter=fields["reporter"].strip(),
            position=fields["position"].strip(),
        ),
        once=once,
    )
    _close_draft(session, assignment)
    tell_contact(
        session,
        desk,
        visitor.contact,
        NoteKind.HANDED_IN,
        number=number,
        dated=dated,
        at=local(desk.now),
        **task_facts(session, assignment, Language(visitor.contact.language)),
    )
    return ()


def _says_it_otherwise(session: Session, assignment: Assignment, fields: Mapping[str, str]) -> bool:
    """A plan or a proposal is its own document: its file or its number is enough."""
    (fact,) = facts_for(session, [assignment.id or 0])
    if fact.duty.deliverable == Deliverable.REPORT:
        return False
    return bool(fields.get("number", "").strip() or files_of(session, assignment_id=assignment.id))


def _hand_in_faults(fields: Mapping[str, str], today: date) -> list[Fault]:
    """Who hands in must be said; the document's date is a day that has come."""
    faults = [Fault(field=name, kind=FaultKind.MISSING) for name in ("reporter", "position") if not fields.get(name)]
    typed = fields.get("dated", "")
    dated = read_day(typed)
    if typed and dated is None:
        faults.append(Fault(field="dated", kind=FaultKind.NOT_A_DATE, value=typed[:40]))
    elif dated is not None and dated > today:
        faults.append(Fault(field="dated", kind=FaultKind.OUTSIDE_PERIOD, value=typed[:40]))
    return faults


def _close_draft(session: Session, assignment: Assignment) -> None:
    """The draft has become a submission; what was attached goes with it."""
    last = last_submission(session, assignment)
    assert last is not None
    assert last.id is not None
    attach_to_submission(session, assignment.id or 0, last.id)
    draft = session.exec(select(Draft).where(Draft.assignment_id == assignment.id)).one_or_none()
    if draft is not None:
        session.delete(draft)


def form_file(session: Session, assignment: Assignment) -> bytes:
    """Return the spreadsheet form, filled with what the draft holds."""
    facts = task_facts(session, assignment, Language.VI)
    heading = (facts["what"], assignment.unit_name, facts["citation"])
    return write_form(heading=heading, raw=written(session, assignment).fields)


def take_form(
    session: Session, visitor: UnitVisitor, identifier: int, content: bytes, *, now: datetime
) -> tuple[Written, dict[str, str]]:
    """Read a filled form into the draft; returns it with the cell of every field, so that faults can name the cell.

    What the form does not hold (who hands in, the document's number) stays as it was typed.
    """
    assignment = own(session, visitor, identifier)
    form = read_form(content)
    beside = {name: value for name, value in written(session, assignment).fields.items() if name in HAND_IN_FIELDS}
    _keep(session, assignment, kept_fields(form.raw) | beside, visitor.actor, now)
    return written(session, assignment), form.cells


def word_draft(session: Session, assignment: Assignment, fields: Mapping[str, str]) -> bytes:
    """Return the report as a draft BÁO CÁO in Word, to be signed by the head of the unit."""
    (fact,) = facts_for(session, [assignment.id or 0])
    plan = session.get_one(Plan, assignment.plan_id)
    issuer = session.get_one(Unit, plan.issuer_id)
    recipient = session.exec(select(Unit).where(Unit.slug == assignment.addressed_to)).one_or_none()
    rehearsal = current(session).mode is Mode.REHEARSAL
    facts = PlanFacts(
        title=plan.title,
        short_title=plan.short_title,
        issuer_name=issuer.name,
        number=plan.number,
        issued_on=plan.issued_on,
    )
    return draft_report(
        DraftFacts(
            unit_name=assignment.unit_name,
            unit_kind=fact.unit_kind,
            issuer_name=issuer.name,
            duty_title=fact.title,
            plan_name=plan_name(facts, Language.VI),
            period_words=f"năm {year_of(session, assignment)}",
            recipient_name=recipient.name if recipient else None,
            citation=fact.responsibility.citation,
            report=_read(session, assignment, fields).report,
            marks=("Dữ liệu giả lập",) if rehearsal else (),
        )
    )


def _read(session: Session, assignment: Assignment, fields: Mapping[str, str]) -> Reading:
    return read_report(fields, window=window_of(year_of(session, assignment), assignment.period))
