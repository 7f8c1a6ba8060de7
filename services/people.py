"""Who of a unit does it: a colleague to whom one assignment is passed, a substitute while the contact is away.

Both are named by the unit on its own page, at its own mail domain; a plan's file neither brings them nor ends them.
"""

from datetime import date, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from models import Assignment, Contact
from notifications.addresses import is_address
from notifications.content import Language, NoteKind
from rules.errors import DondocError
from rules.moments import local_date
from rules.vocabulary import ContactRole
from services.acts import PastDateError, done
from services.answers import EmptyError, own, require_waiting
from services.journal import done_already, record
from services.links import UnitVisitor
from services.notes import Desk, task_facts, tell_contact


class OtherDomainError(DondocError):
    """A colleague's or substitute's address must be at the same mail domain as the unit's own."""


class OnlyContactsError(DondocError):
    """Only the unit's đầu mối or head names a substitute; a colleague lets the assignment be passed on again."""


class UnknownPersonError(DondocError):
    """The unit has named nobody like this here, or it is over already."""


def pass_on(
    session: Session,
    visitor: UnitVisitor,
    identifier: int,
    *,
    address: str,
    title: str,
    desk: Desk,
    once: str | None,
) -> None:
    """Pass an assignment to a colleague of the same unit, who gets its mails from now on and a link of his own."""
    if done_already(session, once):
        return
    assignment = own(session, visitor, identifier)
    require_waiting(assignment)
    checked = _address_of_unit(visitor, address, title)
    colleague = session.exec(
        select(Contact).where(
            Contact.unit_id == visitor.unit.id, Contact.address == checked, Contact.role == ContactRole.COLLEAGUE
        )
    ).first() or Contact(
        unit_id=visitor.unit.id or 0, role=ContactRole.COLLEAGUE, address=checked, title="", named_here=True
    )
    colleague.title, colleague.language, colleague.valid_to = title.strip(), visitor.contact.language, None
    session.add(colleague)
    session.flush()
    assignment.contact_id = colleague.id
    done(session, assignment, "passed on", actor=visitor.actor, now=desk.now, once=once, to=f"contact:{colleague.id}")
    for reader in (colleague, visitor.contact):
        facts = task_facts(session, assignment, Language(reader.language))
        tell_contact(session, desk, reader, NoteKind.PASSED_ON, person=colleague.title, **facts)


def name_substitute(
    session: Session,
    visitor: UnitVisitor,
    *,
    address: str,
    title: str,
    first: date,
    last: date,
    desk: Desk,
    once: str | None,
) -> None:
    """Name who reads the mails between two days (both included); afterwards they come to the contact again."""
    if done_already(session, once):
        return
    if last < first or last < local_date(desk.now):
        raise PastDateError(f"{first:%Y-%m-%d} to {last:%Y-%m-%d} is no time to come")
    if visitor.contact.role is ContactRole.COLLEAGUE:
        raise OnlyContactsError
    checked = _address_of_unit(visitor, address, title)
    substitute = _substitute_from(session, visitor, checked, first)
    substitute.title, substitute.stands_in_for, substitute.valid_to = title.strip(), visitor.contact.id, last
    session.add(substitute)
    session.flush()
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="substitute",
        subject=f"unit:{visitor.unit.slug}",
        once=once,
        contact=substitute.id,
        first=first.isoformat(),
        last=last.isoformat(),
    )
    for reader in (substitute, visitor.contact):
        tell_contact(
            session, desk, reader, NoteKind.SUBSTITUTE_NAMED, person=substitute.title, day=first, last_day=last
        )


def _substitute_from(session: Session, visitor: UnitVisitor, address: str, first: date) -> Contact:
    """Named again from the same day on, it is the same row: the days or the title are put right."""
    found = session.exec(
        select(Contact).where(
            Contact.unit_id == visitor.unit.id,
            Contact.role == visitor.contact.role,
            Contact.address == address,
            Contact.valid_from == first,
            col(Contact.named_here).is_(True),
        )
    ).first()
    return found or Contact(
        unit_id=visitor.unit.id or 0,
        role=visitor.contact.role,
        address=address,
        title="",
        language=visitor.contact.language,
        named_here=True,
        valid_from=first,
    )


def named_here(session: Session, visitor: UnitVisitor, today: date) -> list[Contact]:
    """Return the substitutes and colleagues whom the unit has named here and who are not over; not the visitor."""
    return list(
        session.exec(
            select(Contact)
            .where(
                Contact.unit_id == visitor.unit.id,
                Contact.id != visitor.contact.id,
                col(Contact.named_here).is_(True),
                or_(col(Contact.valid_to).is_(None), col(Contact.valid_to) >= today),
            )
            .order_by(col(Contact.id))
        )
    )


def end_named(session: Session, visitor: UnitVisitor, contact_id: int, *, desk: Desk, once: str | None) -> None:
    """End a substitute or colleague whom the unit has named here: his link is dead at once, the mails come back."""
    if done_already(session, once):
        return
    today = local_date(desk.now)
    person = next((one for one in named_here(session, visitor, today) if one.id == contact_id), None)
    if person is None:
        raise UnknownPersonError
    person.valid_to = today - timedelta(days=1)
    session.add(person)
    session.execute(update(Assignment).where(col(Assignment.contact_id) == contact_id).values(contact_id=None))
    record(
        session,
        now=desk.now,
        actor=visitor.actor,
        action="substitute ended",
        subject=f"unit:{visitor.unit.slug}",
        once=once,
        contact=contact_id,
    )


def _address_of_unit(visitor: UnitVisitor, address: str, title: str) -> str:
    """A link must not be sent out of the unit: the colleague is at the unit's own mail domain."""
    checked = address.strip().casefold()
    if not title.strip():
        raise EmptyError
    if not is_address(checked) or checked.partition("@")[2] != visitor.contact.address.casefold().partition("@")[2]:
        raise OtherDomainError
    return checked
