"""Which mail came back, from whom, and why? A delivery status notification (RFC 3464), read as what a stranger wrote.

Anybody can send us one. So this only says what is claimed; who reads it must compare it with what was really sent. The
sentences for people, in whatever language, are never looked at, and neither is a notification inside another mail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from notifications.message import MESSAGE_ID
from notifications.smtp import NO_MAILBOX, short
from rules.errors import DondocError

#: Octets that are looked at. What counts stands before the returned mail's own body, which may be as long as it likes.
LONGEST = 256 * 1024

#: The standard parser takes the square of a Content-Type's length: two minutes for as much as is looked at.
_LONGEST_TYPE = 2_000
_TYPE = re.compile(rb"(?:\A|[\r\n])content-type:[^\r\n]*(?:(?:\r\n?|\n)[ \t][^\r\n]*)*", re.IGNORECASE)
_STATUS = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
_IN_REPLY = re.compile(r"5[0-9][0-9][ -](5\.[0-9]{1,3}\.[0-9]{1,3})")


class UnreadableError(DondocError):
    """This message cannot be read as a mail."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recipient whom the mail did not reach and will not.

    `recipients`: his address at the end of the way and, where it was told, as the sender wrote it. `no_mailbox`: the
    status says that there is no such mailbox; of the others a filter, a full mailbox or a fault on the way, perhaps a
    passing one (4.x.x) for which the mail server has given up, may be the reason. `why` is one line.
    """

    recipients: frozenset[str]
    no_mailbox: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a notification says of one mail; nobody has failed where the mail is only late, or has arrived."""

    message_id: str
    failures: tuple[Failure, ...] = ()


def read_returned(content: bytes) -> Returned | None:
    """Return what came back, or None where this is no delivery status notification that names its mail."""
    beginning = content[:LONGEST]
    if any(len(found[0]) > _LONGEST_TYPE for found in _TYPE.finditer(beginning)):
        raise UnreadableError
    try:
        return _read(message_from_bytes(beginning))
    except Exception as fault:
        # The standard parser raises whatever it likes at what strangers write: TypeError, RecursionError, ….
        raise UnreadableError from fault


def _read(mail: Message) -> Returned | None:
    kind = mail.get_param("report-type", "")
    if mail.get_content_type() != "multipart/report" or str(kind).casefold() != "delivery-status":
        return None
    parts = _parts(mail)
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    message_id = next(filter(None, map(_message_id, parts)), None)
    if not statuses or message_id is None:
        return None
    return Returned(message_id=message_id, failures=tuple(_failures(statuses[0])))


def _message_id(part: Message) -> str | None:
    """Return the Message-ID of the returned mail, where this part is that mail or its headers."""
    headers = part.get_payload(decode=True) if part.get_content_type() == "text/rfc822-headers" else None
    if isinstance(headers, bytes):
        found = _field(message_from_bytes(headers), "Message-ID")
    elif part.get_content_type() == "message/rfc822":
        found = "".join(_field(original, "Message-ID") for original in _parts(part))
    else:
        return None
    return found if MESSAGE_ID.fullmatch(found) else None


def _failures(status: Message) -> Iterator[Failure]:
    """Yield the recipients whose action is `failed`; the first block of fields is about the mail as a whole."""
    for block in _parts(status)[1:]:
        said = _STATUS.match(_field(block, "Status"))
        if _field(block, "Action").casefold() != "failed" or said is None:
            continue
        diagnosis = _typed(_field(block, "Diagnostic-Code"), fold=False)
        # Exim gives every refusal the status 5.0.0; the reply itself may say more.
        told = _IN_REPLY.match(diagnosis) if said[0] == "5.0.0" else None
        addresses = {_typed(_field(block, name)) for name in ("Final-Recipient", "Original-Recipient")}
        yield Failure(
            recipients=frozenset(addresses - {""}),
            no_mailbox=NO_MAILBOX.match(told[1] if told else said[0]) is not None,
            why=short(f"{said[0]} {diagnosis}"),
        )


def _parts(mail: Message) -> list[Message]:
    return [part for part in mail.get_payload() if isinstance(part, Message)]


def _field(block: Message, name: str) -> str:
    return str(block.get(name, "")).strip()


def _typed(value: str, *, fold: bool = True) -> str:
    """Return what stands behind the type of an address or a diagnosis: `rfc822; a@example`, `smtp; 550 …`."""
    text = value.partition(";")[2].strip()
    return text.strip("<>").casefold() if fold else text
