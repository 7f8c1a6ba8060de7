"""Mails go out: gather per person, check again, render, store, send, settle.

Bytes and Message-ID are stored in one transaction before anything is sent; sending happens outside any transaction; the
outcome is settled after. A crash between the mail server's acceptance and our commit repeats that one mail, with the
same Message-ID (docs/decisions.md, "A missing reminder is worse than a repeated one").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from email.utils import make_msgid

from sqlalchemy import Engine, update
from sqlmodel import Session, col, or_, select

from models import Cycle, CycleState, Message, Notice, Plan, Responsibility, Sweep
from models.database import delivery_lock, reading, writing
from notifications.changed import render_changed
from notifications.content import Changed, Morning
from notifications.ics import deadlines_ics
from notifications.mailer import Mailer, Outcome, OutcomeKind
from notifications.message import build
from notifications.morning import render_morning
from rules.errors import DondocError
from rules.moments import local, local_date
from rules.vocabulary import MessageKind, MessageState, NoticeState
from rules.workdays import WorkingCalendar
from services.cases import Fact, facts_for
from services.chunks import chunks
from services.finding import assignment_name
from services.letters import Letterhead, Letters
from services.holds import held_units
from services.outbox import (
    Parcel,
    addresses_served,
    end_moot,
    ending,
    normalised,
    on_hold,
    owed_notices,
    parcels,
    release,
)
from services.outbox import settle as settle_notices

#: Mails begin once every responsibility has its sweep of the day, or at this hour, whatever is missing.
LATEST_BEGIN = time(8, 30)
#: First wait after a temporary refusal; greylisting asks for five minutes and more. Doubled with each attempt.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One notice and what became of it, for the run's table."""

    notice: str
    unit: str
    outcome: str
    reason: str = ""


@dataclass(kw_only=True)
class DeliveryReport:
    """What a delivery did. `waiting_for` names sweeps that hold the morning mails back; `alarm` stopped the queue."""

    day: date
    working_day: bool
    mails: int = 0
    lines: list[Line] = field(default_factory=list)
    waiting_for: tuple[str, ...] = ()
    undelivered: int = 0
    alarm: str = ""
    busy: bool = False

    @property
    def notices(self) -> dict[str, int]:
        """Count the notices by outcome."""
        return dict(Counter(line.outcome for line in self.lines))


@dataclass(frozen=True, kw_only=True)
class _Job:
    engine: Engine
    mailer: Mailer
    calendar: WorkingCalendar
    letterhead: Letterhead
    now: datetime
    report: DeliveryReport
    touched: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)

    @property
    def today(self) -> date:
        return self.report.day


async def deliver(
    engine: Engine, *, mailer: Mailer, calendar: WorkingCalendar, letterhead: Letterhead, now: datetime
) -> DeliveryReport:
    """Send what is owed; one sender at a time, any other returns at once with `busy`."""
    today = local_date(now)
    report = DeliveryReport(day=today, working_day=calendar.is_working(today))
    job = _Job(engine=engine, mailer=mailer, calendar=calendar, letterhead=letterhead, now=now, report=report)
    with delivery_lock(engine) as held:
        if not held:
            report.busy = True
            return report
        _recover(job)
        morning = report.working_day and _may_begin(job)
        again = True
        while again:
            _compose(job, morning=morning)
            again = await _send_all(job)
        _finish(job)
    return report


def _recover(job: _Job) -> None:
    """Take up what an earlier sender left: nobody else holds the lock, so a mail "being sent" was interrupted."""
    with writing(job.engine) as session:
        session.execute(
            update(Message)
            .where(col(Message.state) == MessageState.SENDING)
            .values(state=MessageState.STORED, uncertain=True)
        )
        ended = session.exec(
            select(Message).where(
                Message.state == MessageState.STORED,
                Message.kind == MessageKind.MORNING,
                Message.local_date < job.today,
            )
        ).all()
        for message in ended:
            release(session, message, MessageState.EXPIRED, now=job.now)


def _may_begin(job: _Job) -> bool:
    """Begin once every responsibility has its sweep, so that one mail holds everything; or at half past eight."""
    with reading(job.engine) as session:
        missing = unswept(session, job.today)
    job.report.waiting_for = tuple(missing) if local(job.now).time() < LATEST_BEGIN else ()
    return not job.report.waiting_for


def unswept(session: Session, today: date) -> list[str]:
    """Return the responsibilities of plans with an open year that have no sweep of the day."""
    rows = session.exec(
        select(Plan.slug, Responsibility.clause)
        .join(Responsibility, col(Responsibility.plan_id) == Plan.id)
        .where(
            col(Responsibility.retired_at).is_(None),
            select(Cycle.id)
            .where(Cycle.plan_id == Plan.id, Cycle.state == CycleState.OPEN, Cycle.opened_on <= today)
            .exists(),
            ~select(Sweep.id)
            .where(Sweep.plan_id == Plan.id, Sweep.clause == Responsibility.clause, Sweep.local_date == today)
            .exists(),
        )
        .order_by(col(Responsibility.id))
    )
    return [f"{plan} {clause}" for plan, clause in rows]


def _compose(job: _Job, *, morning: bool) -> None:
    """Store the mails that are owed and not yet made, each in a transaction of its own."""
    with writing(job.engine) as session:
        standing, ended = end_moot(session, now=job.now, today=job.today)
        found, unreachable = parcels(session, standing, today=job.today, now=job.now, morning=morning)
        served = addresses_served(session, job.today)
    job.touched.update(owed.notice.id or 0 for owed in (*ended, *unreachable))
    found = [
        parcel
        for parcel in found
        if parcel.kind is MessageKind.IMMEDIATE or normalised(parcel.contact.address) not in served
    ]
    with reading(job.engine) as session:
        owed = [owed for parcel in found for owed in parcel.owed]
        letters = Letters(session, owed, now=job.now, calendar=job.calendar, letterhead=job.letterhead)
        for parcel in found:
            _store(job, parcel, letters.letter(parcel))


def _store(job: _Job, parcel: Parcel, letter: Morning | Changed) -> None:
    """Render one mail and store it with its notices; a notice that was settled meanwhile voids the attempt."""
    header_id = make_msgid(domain=letter.sender.from_address.rpartition("@")[2])
    ids = [owed.notice.id or 0 for owed in parcel.owed]
    try:
        content = _bytes(letter, header_id)
    except DondocError as refusal:
        _fail(job, ids, str(refusal))
        return
    with writing(job.engine) as session:
        message = Message(
            kind=parcel.kind,
            address=normalised(parcel.contact.address),
            local_date=job.today,
            header_id=header_id,
            sender=letter.sender.from_address,
            content=content,
            made_at=job.now,
        )
        session.add(message)
        session.flush()
        taken = session.execute(
            update(Notice)
            .where(col(Notice.id).in_(ids), col(Notice.state) == NoticeState.OWED, col(Notice.message_id).is_(None))
            .values(message_id=message.id)
        )
        if taken.rowcount != len(ids):  # type: ignore[attr-defined]
            session.rollback()


def _bytes(letter: Morning | Changed, header_id: str) -> bytes:
    rendered = render_morning(letter) if isinstance(letter, Morning) else render_changed(letter)
    return build(
        rendered,
        reader=letter.reader,
        sender=letter.sender,
        message_id=header_id,
        date=letter.as_of,
        kind=MessageKind.MORNING if isinstance(letter, Morning) else MessageKind.IMMEDIATE,
        notice_keys=letter.notice_keys,
        ics=deadlines_ics(
            letter.items, reader=letter.reader, sender=letter.sender, as_of=letter.as_of, rehearsal=letter.rehearsal
        ),
    )


def _fail(job: _Job, ids: Sequence[int], reason: str) -> None:
    """One mail that cannot be made never holds up the rest."""
    with writing(job.engine) as session:
        notices = session.exec(select(Notice).where(col(Notice.id).in_(ids))).all()
        settle_notices(session, notices, NoticeState.FAILED, reason, now=job.now)
    job.touched.update(ids)


async def _send_all(job: _Job) -> bool:
    """Send every stored mail whose time has come; True when one was voided, so that its rest must be made anew."""
    with reading(job.engine) as session:
        ids = session.exec(
            select(Message.id)
            .where(
                Message.state == MessageState.STORED,
                or_(col(Message.not_before).is_(None), col(Message.not_before) <= job.now),
                col(Message.id).not_in(job.tried),
            )
            .order_by(col(Message.id))
        ).all()
    voided = False
    for identifier in ids:
        assert identifier is not None
        message = _claim(job, identifier)
        if message is None:
            voided = True
            continue
        job.tried.add(identifier)
        outcome = await job.mailer.send(sender=message.sender, recipient=message.address, content=message.content)
        _settle(job, identifier, outcome)
        if outcome.kind is OutcomeKind.DOWN:
            job.report.alarm = outcome.detail
            return False
    return voided


def _claim(job: _Job, identifier: int) -> Message | None:
    """Check all notices of the mail again and take it for sending; a mail that no longer tells the truth is voided.

    After an uncertain attempt, too, it is never sent again: what still holds of it goes into a new mail.
    """
    with writing(job.engine) as session:
        message = session.get_one(Message, identifier)
        notices = owed_notices(session, message_id=identifier)
        if on_hold(notices, held_units(session)):
            job.tried.add(identifier)  # it waits as it is until the hold is lifted
            return None
        endings = [(owed, ending(owed, job.today)) for owed in notices]
        if not any(end for _, end in endings):
            message.state, message.attempts = MessageState.SENDING, message.attempts + 1
            session.add(message)
            return message
        for owed, end in endings:
            if end is not None:
                settle_notices(session, [owed.notice], *end, now=job.now)
                job.touched.add(owed.notice.id or 0)
        session.flush()
        release(session, message, MessageState.VOID, now=job.now)
        return None


def _settle(job: _Job, identifier: int, outcome: Outcome) -> None:
    """Write down what became of one attempt."""
    with writing(job.engine) as session:
        message = session.get_one(Message, identifier)
        message.detail = outcome.detail
        if outcome.kind in _FINAL:
            message.state, notice_state = _FINAL[outcome.kind]
            message.settled_at = job.now
            _settle_notices(session, identifier, notice_state, outcome, job)
        else:
            message.state = MessageState.STORED
            message.uncertain = message.uncertain or outcome.kind is OutcomeKind.UNCERTAIN
            message.not_before = _next_attempt(message, outcome, job.now)
        session.add(message)


_FINAL = {
    OutcomeKind.ACCEPTED: (MessageState.SENT, NoticeState.SENT),
    OutcomeKind.REFUSED: (MessageState.FAILED, NoticeState.FAILED),
}


def _settle_notices(session: Session, identifier: int, state: NoticeState, outcome: Outcome, job: _Job) -> None:
    reason = outcome.detail if state is NoticeState.FAILED else ""
    ids = session.exec(select(Notice.id).where(Notice.message_id == identifier)).all()
    session.execute(
        update(Notice)
        .where(col(Notice.message_id) == identifier)
        .values(state=state, reason=reason, settled_at=job.now)
    )
    job.touched.update(found for found in ids if found is not None)
    job.report.mails += state is NoticeState.SENT


def _next_attempt(message: Message, outcome: Outcome, now: datetime) -> datetime | None:
    """Wait longer with each temporary refusal; a dropped connection is tried again with the next run."""
    if outcome.kind is not OutcomeKind.DEFERRED:
        return None
    wait: timedelta = min(FIRST_WAIT * 2 ** (message.attempts - 1), LONGEST_WAIT)
    return now + wait


def _finish(job: _Job) -> None:
    """Name every notice that got its outcome now, and count the mails that still wait."""
    with reading(job.engine) as session:
        job.report.undelivered = len(session.exec(select(Message.id).where(Message.state == MessageState.STORED)).all())
        job.report.lines = notice_lines(session, sorted(job.touched))


def notice_lines(session: Session, ids: Sequence[int]) -> list[Line]:
    """Return the notices with their lasting names and outcomes."""
    found = []
    for part in chunks(ids):
        notices = session.exec(select(Notice).where(col(Notice.id).in_(part)).order_by(col(Notice.id))).all()
        facts = {fact.assignment.id: fact for fact in facts_for(session, sorted({n.assignment_id for n in notices}))}
        names = _names(session, facts.values())
        for notice in notices:
            fact = facts[notice.assignment_id]
            name = f"{names[notice.assignment_id]}/v{notice.version}/{notice.rung}/{notice.audience}"
            found.append(Line(notice=name, unit=fact.assignment.unit_name, outcome=notice.state, reason=notice.reason))
    return found


def _names(session: Session, facts: Iterable[Fact]) -> dict[int, str]:
    cycles = {
        cycle.id: (plan, cycle.year)
        for cycle, plan in session.exec(select(Cycle, Plan.slug).join(Plan, col(Plan.id) == Cycle.plan_id))
    }
    return {fact.assignment.id or 0: assignment_name(*cycles[fact.assignment.cycle_id], fact) for fact in facts}
