"""Who is who on a given day: the units behind an addressee, their mailboxes, and the office that follows a plan up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from models import Contact, Membership, Office, Staff, Unit, UnitGroup
from rules.vocabulary import ContactRole


def on_day(
    table: type[Contact | Membership | Office | Staff | Unit], day: date
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the two conditions that keep the rows valid on `day` (both ends inclusive, empty = open)."""
    return (
        or_(col(table.valid_from).is_(None), col(table.valid_from) <= day),
        or_(col(table.valid_to).is_(None), col(table.valid_to) >= day),
    )


def valid_on(row: Contact | Staff, day: date) -> bool:
    """Say the same of a row that was read already."""
    begun = row.valid_from is None or row.valid_from <= day
    return begun and (row.valid_to is None or row.valid_to >= day)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Units and groups as they stand on one day, read once for a whole use case."""

    units: dict[str, Unit]
    members: dict[str, tuple[str, ...]]

    def expand(self, slugs: Iterable[str]) -> list[Unit]:
        """Return the units behind units and groups, each once, in the order of the names."""
        found: dict[str, Unit] = {}
        self._collect(slugs, found, frozenset())
        return list(found.values())

    def _collect(self, slugs: Iterable[str], found: dict[str, Unit], above: frozenset[str]) -> None:
        for slug in slugs:
            if slug in self.units:
                found.setdefault(slug, self.units[slug])
            elif slug in self.members and slug not in above:
                self._collect(self.members[slug], found, above | {slug})


def directory_on(session: Session, day: date) -> Directory:
    return _directory(session, on_day(Unit, day), on_day(Membership, day))


def directory_ever(session: Session) -> Directory:
    """Return everybody who ever was: to tell a group whose units have ended from one that a person has yet to fill."""
    return _directory(session, (), ())


def _directory(
    session: Session, of_units: tuple[ColumnElement[bool], ...], of_members: tuple[ColumnElement[bool], ...]
) -> Directory:
    units = session.exec(select(Unit).where(*of_units).order_by(col(Unit.id))).all()
    rows = session.exec(
        select(UnitGroup.slug, Membership.member)
        .join(Membership, col(Membership.group_id) == UnitGroup.id)
        .where(*of_members)
        .order_by(col(Membership.id))
    ).all()
    members: dict[str, list[str]] = {group: [] for group in session.exec(select(UnitGroup.slug))}
    for group, member in rows:
        members[group].append(member)
    return Directory(
        units={unit.slug: unit for unit in units},
        members={group: tuple(several) for group, several in members.items()},
    )


def office_on(session: Session, plan_id: int, day: date) -> Unit | None:
    """Return the unit that follows the plan up on `day`; the role outlives any one office."""
    return session.exec(
        select(Unit)
        .join(Office, col(Office.unit_id) == Unit.id)
        .where(Office.plan_id == plan_id, *on_day(Office, day), *on_day(Unit, day))
        .order_by(col(Office.id).desc())
    ).first()


def colleagues_on(session: Session, day: date) -> list[Contact]:
    """Return the colleagues to whom single assignments were passed and whom mails reach, as they stand on `day`."""
    return list(
        session.exec(
            select(Contact).where(
                Contact.role == ContactRole.COLLEAGUE,
                col(Contact.unreachable_since).is_(None),
                *on_day(Contact, day),
            )
        )
    )


def contacts_on(session: Session, day: date, *, unit_id: int | None = None) -> dict[tuple[int, ContactRole], Contact]:
    """Return the mailbox of every unit (or of one) and role on `day`; of several, the one that came last.

    So a substitute, who is named for some days only, takes the place of the one he stands in for just then. A mailbox
    from which mails come back gives way to any other of its role.
    """
    reachable = col(Contact.unreachable_since).is_(None)
    query = select(Contact).where(*on_day(Contact, day)).order_by(reachable, col(Contact.id))
    rows = session.exec(query if unit_id is None else query.where(Contact.unit_id == unit_id)).all()
    return {(contact.unit_id, contact.role): contact for contact in rows}


#: Who of the unit reads in place of a mailbox from which mails come back.
_STAND_INS = {
    ContactRole.CONTACT: (ContactRole.HEAD, ContactRole.COLLEAGUE),
    ContactRole.HEAD: (ContactRole.CONTACT,),
    ContactRole.COLLEAGUE: (),
}


def reachable_reader(contacts: dict[tuple[int, ContactRole], Contact], own: Contact) -> Contact | None:
    """Return `own` while mails reach it, else who of its unit reads in its place; None where nobody is left."""
    if own.unreachable_since is None:
        return own
    others = (contacts.get((own.unit_id, role)) for role in (own.role, *_STAND_INS[own.role]))
    return next((other for other in others if other is not None and other.unreachable_since is None), None)


def unreachable_on(session: Session, day: date) -> list[tuple[Unit, Contact]]:
    """Return every mailbox from which mails come back, with its unit, as they stand on `day`."""
    return list(
        session.exec(
            select(Unit, Contact)
            .join(Contact, col(Contact.unit_id) == Unit.id)
            .where(col(Contact.unreachable_since).is_not(None), *on_day(Contact, day), *on_day(Unit, day))
            .order_by(col(Unit.id), col(Contact.id))
        )
    )
