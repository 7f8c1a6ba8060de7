"""Stored mails go out: checked again, claimed, sent outside any transaction, settled.

As many mails are under way as the mail server's client has connections. One transaction settles those that have come
back and claims the next in their place: a connection gets its next mail only when the outcome of the last is kept.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from random import Random
from typing import TypeAlias

from sqlalchemy import Row, bindparam, delete, or_, select, union, update
from sqlmodel import Session

from models.database import reading, writing
from models.tables import MESSAGE, MESSAGE_CONTENT, NOTICE, OVERVIEW
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import Audience, MessageKind, MessageState, NoticeState
from services.attempts import REFUSALS, Attempt, Mail
from services.bounces import refused
from services.delivery_job import Job
from services.outbox import Readers, Waiting, release, waiting_on
from services.owed import Owed, ending, owed_in

_SOON_SECONDS = 0.02
_DueRow: TypeAlias = Row[tuple[int, MessageKind, datetime | None]]


async def send_all(job: Job) -> bool:
    """Send every stored mail whose time has come; True when one was voided, so that its rest must be made anew."""
    round_ = await asyncio.to_thread(_Round, job)
    under_way: dict[asyncio.Task[Outcome], Mail] = {}
    returned: list[Attempt] = []
    try:
        while True:
            for mail in await asyncio.to_thread(round_.turn, returned, len(under_way)):
                under_way[asyncio.create_task(_sent(job, mail))] = mail
            if not under_way:
                await asyncio.to_thread(round_.end)
                return round_.voided and not job.trust.down
            returned = [Attempt(under_way.pop(task), task.result()) for task in await _back(under_way)]
    finally:
        # Only a fault leaves any: what becomes of their mails is uncertain, and the next delivery says so.
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _back(tasks: Iterable[asyncio.Task[Outcome]]) -> set[asyncio.Task[Outcome]]:
    """Wait for all that come back soon, so that one transaction settles them; a slow one holds up nobody."""
    ended, others = await asyncio.wait(tasks, timeout=_SOON_SECONDS)
    return ended or (await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED))[0]


async def _sent(job: Job, mail: Mail) -> Outcome:
    return await job.mailer.send(sender=mail.sender, recipient=mail.address, content=mail.content)


class _Round:
    """The mails of one round: which is next, what became of those that were sent."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.voided = False
        self._reached = False
        self._holding: dict[int, list[int]] = {}
        with reading(job.engine) as session:
            rows = list(session.connection().execute(_DUE, {"after": 0, "now": job.now}))
            some_were_put_off = session.connection().scalar(_TRIED) is not None
            office = set(session.connection().scalars(_TO_OFFICE)) if some_were_put_off else set()
        self._seen = max((row.id for row in rows), default=0)
        rows.reverse()
        if some_were_put_off:
            # Many dead mailboxes may stand before the living ones: each run that they stop tries others.
            Random(job.now.isoformat()).shuffle(rows)  # noqa: S311 - the same run again takes the same order
            # Units still come before the labour office.
            rows.sort(key=lambda row: row.id not in office)
        #: The next one is the last.
        self._due = [row.id for row in sorted(rows, key=_rank) if self._wanted(row)]

    @cached_property
    def _readers(self) -> Readers:
        with reading(self._job.engine) as session:
            return Readers(session, self._job.today)

    def _wanted(self, row: _DueRow) -> bool:
        immediate = row.kind is MessageKind.IMMEDIATE
        return row.id not in self._job.tried and (immediate or not self._job.immediate_only)

    def turn(self, returned: Sequence[Attempt], under_way: int) -> list[Mail]:
        """Settle what has come back and claim the mails to be sent in its place, in one transaction.

        The claim comes first: it locks assignments, and whoever locks those does so before their notices.
        """
        trust = self._job.trust
        self._reached |= bool(returned)
        # What was taken comes first: beside it a refusal is believed. A mail's last judgement is the one that stands.
        ordered = sorted(returned, key=lambda one: one.outcome.kind is not OutcomeKind.ACCEPTED)
        stands = {one.mail.id: one for attempt in ordered for one in trust.judged(*attempt)}
        self._job.report.alarm = trust.alarm or self._job.report.alarm
        return self._settled(list(stands.values()), self._width() - under_way)

    def end(self) -> None:
        """Settle what was doubted until now."""
        if rest := self._job.trust.rest():
            self._settled(rest, 0)

    def _settled(self, attempts: Sequence[Attempt], free: int) -> list[Mail]:
        for mail, outcome in attempts:
            if outcome.kind in REFUSALS:
                self._pass_on(mail, outcome)
        with writing(self._job.engine) as session:
            claimed = self._claim(session, free)
            self._settle(session, [one for one in attempts if one.outcome.kind not in REFUSALS])
        return claimed

    def _pass_on(self, mail: Mail, outcome: Outcome) -> None:
        """What this mail told is owed again; where another reads it instead, the next round makes his mail."""
        refused(self._job.engine, mail.id, outcome, now=self._job.now)
        self._job.touched.update(self._holding[mail.id])
        self.voided = True

    def _width(self) -> int:
        """How many mails may be under way: one until the server has answered, none once it is out of reach."""
        if self._job.trust.down:
            return 0
        return self._job.mailer.connections if self._reached else 1

    def _claim(self, session: Session, free: int) -> list[Mail]:
        """Take the next mails that still tell the truth."""
        if free <= 0:
            return []
        waiting = waiting_on(session, self._job.today)
        claimed: list[Mail] = []
        while len(claimed) < free and (numbers := self._next(session, free - len(claimed))):
            self._job.tried.update(numbers)
            mails = [Mail(*row) for row in session.connection().execute(_MAILS, {"mails": numbers})]
            owed = owed_in(session, [mail.id for mail in mails])
            self._holding.update({number: [one.id for one in notices] for number, notices in owed.items()})
            claimed += [mail for mail in mails if self._may_go(session, mail, owed[mail.id], waiting)]
        if claimed:
            session.connection().execute(_SENDING, {"mails": [mail.id for mail in claimed]})
        return claimed

    def _next(self, session: Session, count: int) -> list[int]:
        """Return the next mails, those that answer somebody first, also if they were stored meanwhile.

        A morning's mails can take long, and a sign-in link ends after an hour.
        """
        rows = session.connection().execute(_DUE, {"after": self._seen, "now": self._job.now}).all()
        self._seen = max((row.id for row in rows), default=self._seen)
        self._due += [row.id for row in reversed(rows) if _answers(row)]
        found = self._due[-count:][::-1]
        del self._due[-count:]
        return found

    def _may_go(self, session: Session, mail: Mail, notices: Sequence[Owed], waiting: Waiting) -> bool:
        """Check all notices of the mail again.

        A mail that no longer tells the truth, or whose reader has changed, is voided. After an uncertain attempt, too,
        it is never sent again: what still holds of it goes into a new mail.
        """
        job = self._job
        if not job.trust.lets(mail.sender):
            return False  # the next run tries it
        if mail.not_after is not None and job.now >= mail.not_after:
            # Word of a changed date that nobody refused is still to be told at once, in words of today.
            untried = bool(notices) and mail.attempts == 0
            return self._given_up(session, mail, MessageState.VOID if untried else MessageState.EXPIRED)
        kept = sum(waiting.keeps(owed) for owed in notices)
        if (kept and kept == len(notices)) or (None in waiting.held and mail.kind is MessageKind.MORNING):
            self.voided = True
            return False  # it waits as it is until the hold is lifted
        # One unit's rest must not keep the others from theirs: what is not kept goes into a mail of its own.
        if kept or any(
            self._readers.address(owed) != mail.address or ending(owed, job.today, waiting.approvals)
            for owed in notices
        ):
            return self._given_up(session, mail, MessageState.VOID)
        return True

    def _given_up(self, session: Session, mail: Mail, state: MessageState) -> bool:
        release(session, mail.id, state, now=self._job.now)
        self.voided = True
        return False

    def _settle(self, session: Session, attempts: Sequence[Attempt]) -> None:
        """Write down what became of some attempts."""
        job = self._job
        taken = [one for one in attempts if one.outcome.kind is OutcomeKind.ACCEPTED]
        waiting = [one for one in attempts if one.outcome.kind is not OutcomeKind.ACCEPTED]
        if taken:
            numbers = {"mails": [mail.id for mail, _ in taken]}
            replies = [{"mail": mail.id, "said": outcome.detail, "at": job.now} for mail, outcome in taken]
            session.connection().execute(_SENT, replies)
            session.connection().execute(_EMPTIED, numbers)
            session.connection().execute(_TOLD, {**numbers, "at": job.now})
        if waiting:
            session.connection().execute(_PUT_OFF, [_waits(one, job.now) for one in waiting])
        job.touched.update(number for mail, _ in taken for number in self._holding[mail.id])
        job.report.mails += len(taken)


#: The stored mails whose time has come, of those that were stored after one that is known.
_DUE = (
    select(MESSAGE.c.id, MESSAGE.c.kind, MESSAGE.c.not_before)
    .where(
        MESSAGE.c.state == MessageState.STORED,
        MESSAGE.c.id > bindparam("after"),
        or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= bindparam("now")),
    )
    .order_by(MESSAGE.c.id)
)
# A mail that was tried and waits, whether or not its time has come again.
_TRIED = select(MESSAGE.c.id).where(MESSAGE.c.state == MessageState.STORED, MESSAGE.c.not_before.is_not(None)).limit(1)
# The mails to the labour office, of notices or of the week's overview.
_TO_OFFICE = union(
    select(NOTICE.c.message_id)
    .join(MESSAGE, MESSAGE.c.id == NOTICE.c.message_id)
    .where(MESSAGE.c.state == MessageState.STORED, NOTICE.c.audience.in_((Audience.OFFICER, Audience.OFFICE_HEAD))),
    select(OVERVIEW.c.message_id),
)


def _answers(row: _DueRow) -> bool:
    """Say whether a mail answers somebody who waits for it: it goes before all others, but not once it was refused."""
    return row.kind is MessageKind.IMMEDIATE and row.not_before is None


def _rank(row: _DueRow) -> tuple[bool, float]:
    """Say how early a mail goes: what was not tried yet comes first, then what has waited longest.

    So a few mailboxes that made the server suspect do not stop the others' mails in each run anew.
    """
    return _answers(row), -row.not_before.timestamp() if row.not_before else 0.0


_CHOSEN = MESSAGE.c.id.in_(bindparam("mails", expanding=True))
# One that is no longer stored was taken by another sender: a database that was started anew has given our lock away.
_MAILS = (
    select(
        MESSAGE.c.id, MESSAGE.c.kind, MESSAGE.c.address, MESSAGE.c.sender, MESSAGE_CONTENT.c.content,
        MESSAGE.c.attempts, MESSAGE.c.uncertain, MESSAGE.c.not_after, MESSAGE.c.made_at,
    )
    .join(MESSAGE_CONTENT, MESSAGE_CONTENT.c.message_id == MESSAGE.c.id)
    .where(_CHOSEN, MESSAGE.c.state == MessageState.STORED)
    .order_by(MESSAGE.c.id)
    .with_for_update(of=MESSAGE)
)  # fmt: skip
_SENDING = update(MESSAGE).where(_CHOSEN).values(state=MessageState.SENDING, attempts=MESSAGE.c.attempts + 1)
_SENT = (
    update(MESSAGE)
    .where(MESSAGE.c.id == bindparam("mail"))
    .values(state=MessageState.SENT, detail=bindparam("said"), settled_at=bindparam("at"))
)
_EMPTIED = delete(MESSAGE_CONTENT).where(MESSAGE_CONTENT.c.message_id.in_(bindparam("mails", expanding=True)))
_TOLD = (
    update(NOTICE)
    .where(NOTICE.c.message_id.in_(bindparam("mails", expanding=True)))
    .values(state=NoticeState.SENT, reason="", settled_at=bindparam("at"))
)
_PUT_OFF = (
    update(MESSAGE)
    .where(MESSAGE.c.id == bindparam("mail"))
    .values(
        state=MessageState.STORED,
        detail=bindparam("said"),
        uncertain=bindparam("is_uncertain"),
        attempts=bindparam("attempts_made"),
        not_before=bindparam("next_attempt"),
    )
)


def _waits(attempt: Attempt, now: datetime) -> dict[str, object]:
    return {
        "mail": attempt.mail.id,
        "said": attempt.outcome.detail,
        "is_uncertain": attempt.mail.uncertain or attempt.outcome.kind is OutcomeKind.UNCERTAIN,
        "attempts_made": attempt.attempts,
        "next_attempt": attempt.next_try(now),
    }
