"""Returned mails as a mail server writes them, and a mailbox in which they lie."""

from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Engine
from sqlmodel import select

from models import Contact, Message
from models.database import reading
from services.bounces import Taken, take_in
from tests.integration.cast import at, messages


def notification(
    message: Message | None = None,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    recipient: str = "",
    message_id: str = "<1@konray.example>",
) -> bytes:
    """Return the notification that says what became of this mail, or of one that we never sent."""
    address = recipient or (message.address if message else "dau-moi.xa-dak-koi@konray.example")
    return (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.konray.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 User unknown\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message.header_id if message else message_id}\r\n\r\n--b--\r\n"
    ).encode()


def last_mail_to(engine: Engine, address: str) -> Message:
    return [message for message in messages(engine) if message.address == address][-1]


def comes_back(engine: Engine, address: str, day, *, hour: int = 9, minute: int = 0, **said: str) -> Taken:
    """Take in the notification about the last mail to an address."""
    return take_in(engine, notification(last_mail_to(engine, address), **said), now=at(day, hour, minute))


def unreachable(engine: Engine) -> list[str]:
    """Return the addresses from which mails come back."""
    with reading(engine) as session:
        rows = session.exec(select(Contact).order_by(Contact.id))  # type: ignore[arg-type]
        return [contact.address for contact in rows if contact.unreachable_since is not None]


@dataclass
class Mailbox:
    """A mailbox in memory."""

    mails: dict[str, bytes]
    read: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def unread(self) -> list[str]:
        return [number for number in self.mails if number not in self.read]

    def beginning(self, number: str, octets: int) -> bytes:
        self.asked.append((number, octets))
        return self.mails[number][:octets]

    def mark_read(self, number: str) -> None:
        self.read.append(number)
