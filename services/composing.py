"""From what is owed to stored mails: rendered, with bytes and Message-ID kept before anything is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.utils import make_msgid

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from models.database import reading, writing
from models.tables import MESSAGE, MESSAGE_CONTENT, NOTICE
from notifications import alike
from notifications.addresses import is_address
from notifications.changed import render_changed
from notifications.content import Changed, Morning, Rendered
from notifications.ics import deadlines_ics
from notifications.message import build
from notifications.morning import render_morning
from rules.errors import DondocError
from rules.moments import moment_at
from rules.vocabulary import MessageKind, MessageState, NoticeState
from services.chunks import chunks
from services.delivery_job import Job
from services.letters import Letters
from services.outbox import Parcel, addresses_served, normalised, parcels
from services.owed import end_moot, settle
from services.page_links import Issued, issue, keep, office_links, without_links
from services.weekly import mark_told

_NO_SENDER = "there is no sender: set DONDOC_MAIL_FROM, or give the labour office a contact in units.yaml"
#: Parcels whose facts are read together, and mails stored in one transaction.
_SLICE, _BATCH = 200, 50


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """One mail, rendered and not yet stored."""

    parcel: Parcel
    issued: Sequence[Issued]
    row: dict[str, object]
    content: bytes

    @property
    def notice_ids(self) -> list[int]:
        return _ids(self.parcel)


def compose(job: Job, *, morning: bool) -> bool:
    """Store the mails that are owed and not yet made; True when one was left out, and must be made anew.

    A sweep that comes late may settle a notice while its mail is being written.
    """
    with writing(job.engine) as session:
        standing, ended = end_moot(session, now=job.now, today=job.today, immediate_only=job.immediate_only)
        found, unreachable = parcels(session, standing, today=job.today, now=job.now, morning=morning)
        served = addresses_served(session, job.today)
    job.touched.update((*ended, *(owed.id for owed in unreachable)))
    found = [
        parcel
        for parcel in found
        if parcel.kind is MessageKind.IMMEDIATE or normalised(parcel.contact.address) not in served
    ]
    whole = True
    for part in _parts(found, _SLICE):
        with reading(job.engine) as session:
            owed = [owed for parcel in part for owed in parcel.owed]
            letters = Letters(session, owed, now=job.now, calendar=job.calendar, letterhead=job.letterhead)
            for batch in _parts(part, _BATCH):
                drafts = [draft for parcel in batch if (draft := _drafted(job, letters, parcel)) is not None]
                whole &= _store(job, drafts)
    return not whole


def _parts(parcels: Sequence[Parcel], size: int) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), size):
        yield parcels[start : start + size]


def _ids(parcel: Parcel) -> list[int]:
    return [owed.id for owed in parcel.owed]


def _drafted(job: Job, letters: Letters, parcel: Parcel) -> _Draft | None:
    """Render one mail; one that cannot be made, whose notices are settled as failed, never holds up the rest."""
    issued = issue(parcel.contacts, job.letterhead)
    to_office = office_links(job.letterhead) if parcel.speaks_to_office else ()
    letter = letters.letter(parcel, (*to_office, *(one.link for one in issued)))
    if not is_address(letter.sender.from_address):
        job.report.alarm = _NO_SENDER  # it stays owed; in the same database another office may have a sender
        return None
    header_id = make_msgid(domain=letter.sender.from_address.rpartition("@")[2])
    try:
        rendered = _rendered(letter)
        content = _bytes(letter, rendered, header_id)
    except DondocError as refusal:
        _fail(job, _ids(parcel), str(refusal))
        return None
    row = {
        "kind": parcel.kind,
        "address": normalised(parcel.contact.address),
        "local_date": job.today,
        "header_id": header_id,
        "sender": letter.sender.from_address,
        "subject": rendered.subject,
        "text": without_links(rendered.text, letter.links),
        "state": MessageState.STORED,
        "made_at": job.now,
        "not_after": None if parcel.kind is MessageKind.MORNING else _end_of(job.today),
        **_UNTRIED,
    }
    return _Draft(parcel=parcel, issued=issued, row=row, content=content)


def _end_of(day: date) -> datetime:
    """Word of a changed date counts the working days that are left: tomorrow they are others."""
    return moment_at(day + timedelta(days=1), time())


_UNTRIED = {"attempts": 0, "uncertain": False, "detail": ""}


def _rendered(letter: Morning | Changed) -> Rendered:
    if isinstance(letter, Morning):
        return alike.rendered(letter, render_morning)
    return alike.rendered(letter, render_changed)


def _store(job: Job, drafts: Sequence[_Draft]) -> bool:
    """Store some mails with their notices; False when one was left out, because a notice was settled meanwhile."""
    with writing(job.engine) as session:
        connection = session.connection()
        notices = [number for draft in drafts for number in draft.notice_ids]
        still_free = {number for part in chunks(notices) for number in connection.scalars(_FREE, {"notices": part})}
        kept = [draft for draft in drafts if still_free.issuperset(draft.notice_ids)]
        if kept:
            _insert(session, kept, job)
    return len(kept) == len(drafts)


def _insert(session: Session, drafts: Sequence[_Draft], job: Job) -> None:
    connection = session.connection()
    connection.execute(insert(MESSAGE), [draft.row for draft in drafts])
    rows = connection.execute(_NUMBERED, {"headers": [draft.row["header_id"] for draft in drafts]}).all()
    numbers = dict(map(tuple, rows))
    stored = [(numbers[draft.row["header_id"]], draft) for draft in drafts]
    contents = [{"message_id": number, "content": draft.content} for number, draft in stored]
    connection.execute(insert(MESSAGE_CONTENT), contents)
    keep(session, [(one, number) for number, draft in stored for one in draft.issued], now=job.now)
    for number, draft in stored:
        if draft.parcel.overview is not None and draft.parcel.overview.id is not None:
            mark_told(session, draft.parcel.overview.id, job.today, number)
    held = [{"notice": notice, "mail": number} for number, draft in stored for notice in draft.notice_ids]
    if held:
        connection.execute(_HELD, held)


_FREE = (
    select(NOTICE.c.id)
    .where(
        NOTICE.c.id.in_(bindparam("notices", expanding=True)),
        NOTICE.c.state == NoticeState.OWED,
        NOTICE.c.message_id.is_(None),
    )
    .with_for_update()
)
# Many rows at once give no ids back on SQLite; each mail has a name of its own.
_NUMBERED = select(MESSAGE.c.header_id, MESSAGE.c.id).where(
    MESSAGE.c.header_id.in_(bindparam("headers", expanding=True))
)
_HELD = update(NOTICE).where(NOTICE.c.id == bindparam("notice")).values(message_id=bindparam("mail"))


def _bytes(letter: Morning | Changed, rendered: Rendered, header_id: str) -> bytes:
    return build(
        rendered,
        reader=letter.reader,
        sender=letter.sender,
        message_id=header_id,
        date=letter.as_of,
        kind=MessageKind.MORNING if isinstance(letter, Morning) else MessageKind.IMMEDIATE,
        notice_keys=letter.notice_keys,
        ics=deadlines_ics(
            letter.items, reader=letter.reader, sender=letter.sender, as_of=letter.as_of, rehearsal=letter.rehearsal
        ),
    )


def _fail(job: Job, ids: Sequence[int], reason: str) -> None:
    """One mail that cannot be made never holds up the rest."""
    with writing(job.engine) as session:
        settle(session, ids, NoticeState.FAILED, reason, now=job.now)
    job.touched.update(ids)
