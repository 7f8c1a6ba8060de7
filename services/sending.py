"""Stored mails go out: checked again, claimed, sent outside any transaction, settled."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, or_, select

from models import Message, Notice
from models.database import reading, writing
from notifications.mailer import Outcome, OutcomeKind
from rules.vocabulary import MessageKind, MessageState, NoticeState
from services.delivery_job import Job
from services.outbox import Readers, ending, owed_notices, release, settle, waiting_on

#: First wait after a temporary refusal; greylisting asks for five minutes and more. Doubled with each attempt.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=2)
#: Mails between two looks at what was stored meanwhile.
_LOOK_EVERY = 20


async def send_all(job: Job) -> bool:
    """Send every stored mail whose time has come; True when one was voided, so that its rest must be made anew."""
    with reading(job.engine) as session:
        ids = session.exec(
            select(Message.id)
            .where(
                Message.state == MessageState.STORED,
                or_(col(Message.not_before).is_(None), col(Message.not_before) <= job.now),
                col(Message.id).not_in(job.tried),
                *([col(Message.kind) == MessageKind.IMMEDIATE] if job.immediate_only else []),
            )
            .order_by(col(Message.id))
        ).all()
        readers = Readers(session, job.today)
    voided = False
    for identifier in _urgent_first(job, ids):
        message = _claim(job, readers, identifier)
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


def _urgent_first(job: Job, ids: Sequence[int | None]) -> Iterator[int]:
    """Yield the mails in their order; now and then those that answer somebody, stored meanwhile, come before the rest.

    A morning's mails can take long, and a sign-in link ends after an hour.
    """
    for place, identifier in enumerate(ids):
        if place and place % _LOOK_EVERY == 0:
            yield from _answers_stored(job, known=ids)
        if identifier is not None and identifier not in job.tried:
            yield identifier


def _answers_stored(job: Job, *, known: Sequence[int | None]) -> list[int]:
    with reading(job.engine) as session:
        rows = session.exec(
            select(Message.id)
            .where(
                Message.state == MessageState.STORED,
                Message.kind == MessageKind.IMMEDIATE,
                col(Message.not_before).is_(None),
                col(Message.id) > max((number for number in known if number), default=0),
            )
            .order_by(col(Message.id))
        ).all()
    return [number for number in rows if number is not None and number not in job.tried]


def _claim(job: Job, readers: Readers, identifier: int) -> Message | None:
    """Check all notices of the mail again and take it for sending.

    A mail that no longer tells the truth, or whose reader has changed, is voided. After an uncertain attempt, too, it
    is never sent again: what still holds of it goes into a new mail.
    """
    with writing(job.engine) as session:
        message = session.get_one(Message, identifier)
        notices = owed_notices(session, message_id=identifier)
        if message.not_after is not None and job.now >= message.not_after:
            release(session, message, MessageState.EXPIRED, now=job.now)
            return None
        waiting = waiting_on(session, job.today)
        kept = [owed for owed in notices if waiting.keeps(owed)]
        if (kept and len(kept) == len(notices)) or (None in waiting.held and message.kind is MessageKind.MORNING):
            job.tried.add(identifier)  # it waits as it is until the hold is lifted
            return None
        endings = [(owed, ending(owed, job.today, waiting.approvals)) for owed in notices]
        moved = any(readers.address(owed) != message.address for owed in notices)
        # One unit's rest must not keep the others from theirs: what is not kept goes into a mail of its own.
        if not moved and not kept and not any(end for _, end in endings):
            message.state, message.attempts = MessageState.SENDING, message.attempts + 1
            session.add(message)
            return message
        for owed, end in endings:
            if end is not None:
                settle(session, [owed.notice], *end, now=job.now)
                job.touched.add(owed.notice.id or 0)
        session.flush()
        release(session, message, MessageState.VOID, now=job.now)
        return None


def _settle(job: Job, identifier: int, outcome: Outcome) -> None:
    """Write down what became of one attempt."""
    with writing(job.engine) as session:
        message = session.get_one(Message, identifier)
        message.detail = outcome.detail
        if outcome.kind in _FINAL:
            message.state, notice_state = _FINAL[outcome.kind]
            message.settled_at, message.content = job.now, b""
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


def _settle_notices(session: Session, identifier: int, state: NoticeState, outcome: Outcome, job: Job) -> None:
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
