"""From what is owed to stored mails: rendered, with bytes and Message-ID kept before anything is sent."""

from collections.abc import Sequence
from email.utils import make_msgid

from sqlalchemy import update
from sqlmodel import col, select

from models import Message, Notice
from models.database import reading, writing
from notifications.addresses import is_address
from notifications.changed import render_changed
from notifications.content import Changed, Morning, Rendered
from notifications.ics import deadlines_ics
from notifications.message import build
from notifications.morning import render_morning
from rules.errors import DondocError
from rules.vocabulary import MessageKind, NoticeState
from services.delivery_job import Job
from services.letters import Letters
from services.outbox import Parcel, addresses_served, end_moot, normalised, parcels, settle
from services.page_links import Issued, issue, keep, office_links, without_links
from services.weekly import mark_told


class NoSenderError(DondocError):
    """There is no sender: set DONDOC_MAIL_FROM, or give the labour office a contact in units.yaml."""


def compose(job: Job, *, morning: bool) -> None:
    """Store the mails that are owed and not yet made, each in a transaction of its own."""
    with writing(job.engine) as session:
        standing, ended = end_moot(session, now=job.now, today=job.today, changed_only=job.immediate_only)
        found, unreachable = parcels(session, standing, today=job.today, now=job.now, morning=morning)
        served = addresses_served(session, job.today)
    job.touched.update(owed.notice.id or 0 for owed in (*ended, *unreachable))
    found = [
        parcel
        for parcel in found
        if parcel.kind is MessageKind.IMMEDIATE or normalised(parcel.contact.address) not in served
    ]
    with reading(job.engine) as session:
        owed = [owed for parcel in found for owed in parcel.owed]
        letters = Letters(session, owed, now=job.now, calendar=job.calendar, letterhead=job.letterhead)
        for parcel in found:
            issued = issue(parcel.contacts, job.letterhead)
            to_office = office_links(job.letterhead) if parcel.speaks_to_office else ()
            links = (*to_office, *(one.link for one in issued))
            _store(job, parcel, letters.letter(parcel, links), issued)


def _store(job: Job, parcel: Parcel, letter: Morning | Changed, issued: Sequence[Issued]) -> None:
    """Render one mail and store it with its notices, or leave it to the next round if one was settled meanwhile."""
    if not is_address(letter.sender.from_address):
        raise NoSenderError
    header_id = make_msgid(domain=letter.sender.from_address.rpartition("@")[2])
    ids = [owed.notice.id or 0 for owed in parcel.owed]
    try:
        rendered = render_morning(letter) if isinstance(letter, Morning) else render_changed(letter)
        content = _bytes(letter, rendered, header_id)
    except DondocError as refusal:
        _fail(job, ids, str(refusal))
        return
    message = Message(
        kind=parcel.kind,
        address=normalised(parcel.contact.address),
        local_date=job.today,
        header_id=header_id,
        sender=letter.sender.from_address,
        content=content,
        subject=rendered.subject,
        text=without_links(rendered.text, letter.links),
        made_at=job.now,
    )
    with writing(job.engine) as session:
        free = select(Notice.id).where(
            col(Notice.id).in_(ids), Notice.state == NoticeState.OWED, col(Notice.message_id).is_(None)
        )
        if len(session.exec(free.with_for_update()).all()) == len(ids):
            session.add(message)
            session.flush()
            assert message.id is not None
            keep(session, issued, message_id=message.id, now=job.now)
            if parcel.overview is not None and parcel.overview.id is not None:
                mark_told(session, parcel.overview.id, job.today, message.id)
            session.execute(update(Notice).where(col(Notice.id).in_(ids)).values(message_id=message.id))


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
        notices = session.exec(select(Notice).where(col(Notice.id).in_(ids))).all()
        settle(session, notices, NoticeState.FAILED, reason, now=job.now)
    job.touched.update(ids)
