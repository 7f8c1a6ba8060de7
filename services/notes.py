"""Immediate mails: what answers an act is stored in the act's own transaction and sent as soon as possible after it.

Nothing here stops an act: where no sender is set up, or a contact is missing, no mail is made, and the page has said
all of it already. Only a link that was asked for must have its mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any

from sqlmodel import Session, col, select

from models import Assignment, Contact, LinkKind, Message, MessageContent, Mode, Plan, Staff, Unit
from notifications.addresses import is_address
from notifications.content import Language, Note, NoteKind, PageLink, Reader, Sender
from notifications.message import build
from notifications.naming import named
from notifications.note import render_note
from rules.access import SIGN_IN_LIFE, UNIT_LINK_LIFE
from rules.errors import DondocError
from rules.moments import local, local_date
from rules.vocabulary import ContactRole, MessageKind
from services.directory import contacts_on, office_on, reachable_reader
from services.facts import facts_for
from services.finding import year_of
from services.installation import current
from services.letters import Letterhead, sender_of
from services.links import keep_link, new_secret
from services.outbox import normalised
from services.page_links import SIGN_IN_ENTRY, issue, keep, office_links, without_links


class NoLinkMailError(DondocError):
    """No mail with a link can be written: the sender (DONDOC_MAIL_FROM) or DONDOC_PUBLIC_URL is not set."""


#: After as many days a mail server, too, gives a mail up (RFC 5321, 4.5.4.1).
_ANSWERED_WITHIN = timedelta(days=5)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What an immediate mail is written with, handed down from the edge."""

    letterhead: Letterhead
    now: datetime


def tell_contact(session: Session, desk: Desk, contact: Contact, kind: NoteKind, **facts: Any) -> Message | None:
    """Write to a unit's contact about what was just done; the mail carries a fresh link to the unit's page."""
    if kind is NoteKind.FRESH_LINK and not desk.letterhead.public_url:
        raise NoLinkMailError
    unit = session.get_one(Unit, contact.unit_id)
    issued = issue([(contact, unit.name)], desk.letterhead)
    links = tuple(one.link for one in issued)
    ends_at = local(desk.now + UNIT_LINK_LIFE) if kind is NoteKind.FRESH_LINK else None
    message = _post(session, desk, contact, unit, kind, links, ends_at=ends_at, **facts)
    if message is not None:
        keep(session, [(one, message.id or 0) for one in issued], now=desk.now)
    return message


def tell_about(session: Session, desk: Desk, assignment: Assignment, kind: NoteKind, **facts: Any) -> Message | None:
    """Write to whoever answers for the assignment today; None where nobody does."""
    contact = contact_for(session, assignment, desk.now)
    if contact is None:
        return None
    task = task_facts(session, assignment, Language(contact.language))
    return tell_contact(session, desk, contact, kind, **task, **facts)


def task_facts(session: Session, assignment: Assignment, language: Language) -> dict[str, Any]:
    """Return how a mail names an assignment, and the deadline that stands."""
    (fact,) = facts_for(session, [assignment.id or 0])
    return {
        "what": named(fact.titled(language), year_of(session, assignment), assignment.period, language),
        "citation": fact.responsibility.citation,
        "final": assignment.final,
        "plan_id": assignment.plan_id,
        "unit_name": assignment.unit_name,
        "assignment_id": assignment.id,
    }


def contact_for(session: Session, assignment: Assignment, now: datetime) -> Contact | None:
    """Return the colleague it was passed to, else the unit's đầu mối of the day, or who reads in his place."""
    contacts = contacts_on(session, local_date(now), unit_id=assignment.unit_id)
    passed = session.get(Contact, assignment.contact_id) if assignment.contact_id else None
    if passed is not None and passed.unreachable_since is None:
        return passed
    own = contacts.get((assignment.unit_id, ContactRole.CONTACT))
    return own and reachable_reader(contacts, own)


def send_sign_in(session: Session, desk: Desk, staff: Staff) -> str:
    """Mail a link for signing in (one use, sixty minutes, never sent after its end) and return it."""
    secret = new_secret()
    unit = session.get_one(Unit, staff.unit_id)
    if not desk.letterhead.public_url:
        raise NoLinkMailError
    links = (PageLink(url=desk.letterhead.url(SIGN_IN_ENTRY + secret)),)
    ends_at = desk.now + SIGN_IN_LIFE
    message = _post(session, desk, staff, unit, NoteKind.SIGN_IN, links, ends_at=local(ends_at))
    if message is None:
        raise NoLinkMailError
    message.not_after = ends_at
    session.add(message)
    keep_link(session, secret, LinkKind.SIGN_IN, now=desk.now, staff_id=staff.id, message_id=message.id)
    return links[0].url


def send_upward(session: Session, desk: Desk, unit: Unit, *, plan_id: int, subject: str, text: str) -> Message | None:
    """Mail a letter that the head approved to the superior's mailbox; None where it has none."""
    contact = contacts_on(session, local_date(desk.now), unit_id=unit.id).get((unit.id or 0, ContactRole.CONTACT))
    if contact is None:
        return None
    # A letter to a People's Committee goes through its office, whose mailbox this is (WORDING).
    greeted = f"{unit.name} (qua {contact.title})"
    return _post(
        session, desk, contact, unit, NoteKind.UPWARD, (), plan_id=plan_id, greeted=greeted, subject=subject, text=text
    )


def tell_staff(session: Session, desk: Desk, staff: Staff, kind: NoteKind, **facts: Any) -> Message | None:
    """Write to a member of staff; the office's pages ask to sign in."""
    unit = session.get_one(Unit, staff.unit_id)
    return _post(session, desk, staff, unit, kind, office_links(desk.letterhead), **facts)


def _post(
    session: Session,
    desk: Desk,
    to: Contact | Staff,
    unit: Unit,
    kind: NoteKind,
    links: tuple[PageLink, ...],
    *,
    plan_id: int | None = None,
    greeted: str = "",
    assignment_id: int | None = None,
    **facts: Any,
) -> Message | None:
    office = _office(session, plan_id, unit, desk.now)
    sender = _sender(session, desk, office)
    if not is_address(sender.from_address):
        return None
    note = Note(
        reader=Reader(address=to.address, display=greeted or unit.name, language=Language(to.language)),
        sender=sender,
        as_of=local(desk.now),
        rehearsal=current(session).mode is Mode.REHEARSAL,
        trial=desk.letterhead.trial,
        links=links,
        kind=kind,
        collector_name=office.name,
        collector_word=office.name.split()[0],
        **{"unit_name": unit.name, **facts},
    )
    rendered = render_note(note)
    header_id = make_msgid(domain=sender.from_address.rpartition("@")[2])
    message = Message(
        kind=MessageKind.IMMEDIATE,
        address=normalised(to.address),
        assignment_id=assignment_id,
        local_date=local_date(desk.now),
        header_id=header_id,
        sender=sender.from_address,
        subject=rendered.subject,
        text=without_links(rendered.text, links),
        made_at=desk.now,
        not_after=desk.now + _ANSWERED_WITHIN,
    )
    session.add(message)
    session.flush()
    content = build(
        rendered, reader=note.reader, sender=sender, message_id=header_id, date=note.as_of, kind=message.kind
    )
    session.add(MessageContent(message_id=message.id or 0, content=content))
    return message


def _sender(session: Session, desk: Desk, office: Unit) -> Sender:
    officers = contacts_on(session, local_date(desk.now), unit_id=office.id)
    return sender_of(office, officers.get((office.id or 0, ContactRole.CONTACT)), desk.letterhead)


def _office(session: Session, plan_id: int | None, unit: Unit, now: datetime) -> Unit:
    """Return the office that speaks: of the plan in question, else of any plan that it follows up; else the unit."""
    today = local_date(now)
    plans = [plan_id] if plan_id is not None else session.exec(select(Plan.id).order_by(col(Plan.id))).all()
    found = [office for number in plans if number and (office := office_on(session, number, today)) is not None]
    return found[0] if found else unit
