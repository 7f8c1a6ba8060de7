"""Which bytes go to the mail server? Equal input gives equal bytes, so that a retry is the same mail.

The library encodes and folds what must be; the rest is put together here, since all parts are base64: the library's
generator would look through every line of them, which costs more than all the rest of a mail.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from email.base64mime import header_encode
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime, formataddr
from functools import lru_cache
from hashlib import sha256

from notifications.addresses import HeaderRefusedError, checked_address
from notifications.content import Reader, Rendered, Sender
from notifications.octets import pieces
from notifications.rendering import one_line
from rules.vocabulary import MessageKind

_POLICY = compat32.clone(linesep="\r\n", cte_type="7bit")
_LINE = 78  # characters (RFC 5322, 2.1.1)
_WORD = 39  # bytes, in base64 behind "Reply-To: " no more than the 76 characters of a line (RFC 2047, 2)
_CODED = 76  # characters of base64 in a line (RFC 2045, 6.8)
_KEYS = 500
_TOKEN = re.compile(r"[!-~]+")
MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


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

    `X-Dondoc-Notice` stands once for each notice that this mail settles: whoever holds the mail can trace it back. Of a
    great many only the first are named, and `X-Dondoc-Notices-More` counts the others: servers limit all headers
    together (Postfix to 100 KB), and the Message-ID leads to them all the same.
    """
    headers = (
        ("MIME-Version", "1.0"),
        ("From", _mailbox(sender.office_short, sender.from_address)),
        ("To", _mailbox(reader.display, reader.address)),
        ("Reply-To", checked_address(sender.reply_to)),
        ("Subject", _encoded(one_line(rendered.subject))),
        ("Date", format_datetime(date)),
        ("Message-ID", _checked(MESSAGE_ID, message_id, "Message-ID")),
        ("Content-Language", str(reader.language)),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Dondoc-Kind", str(kind)),
        *(("X-Dondoc-Notice", _checked(_TOKEN, key, "notice key")) for key in notice_keys[:_KEYS]),
        *([("X-Dondoc-Notices-More", str(len(notice_keys) - _KEYS))] if len(notice_keys) > _KEYS else []),
    )
    return b"".join(_header(name, value) for name, value in headers) + _body(rendered, message_id, ics)


def _header(name: str, value: str) -> bytes:
    """Return one header; the library folds those that are long and are not yet."""
    line = f"{name}: {value}\r\n".encode("ascii")
    if all(len(part) <= _LINE for part in line.split(b"\r\n")):
        return line
    long = Message(policy=_POLICY)
    long[name] = value
    return long.as_bytes().removesuffix(b"\r\n")


def _body(rendered: Rendered, message_id: str, ics: bytes | None) -> bytes:
    """Return the words in both forms and, where there is one, the calendar (RFC 2046, 5.1)."""
    digest = sha256(message_id.encode("ascii")).hexdigest()[:32]
    words = _multipart("alternative", f"words-{digest}", _text("plain", rendered.text), _text("html", rendered.html))
    if ics is None:
        return words
    return _multipart("mixed", f"mixed-{digest}", words, _encoded_part(_CALENDAR, ics))


def _multipart(subtype: str, boundary: str, *parts: bytes) -> bytes:
    headers = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    line = f"--{boundary}".encode("ascii")
    return headers + b"".join(line + b"\r\n" + part for part in parts) + line + b"--\r\n"


def _text(subtype: str, text: str) -> bytes:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    return _encoded_part(f'Content-Type: text/{subtype}; charset="utf-8"', lines.encode("utf-8"))


_CALENDAR = (
    'Content-Type: text/calendar; charset="utf-8"; method="PUBLISH"\r\n'
    'Content-Disposition: attachment; filename="thoi-han.ics"'
)


def _encoded_part(headers: str, content: bytes) -> bytes:
    """Return one part in base64: 7-bit clean whatever it holds (RFC 2045, 6.8)."""
    coded = b64encode(content)
    lines = [coded[start : start + _CODED] for start in range(0, len(coded), _CODED)]
    head = f"{headers}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode("ascii")
    return head + b"\r\n".join((*lines, b""))


@lru_cache(maxsize=1_000)
def _mailbox(name: str, address: str) -> str:
    """Return name and address; a name that is not ASCII becomes as many encoded words as it needs (RFC 2047)."""
    checked, plain = checked_address(address), one_line(name)
    return formataddr((plain, checked)) if plain.isascii() else f"{_encoded(plain)}\r\n <{checked}>"


def _encoded(text: str) -> str:
    """Return one line of text as it stands in a header, folded between its encoded words (RFC 2047, 5)."""
    if text.isascii():
        return text
    words = pieces(text.encode("utf-8"), first=_WORD, others=_WORD)
    return "\r\n ".join(header_encode(word, "utf-8") for word in words)


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise HeaderRefusedError(f"not a valid {what}: {value!r}")
    return value
