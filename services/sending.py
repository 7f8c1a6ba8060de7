"""Stored mails go out: checked again, claimed, sent outside any transaction, settled.

As many mails are under way as the mail server's client has connections. One transaction settles those that have come
back and claims the next in their place: a connection gets its next mail only when the outcome of the last is kept.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, or_, select

from models import Message, Notice
from models.database import reading, writing
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageKind, MessageState, NoticeState
from services.delivery_job import Job
from services.outbox import Owed, Readers, Waiting, ending, owed_in, release, settle, waiting_on

#: First wait after a temporary refusal; greylisting asks for five minutes and more. Doubled with each attempt.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=2)
_SOON_SECONDS = 0.02


async def send_all(job: Job) -> bool:
    """Send every stored mail whose time has come; True when one was voided, so that its rest must be made anew."""
    round_ = await asyncio.to_thread(_Round, job)
    under_way: dict[asyncio.Task[Outcome], Message] = {}
    returned: list[tuple[Message, Outcome]] = []
    try:
        while True:
            for message in await asyncio.to_thread(round_.turn, returned, len(under_way)):
                under_way[asyncio.create_task(_sent(job, message))] = message
            if not under_way:
                return round_.voided and not job.report.alarm
            returned = [(under_way.pop(task), task.result()) for task in await _ended(under_way)]
    finally:
        # Only a fault leaves any: what becomes of their mails is uncertain, and the next delivery says so.
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _ended(tasks: Iterable[asyncio.Task[Outcome]]) -> set[asyncio.Task[Outcome]]:
    """Wait for all that come back soon, so that one transaction settles them; a slow one holds up nobody."""
    ended, others = await asyncio.wait(tasks, timeout=_SOON_SECONDS)
    return ended or (await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED))[0]


async def _sent(job: Job, message: Message) -> Outcome:
    return await job.mailer.send(sender=message.sender, recipient=message.address, content=message.content)


class _Round:
    """The mails of one round: which is next, what became of those that were sent."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.voided = False
        self._reached = False
        with reading(job.engine) as session:
            self._readers = Readers(session, job.today)
            due = session.exec(
                select(Message.id)
                .where(*_stored(job), or_(col(Message.not_before).is_(None), col(Message.not_before) <= job.now))
                .order_by(col(Message.id).desc())
            )
            self._due = [number for number in due if number is not None and number not in job.tried]

    def turn(self, returned: Sequence[tuple[Message, Outcome]], under_way: int) -> list[Message]:
        """Settle what has come back and claim the mails to be sent in its place, in one transaction."""
        job = self._job
        for _, outcome in returned:
            self._reached = True
            if outcome.kind is OutcomeKind.DOWN:
                job.report.alarm = outcome.detail
        with writing(job.engine) as session:
            _settle(session, returned, job)
            return self._claim(session, self._width() - under_way)

    def _width(self) -> int:
        """How many mails may be under way: one until the server has answered, none once it is out of reach."""
        if self._job.report.alarm:
            return 0
        return self._job.mailer.connections if self._reached else 1

    def _claim(self, session: Session, free: int) -> list[Message]:
        waiting = waiting_on(session, self._job.today)
        claimed: list[Message] = []
        while len(claimed) < free and (numbers := self._next(session, free - len(claimed))):
            self._job.tried.update(numbers)
            messages = session.exec(select(Message).where(col(Message.id).in_(numbers)).order_by(col(Message.id))).all()
            owed = owed_in(session, numbers)
            for message in messages:
                if _claimed(session, self._job, message, owed[message.id or 0], waiting, self._readers):
                    claimed.append(message)
                else:
                    self.voided = True
        session.flush()
        return claimed

    def _next(self, session: Session, count: int) -> list[int]:
        """Return the next mails, those that answer somebody first, also if they were stored meanwhile.

        A morning's mails can take long, and a sign-in link ends after an hour.
        """
        answers = session.exec(
            select(Message.id)
            .where(*_stored(self._job), Message.kind == MessageKind.IMMEDIATE, col(Message.not_before).is_(None))
            .order_by(col(Message.id))
        )
        found = [number for number in answers if number is not None and number not in self._job.tried][:count]
        while self._due and len(found) < count:
            number = self._due.pop()
            if number not in self._job.tried and number not in found:
                found.append(number)
        return found


def _stored(job: Job) -> list[ColumnElement[bool]]:
    immediate = [col(Message.kind) == MessageKind.IMMEDIATE] if job.immediate_only else []
    return [col(Message.state) == MessageState.STORED, *immediate]


def _claimed(
    session: Session, job: Job, message: Message, notices: Sequence[Owed], waiting: Waiting, readers: Readers
) -> bool:
    """Check all notices of the mail again and take it for sending.

    A mail that no longer tells the truth, or whose reader has changed, is voided. After an uncertain attempt, too, it
    is never sent again: what still holds of it goes into a new mail.
    """
    if message.not_after is not None and job.now >= message.not_after:
        release(session, message, MessageState.EXPIRED, now=job.now)
        return False
    kept = [owed for owed in notices if waiting.keeps(owed)]
    if (kept and len(kept) == len(notices)) or (None in waiting.held and message.kind is MessageKind.MORNING):
        return False  # it waits as it is until the hold is lifted
    endings = [(owed, ending(owed, job.today, waiting.approvals)) for owed in notices]
    moved = any(readers.address(owed) != message.address for owed in notices)
    # One unit's rest must not keep the others from theirs: what is not kept goes into a mail of its own.
    if not moved and not kept and not any(end for _, end in endings):
        message.state, message.attempts = MessageState.SENDING, message.attempts + 1
        session.add(message)
        return True
    for owed, end in endings:
        if end is not None:
            settle(session, [owed.notice], *end, now=job.now)
            job.touched.add(owed.notice.id or 0)
    session.flush()
    release(session, message, MessageState.VOID, now=job.now)
    return False


def _settle(session: Session, returned: Sequence[tuple[Message, Outcome]], job: Job) -> None:
    """Write down what became of some attempts."""
    ended = [(message, outcome) for message, outcome in returned if outcome.kind in _FINAL]
    waiting = [(message, outcome) for message, outcome in returned if outcome.kind not in _FINAL]
    if ended:
        rows = [
            {
                "id": message.id,
                "state": _FINAL[outcome.kind][0],
                "detail": outcome.detail,
                "settled_at": job.now,
                "content": b"",
            }
            for message, outcome in ended
        ]
        session.execute(update(Message), rows)
        _settle_notices(session, ended, job)
    if waiting:
        rows = [
            {
                "id": message.id,
                "state": MessageState.STORED,
                "detail": outcome.detail,
                "uncertain": message.uncertain or outcome.kind is OutcomeKind.UNCERTAIN,
                "not_before": _next_attempt(message, outcome, job.now),
            }
            for message, outcome in waiting
        ]
        session.execute(update(Message), rows)


_FINAL = {
    OutcomeKind.ACCEPTED: (MessageState.SENT, NoticeState.SENT),
    OutcomeKind.REFUSED: (MessageState.FAILED, NoticeState.FAILED),
}


def _settle_notices(session: Session, ended: Sequence[tuple[Message, Outcome]], job: Job) -> None:
    outcomes = {message.id: outcome for message, outcome in ended}
    notices = session.execute(
        select(Notice.id, Notice.message_id).where(col(Notice.message_id).in_(outcomes)).order_by(col(Notice.id))
    ).all()
    rows = []
    for number, message_id in notices:
        outcome = outcomes[message_id]
        state = _FINAL[outcome.kind][1]
        reason = outcome.detail if state is NoticeState.FAILED else ""
        rows.append({"id": number, "state": state, "reason": reason, "settled_at": job.now})
    if rows:
        session.execute(update(Notice), rows)
    job.touched.update(row["id"] for row in rows)
    job.report.mails += sum(outcome.kind is OutcomeKind.ACCEPTED for _, outcome in ended)


def _next_attempt(message: Message, outcome: Outcome, now: datetime) -> datetime | None:
    """Wait longer with each temporary refusal; a dropped connection is tried again with the next run."""
    if outcome.kind is not OutcomeKind.DEFERRED:
        return None
    wait: timedelta = min(FIRST_WAIT * 2 ** (message.attempts - 1), LONGEST_WAIT)
    return now + wait
