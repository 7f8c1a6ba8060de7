"""Which mails did not reach their reader, and since when is that known? Refused, given up, or returned days later."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, literal, or_
from sqlmodel import Session, col, select

from models import Event, Message
from rules.vocabulary import MessageKind, MessageState
from services.holds import held_units
from services.journal import record

_CAME_BACK = "came back"
_RETURN_OF_MAIL = and_(col(Event.subject) == col(Message.header_id), col(Event.action) == _CAME_BACK)


def note_return(session: Session, message: Message, *, no_mailbox: bool, now: datetime) -> None:
    """Write down when a mail came back, which may be days after it was settled, and what was said, believed or not."""
    record(session, now=now, actor="dondoc", action=_CAME_BACK, subject=message.header_id, no_mailbox=no_mailbox)


def said_missing(session: Session, sender: str, *, around: date, within: timedelta) -> set[str]:
    """Return the mailboxes which a returned mail of this sender says do not exist, of mails near that day."""
    rows = session.exec(
        select(Message.address, Event.detail)
        .join(Event, _RETURN_OF_MAIL)
        .where(Message.sender == sender, col(Message.local_date).between(around - within, around + within))
    )
    return {address for address, detail in rows if detail["no_mailbox"]}


def not_delivered(session: Session, since: datetime) -> ColumnElement[bool]:
    """Return the condition of mails of which it is known since then that they did not reach their reader.

    While all sending is held, a morning's mails that end with their day are meant to.
    """
    state, kind = col(Message.state), col(Message.kind)
    meant = and_(kind == MessageKind.MORNING, state == MessageState.EXPIRED, literal(None in held_units(session)))
    given_up = and_(state.in_((MessageState.FAILED, MessageState.EXPIRED)), ~meant, col(Message.settled_at) > since)
    returned = select(Event.id).where(_RETURN_OF_MAIL, col(Event.at) > since).exists()
    return or_(given_up, and_(state == MessageState.BOUNCED, returned))
