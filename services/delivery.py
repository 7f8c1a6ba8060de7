"""Mails go out: gather per person, check again, render, store, send, settle.

Bytes and Message-ID are stored in one transaction before anything is sent; sending happens outside any transaction; the
outcome is settled after. A crash between the mail server's acceptance and our commit repeats that one mail, with the
same Message-ID (docs/decisions.md, "A missing reminder is worse than a repeated one").
"""

from collections.abc import Collection
from datetime import date, datetime, time

from sqlalchemy import Engine, func, or_, update
from sqlmodel import Session, col, select

from models import Cycle, CycleState, Message, Plan, Responsibility, Sweep
from models.database import delivery_lock, reading, writing
from notifications.mailer import Mailer
from rules.moments import local, local_date
from rules.vocabulary import MessageKind, MessageState
from rules.workdays import WorkingCalendar
from services.attempts import LONGEST_WAIT, Trust
from services.composing import compose
from services.delivery_job import DeliveryReport, Job, notice_lines, outcomes
from services.holds import held_units
from services.letters import Letterhead
from services.outbox import Readers, release, waiting_on
from services.owed import owed_notices
from services.sending import send_all

#: Mails begin once every responsibility has its sweep of the day, or at this hour, whatever is missing.
LATEST_BEGIN = time(8, 30)


async def deliver(
    engine: Engine,
    *,
    mailer: Mailer,
    calendar: WorkingCalendar,
    letterhead: Letterhead,
    now: datetime,
    immediate_only: bool = False,
    came_back: Collection[int] = (),
) -> DeliveryReport:
    """Send what is owed; one sender at a time, any other returns at once with `busy`.

    `came_back` are notices whose mails have just come back: the report says what became of them, too.
    With `immediate_only` just what answers somebody's act goes out, at any hour: morning mails keep to the morning.
    """
    today = local_date(now)
    report = DeliveryReport(day=today, working_day=calendar.is_working(today))
    job = Job(
        engine=engine,
        mailer=mailer,
        calendar=calendar,
        letterhead=letterhead,
        now=now,
        report=report,
        trust=Trust(engine, now),
        immediate_only=immediate_only,
        touched=set(came_back),
    )
    with delivery_lock(engine) as held:
        if not held:
            report.busy = True
            return report
        _recover(job)
        morning = not immediate_only and report.working_day and _may_begin(job)
        again = True
        while again:
            left_out = compose(job, morning=morning)
            again = await send_all(job) or left_out
        _finish(job)
    return report


def immediate_waiting(session: Session, now: datetime) -> bool:
    """Say whether something immediate is to be sent: a stored mail whose time has come, or word that does not wait.

    A mail "being sent" is one that another sender has in hand, or that a fault has left so.
    """
    stored = select(Message.id).where(
        Message.kind == MessageKind.IMMEDIATE,
        col(Message.state).in_((MessageState.STORED, MessageState.SENDING)),
        or_(col(Message.not_before).is_(None), col(Message.not_before) <= now),
    )
    if session.exec(stored).first() is not None:
        return True
    untold, today = owed_notices(session, immediate_only=True), local_date(now)
    if not untold:
        return False
    waiting, readers = waiting_on(session, today), Readers(session, today)
    return any(readers.of(owed) is not None and not waiting.keeps(owed) for owed in untold)


def _recover(job: Job) -> None:
    """Take up what an earlier sender left: nobody else holds the lock, so a mail "being sent" was interrupted.

    A morning's mail ends with its day, or when that is ordered to be a day off; one of a day to come, or one that waits
    for longer than any does, was made while the machine's clock was ahead.
    """
    with writing(job.engine) as session:
        session.execute(
            update(Message)
            .where(col(Message.state) == MessageState.SENDING)
            .values(state=MessageState.STORED, uncertain=True)
        )
        session.execute(
            update(Message)
            .where(col(Message.state) == MessageState.STORED, col(Message.not_before) > job.now + LONGEST_WAIT)
            .values(not_before=None)
        )
        ended = select(Message.id).where(Message.state == MessageState.STORED, Message.kind == MessageKind.MORNING)
        if job.report.working_day:
            ended = ended.where(Message.local_date != job.today)
        for number in session.exec(ended).all():
            release(session, number or 0, MessageState.EXPIRED, now=job.now)


def _may_begin(job: Job) -> bool:
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


def _finish(job: Job) -> None:
    """Name the notices that got their outcome now, and count the mails that still wait."""
    with reading(job.engine) as session:
        stored = select(func.count()).select_from(Message).where(col(Message.state) == MessageState.STORED)
        job.report.undelivered = session.exec(stored).one()
        job.report.held = None in held_units(session)
        touched = sorted(job.touched)
        job.report.notices, job.report.lines = outcomes(session, touched), notice_lines(session, touched)
