"""A mail came back, or found no mailbox: it does not count, nobody is written to there, and what holds is owed again.

A notification is believed only as far as it fits what we did: it must name a mail that was sent, by the Message-ID that
only its reader and the servers on the way have seen, and the address it was sent to. Told twice, it changes nothing.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import SystemRandom

from sqlalchemy import Engine, String, cast, delete, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from models import Assignment, Contact, Event, Installation, Message, MessageContent, Notice, Overview
from models.database import writing
from notifications.dsn import LONGEST, Failure, Returned, UnreadableError, read_returned
from notifications.imap import ReturnedMails
from notifications.smtp import Outcome, OutcomeKind
from rules.moments import local_date
from rules.vocabulary import MessageState, NoticeState
from services.approvals import approvals_of
from services.delivery_job import names_of
from services.facts import facts_for
from services.journal import record
from services.owed import ending, owe_again, owed_in, settle
from services.undelivered import note_return, said_missing

#: Notifications that one look takes in, so that a flood of forged ones holds nothing up. Which ones is left to chance:
#: whatever their order, real ones behind a flood would never be seen.
_AT_ONCE = 500
_CHANCE = SystemRandom()
#: From so many mailboxes of a week it is believed in any case that mails come back, beyond that from one of so many.
_ALWAYS_BELIEVED, _BELIEVED_PART, _WEEK = 2, 3, timedelta(days=7)


class Taken(StrEnum):
    """What a notification meant to us."""

    BOUNCED = "bounced"
    #: Mails come back from so many mailboxes that the mail server is suspected: the mailbox is not marked.
    DOUBTED = "bounced, doubted"
    KNOWN = "known already"
    NO_FAILURE = "no failure"
    NOT_OURS = "not ours"
    #: The mail is just being sent: ask again when it is settled.
    TOO_EARLY = "too early"


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """What one look at the mailbox found.

    `unreadable` are the numbers of those that were left there, `owed_again` the notices that mails have not told.
    """

    taken: Counter[Taken] = field(default_factory=Counter)
    unreadable: tuple[str, ...] = ()
    owed_again: frozenset[int] = frozenset()


def take_in_all(engine: Engine, mails: ReturnedMails, *, now: datetime) -> Emptied:
    """Take in what lies unread. Only what is about a mail of ours is marked as read, once the database has it."""
    taken: Counter[Taken] = Counter()
    unreadable = []
    owed_again: set[int] = set()
    unread = mails.unread()
    for place in sorted(_CHANCE.sample(range(len(unread)), min(len(unread), _AT_ONCE))):
        number = unread[place]
        try:
            outcome, untold = _taken_in(engine, mails.beginning(number, LONGEST), now)
        except UnreadableError:
            unreadable.append(number)
            continue
        taken[outcome] += 1
        owed_again.update(untold)
        if outcome in (Taken.BOUNCED, Taken.DOUBTED, Taken.KNOWN, Taken.NO_FAILURE):
            mails.mark_read(number)
    return Emptied(taken=taken, unreadable=tuple(unreadable), owed_again=frozenset(owed_again))


def take_in(engine: Engine, content: bytes, *, now: datetime) -> Taken:
    """Take in one notification, in one transaction."""
    return _taken_in(engine, content, now)[0]


def _taken_in(engine: Engine, content: bytes, now: datetime) -> tuple[Taken, list[int]]:
    """Return what it meant, and the notices that are owed again."""
    returned = read_returned(content)
    if returned is None:
        return Taken.NOT_OURS, []
    with writing(engine) as session:
        message = session.exec(
            select(Message).where(Message.header_id == returned.message_id).with_for_update()
        ).one_or_none()
        if message is None:
            return Taken.NOT_OURS, []
        failure = _of_reader(returned, message)
        if failure is None:
            return Taken.NO_FAILURE, []
        if message.state in (MessageState.STORED, MessageState.SENDING):
            return Taken.TOO_EARLY, []
        if message.state is not MessageState.SENT:
            return Taken.KNOWN, []
        doubted = failure.no_mailbox and _doubted(session, message)
        note_return(session, message, no_mailbox=failure.no_mailbox, now=now)
        if doubted:
            failure = replace(failure, no_mailbox=False)
        untold = _not_told(session, message, failure, (MessageState.BOUNCED, NoticeState.BOUNCED), now)
        return Taken.DOUBTED if doubted else Taken.BOUNCED, untold


def refused(engine: Engine, message_id: int, outcome: Outcome, *, now: datetime) -> None:
    """Take in that the mail server refused this mail for good while it was being given it."""
    with writing(engine) as session:
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state not in (MessageState.STORED, MessageState.SENDING):
            return  # another sender, to whom our lock was given away, has had it
        message.settled_at = now
        session.execute(delete(MessageContent).where(col(MessageContent.message_id) == message_id))
        failure = Failure(
            recipients=frozenset({message.address}),
            no_mailbox=outcome.kind is OutcomeKind.UNREACHABLE,
            why=outcome.detail,
        )
        _not_told(session, message, failure, (MessageState.FAILED, NoticeState.FAILED), now)


def _of_reader(returned: Returned, message: Message) -> Failure | None:
    return next((failure for failure in returned.failures if message.address in failure.recipients), None)


def _doubted(session: Session, message: Message) -> bool:
    """Say whether too many of the sender's mailboxes of these weeks are said not to exist to believe it of this one.

    A server can take every mail and return it, because it has lost its list of mailboxes: an office would be silenced.
    A full mailbox or a filter says nothing of that.
    """
    # One after the other: notifications read at once would each see none before it.
    session.exec(select(Installation.id).with_for_update()).all()
    handed_over = session.exec(
        select(func.count(col(Message.address).distinct())).where(
            Message.sender == message.sender,
            col(Message.local_date).between(message.local_date - _WEEK, message.local_date + _WEEK),
            col(Message.state).in_((MessageState.SENT, MessageState.BOUNCED)),
        )
    ).one()
    missing = said_missing(session, message.sender, around=message.local_date, within=_WEEK) | {message.address}
    return len(missing) > max(_ALWAYS_BELIEVED, handed_over // _BELIEVED_PART)


def _not_told(
    session: Session, message: Message, failure: Failure, end: tuple[MessageState, NoticeState], now: datetime
) -> list[int]:
    """End the mail and those of its notices that no longer hold; the others, which are returned, are owed again."""
    message.state, message.detail = end[0], failure.why
    session.add(message)
    session.execute(delete(Overview).where(col(Overview.message_id) == message.id))
    if failure.no_mailbox:
        _mark_unreachable(session, message, failure, now)
    return _owe_again(session, message, failure, end[1], now)


def _mark_unreachable(session: Session, message: Message, failure: Failure, now: datetime) -> None:
    """Mark the mailbox wherever it stands, for it may serve several roles or units; an ended contact is left alone.

    So is one that somebody has declared to work again after a mail was handed over that came back only now.
    """
    believed = select(Event.id).where(
        message.state is MessageState.BOUNCED,
        Event.action == "reachable",
        Event.subject == literal("contact:") + cast(Contact.id, String),
        col(Event.at) > message.settled_at,
    )
    rows = session.exec(
        select(Contact).where(
            func.lower(col(Contact.address)) == message.address,
            ~believed.exists(),
            or_(col(Contact.valid_to).is_(None), col(Contact.valid_to) >= local_date(now)),
            col(Contact.unreachable_since).is_(None),
        )
    )
    for contact in rows:
        contact.unreachable_since, contact.unreachable_why = now, failure.why
        session.add(contact)
        record(session, now=now, actor="dondoc", action="unreachable", subject=f"contact:{contact.id}")


def _owe_again(session: Session, message: Message, failure: Failure, end: NoticeState, now: datetime) -> list[int]:
    """What the mail told has not been told: what still holds is owed again, to whoever reads now; returns which.

    A rung that a stronger one has followed meanwhile is not: of several missed ones only the strongest is owed.
    """
    of_message = col(Notice.message_id) == message.id
    # A sweep, or a report that is just coming in, holds the same assignments.
    session.exec(
        select(Assignment.id)
        .where(col(Assignment.id).in_(select(Notice.assignment_id).where(of_message)))
        .order_by(col(Assignment.id))
        .with_for_update()
    ).all()
    overtaken, approvals = _overtaken(session, message), approvals_of(session)
    # Where the same reader is written to again, it waits for his next morning mail.
    reason = "" if failure.no_mailbox else failure.why or end
    told = owed_in(session, [message.id or 0])[message.id or 0]
    names = names_of(session, facts_for(session, sorted({owed.assignment_id for owed in told})))
    untold = []
    for owed in told:
        record(
            session,
            now=now,
            actor="dondoc",
            action=end,
            subject=names[owed.assignment_id],
            rung=owed.rung,
            audience=owed.audience,
            message=message.id,
        )
        again = owed._replace(state=NoticeState.OWED)
        if owed.id in overtaken or ending(again, local_date(now), approvals) is not None:
            settle(session, [owed.id], end, failure.why, now=now)
        else:
            owe_again(session, owed.id, reason)
            untold.append(owed.id)
    return untold


def _overtaken(session: Session, message: Message) -> set[int | None]:
    """Return the mail's notices that a later rung to the same reader has followed."""
    later = aliased(Notice)
    rows = session.exec(
        select(Notice.id)
        .join(
            later,
            (col(later.assignment_id) == Notice.assignment_id)
            & (col(later.version) == Notice.version)
            & (col(later.audience) == Notice.audience)
            & (col(later.due_on) > col(Notice.due_on)),
        )
        .where(Notice.message_id == message.id, later.state != NoticeState.SUPERSEDED)
    )
    return set(rows)
