"""Which bytes go to the mail server? Equal input gives equal bytes, so that a retry is the same mail.

The legacy MIME classes are used on purpose: with their own policy they build and serialise a mail in well under half
the time that `EmailMessage` takes, and base64 bodies are 7-bit clean in either.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from hashlib import sha256

from notifications.addresses import HeaderRefusedError, checked_address
from notifications.content import Reader, Rendered, Sender
from notifications.rendering import one_line
from rules.vocabulary import MessageKind

_POLICY = compat32.clone(linesep="\r\n", cte_type="7bit")
_TOKEN = re.compile(r"[!-~]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


def build(
    rendered: Rendered,
    *,
    reader: Reader,
    sender: Sender,
    message_id: str,
    date: datetime,
    kind: MessageKind,
    notice_keys: Sequence[str] = (),
    ics: bytes | None = None,
) -> bytes:
    """Return the whole mail, 7-bit clean, lines ended by CRLF.

    `X-Dondoc-Notice` stands once for each notice that this mail settles: whoever holds the mail can trace it back.
    """
    mail = _body(rendered, _checked(_MESSAGE_ID, message_id, "Message-ID"), ics)
    mail["From"] = _mailbox(sender.office_short, sender.from_address)
    mail["To"] = _mailbox(reader.display, reader.address)
    mail["Reply-To"] = checked_address(sender.reply_to)
    mail["Subject"] = _encoded(one_line(rendered.subject), "Subject")
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id
    mail["Content-Language"] = reader.language
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Dondoc-Kind"] = kind
    for key in notice_keys:
        mail["X-Dondoc-Notice"] = _checked(_TOKEN, key, "notice key")
    return mail.as_bytes()


def _body(rendered: Rendered, message_id: str, ics: bytes | None) -> MIMEMultipart:
    digest = sha256(message_id.encode("ascii")).hexdigest()[:32]
    words = MIMEMultipart("alternative", boundary=f"words-{digest}", policy=_POLICY)
    words.attach(_text(rendered.text, "plain"))
    words.attach(_text(rendered.html, "html"))
    if ics is None:
        return words
    mixed = MIMEMultipart("mixed", boundary=f"mixed-{digest}", policy=_POLICY)
    mixed.attach(words)
    mixed.attach(_calendar(ics))
    return mixed


def _text(text: str, subtype: str) -> MIMEText:
    part = MIMEText("\r\n".join(text.splitlines()) + "\r\n", subtype, "utf-8", policy=_POLICY)
    del part["MIME-Version"]
    return part


def _calendar(ics: bytes) -> MIMEBase:
    part = _text(ics.decode("utf-8"), "calendar")
    part.set_param("method", "PUBLISH")
    part.add_header("Content-Disposition", "attachment", filename="thoi-han.ics")
    return part


def _mailbox(name: str, address: str) -> str:
    """Return name and address; a name that is not ASCII becomes as many encoded words as it needs (RFC 2047)."""
    checked, plain = checked_address(address), one_line(name)
    if plain.isascii():
        return formataddr((plain, checked))
    return f"{_encoded(plain, 'Reply-To')} <{checked}>"


def _encoded(text: str, header: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", header_name=header).encode(linesep=_POLICY.linesep)


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise HeaderRefusedError(f"not a valid {what}: {value!r}")
    return value
