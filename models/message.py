"""What was mailed: the bytes, their Message-ID, the attempts and how it ended."""

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.columns import stored
from rules.vocabulary import MessageKind, MessageState

_ONE_A_DAY = text("kind = 'morning' AND state IN ('stored', 'sending', 'sent', 'failed', 'bounced')")


class Message(SQLModel, table=True):
    """One mail to one address. The database itself refuses a second morning mail to an address on one day.

    `subject` and `text` keep what it said, without its reader's own link. `assignment_id`: the one assignment that an
    answer is about. `not_after`: the moment from which the mail would be useless (a sign-in link's end) or is given up.
    """

    __table_args__ = (
        Index(
            "uq_message_morning",
            "address",
            "local_date",
            unique=True,
            sqlite_where=_ONE_A_DAY,
            postgresql_where=_ONE_A_DAY,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: MessageKind = Field(sa_type=stored(MessageKind))
    address: str
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id", index=True)
    local_date: date
    header_id: str = Field(unique=True)
    sender: str
    subject: str = ""
    text: str = ""
    state: MessageState = Field(default=MessageState.STORED, sa_type=stored(MessageState), index=True)
    attempts: int = 0
    uncertain: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    detail: str = ""
    made_at: datetime
    settled_at: datetime | None = None


class MessageContent(SQLModel, table=True):
    """The bytes of a mail, until it is settled: they hold its reader's own link.

    They stand apart because a message's state changes at each step, and its row would be written anew with all of them.
    """

    message_id: int = Field(foreign_key="message.id", primary_key=True)
    content: bytes
