"""Who can be reached, and who cannot: the mailboxes of a plan's units, tried before a year is opened."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models import Assignment, Contact, Plan, Unit, UnitGroup
from models.database import writing
from notifications.content import NoteKind
from rules.errors import DondocError
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.vocabulary import ContactRole
from services.assigning import current_clauses, duties_of
from services.chunks import chunks
from services.directory import contacts_on, directory_on, on_day
from services.journal import done_already, record
from services.links import StaffVisitor
from services.notes import Desk, tell_contact


class UnknownContactError(DondocError):
    """There is no such contact here."""


#: Mails in one transaction.
_PORTION = 25


def unreachable_units(session: Session, today: date) -> list[str]:
    """Return the names of standing units that wait for a mail and have no đầu mối."""
    reachable = {unit for unit, role in contacts_on(session, today) if role is ContactRole.CONTACT}
    rows = session.exec(
        select(Unit)
        .where(
            *on_day(Unit, today),
            select(Assignment.id).where(Assignment.unit_id == Unit.id, col(Assignment.state).in_(WAITING)).exists(),
        )
        .order_by(col(Unit.id))
    )
    return [unit.name for unit in rows if unit.id not in reachable]


def units_of_plans(session: Session, plans: Sequence[Plan], today: date) -> list[Unit]:
    """Return every unit that these plans address today, each once."""
    directory = directory_on(session, today)
    units: dict[int, Unit] = {}
    for plan in plans:
        for clause in current_clauses(session, plan.id or 0):
            named = [*clause.addressees, *(slug for duty in duties_of(session, clause) for slug in duty.addressees)]
            units.update({unit.id or 0: unit for unit in directory.expand(named)})
    return [units[number] for number in sorted(units)]


def groups_of_units(session: Session, units: Sequence[Unit], today: date) -> list[tuple[UnitGroup, tuple[str, ...]]]:
    """Return the groups whose members are all among these units, each with its members' slugs."""
    directory = directory_on(session, today)
    known = {unit.slug for unit in units}
    found = []
    for group in session.exec(select(UnitGroup).order_by(col(UnitGroup.id))):
        members = tuple(unit.slug for unit in directory.expand([group.slug]))
        if members and known.issuperset(members):
            found.append((group, members))
    return found


def contacts_of_plans(session: Session, plans: Sequence[Plan], today: date) -> list[tuple[Unit, Contact]]:
    """Return every mailbox that these plans write to, by unit: its đầu mối and its head, as they stand today."""
    contacts = contacts_on(session, today)
    return [
        (unit, contacts[unit.id or 0, role])
        for unit in units_of_plans(session, plans, today)
        for role in (ContactRole.CONTACT, ContactRole.HEAD)
        if (unit.id or 0, role) in contacts
    ]


def people_of_units(session: Session, units: Sequence[Unit], today: date) -> dict[int, list[Contact]]:
    """Return, by unit, everybody whose mailbox is known: contacts, heads, colleagues, substitutes now and to come."""
    found: dict[int, list[Contact]] = {unit.id or 0: [] for unit in units}
    ended = col(Contact.valid_to).is_not(None) & (col(Contact.valid_to) < today)
    for part in chunks(list(found)):
        rows = session.exec(select(Contact).where(col(Contact.unit_id).in_(part), ~ended).order_by(col(Contact.id)))
        for contact in rows:
            found[contact.unit_id].append(contact)
    return found


def require_own_contact(session: Session, visitor: StaffVisitor, contact_id: int, today: date) -> None:
    """Refuse a contact of a unit that none of the visitor's plans addresses."""
    contact = session.get(Contact, contact_id)
    units = {unit.id for unit in units_of_plans(session, visitor.plans, today)}
    if contact is None or contact.unit_id not in units:
        raise UnknownContactError


def write_again(session: Session, contact_id: int, *, actor: str, now: datetime, once: str | None) -> None:
    """Believe a mailbox again from which mails came back; what is owed goes there from the next delivery on."""
    if done_already(session, once):
        return
    contact = session.get_one(Contact, contact_id)
    contact.unreachable_since, contact.unreachable_why = None, ""
    session.add(contact)
    record(session, now=now, actor=actor, action="reachable", subject=f"contact:{contact_id}", once=once)


def send_test(engine: Engine, plans: Sequence[Plan], *, desk: Desk, actor: str, once: str | None) -> int:
    """Gửi thư thử: write to every mailbox once, so that a wrong address shows before a year is opened.

    The mails of a whole country take minutes: they are stored in portions, so that nobody waits for the database.
    """
    with writing(engine) as session:
        if done_already(session, once):
            return 0
        pairs = contacts_of_plans(session, plans, local_date(desk.now))
        written = {contact.address.casefold(): contact.id or 0 for _, contact in reversed(pairs)}
        record(session, now=desk.now, actor=actor, action="test mails", subject="*", once=once, mails=len(written))
    numbers = sorted(written.values())
    for part in range(0, len(numbers), _PORTION):
        with writing(engine) as session:
            for number in numbers[part : part + _PORTION]:
                tell_contact(session, desk, session.get_one(Contact, number), NoteKind.TEST, plan_id=plans[0].id)
    return len(numbers)
