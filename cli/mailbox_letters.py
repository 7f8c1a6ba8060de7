"""The folder of the trial mailbox, and what can be read from a mail however malformed it is."""

import os
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from notifications.rendering import one_line

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One line of the list."""

    number: int
    date: str
    to: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that is no text to read in place."""

    index: int
    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One mail, taken apart as far as it can be."""

    summary: Summary
    sender: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]


class Mailbox:
    """A folder of mails, `0001.eml` the oldest, each with exactly the bytes that the server received."""

    def __init__(self, folder: Path) -> None:
        """Go on after the mails that already lie in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._last = max(self.numbers(), default=0)

    def numbers(self) -> list[int]:
        """Return the numbers of all mails, the oldest first."""
        return sorted(int(path.stem) for path in self._folder.glob("*.eml") if path.stem.isdigit())

    def path(self, number: int) -> Path:
        return self._folder / f"{number:04}.eml"

    def store(self, content: bytes) -> int:
        """Keep a mail and return its number; after the return it survives a crash, before it nothing is seen."""
        self._last += 1
        draft = self._folder / f".{self._last}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path(self._last))
        return self._last


def summary(number: int, content: bytes) -> Summary:
    """Return what the list shows of a mail, whatever is wrong with it."""
    message = BytesHeaderParser(policy=policy.default).parsebytes(content)
    return Summary(
        number=number,
        date=_date(message),
        to=_header(message, "To"),
        subject=_header(message, "Subject") or "(không đề)",
    )


def letter(number: int, content: bytes) -> Letter:
    """Take a mail apart; a part that cannot be decoded is shown as far as it can."""
    message = message_from_bytes(content, policy=policy.default)
    leaves = [part for part in message.walk() if not part.is_multipart()]
    plain = next((part for part in leaves if _is_body(part, "text/plain")), None)
    html = next((part for part in leaves if _is_body(part, "text/html")), None)
    rest = [part for part in leaves if part is not plain and part is not html]
    return Letter(
        summary=summary(number, content),
        sender=_header(message, "From"),
        text=_text(plain) if plain else "",
        html=_text(html) if html else None,
        attachments=tuple(
            Attachment(index=index, name=_filename(part, index), content=_bytes(part))
            for index, part in enumerate(rest, 1)
        ),
    )


def _is_body(part: Message, kind: str) -> bool:
    return part.get_content_type() == kind and part.get_content_disposition() != "attachment"


def _header(message: Message, name: str) -> str:
    """Return a header's text, decoded here: the parser leaves a space between the encoded words of one name.

    What is malformed raises errors of every kind.
    """
    try:
        raw = next((value for key, value in message.raw_items() if key.casefold() == name.casefold()), "")
        text = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return one_line(str(make_header(decode_header(text))))
    except Exception:  # noqa: BLE001 - see above
        return "(không đọc được)"


def _date(message: Message) -> str:
    try:
        moment = parsedate_to_datetime(_header(message, "Date"))
    except ValueError:
        return "(không rõ ngày)"
    return moment.astimezone(_ZONE).strftime("%d/%m/%Y %H:%M") if moment.tzinfo else "(không rõ ngày)"


def _bytes(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - as for headers
        content = None
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    try:
        return _bytes(part).decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return _bytes(part).decode("utf-8", "replace")


def _filename(part: Message, index: int) -> str:
    try:
        return Path(part.get_filename() or f"phan-{index}").name
    except Exception:  # noqa: BLE001 - as for headers
        return f"phan-{index}"
