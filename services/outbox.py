"""Which owed notices go to whom, in one mail each, and which wait."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from models import Contact, Message, MessageContent, Notice, Overview, Plan, Unit
from rules.vocabulary import Audience, ContactRole, MessageKind, MessageState, NoticeState, SkipReason
from services.approvals import Approvals, approvals_of
from services.directory import colleagues_on, contacts_on, office_on, reachable_reader
from services.holds import held_units
from services.owed import NEWS, Owed, settle
from services.weekly import overviews_owed


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Everything one address is owed in one mail.

    `contacts` are the units that the mailbox is spoken to for, each with its name: they get a link to their own page.
    `overview` is the office whose weekly overview the mail brings.
    """

    contact: Contact
    kind: MessageKind
    owed: tuple[Owed, ...]
    contacts: tuple[tuple[Contact, str], ...] = ()
    overview: Unit | None = None

    @property
    def speaks_to_office(self) -> bool:
        return self.overview is not None or any(owed.to_office for owed in self.owed)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What keeps mails back today: holds, and mailings that the head of the office has not approved yet."""

    held: frozenset[int | None]
    approvals: Approvals
    today: date

    def keeps(self, owed: Owed) -> bool:
        """Say whether this must not be mailed today; reminders also rest after a công văn or the unit's answer.

        What is due on a later day was recorded by a clock that was ahead, or is seen by one that was set back.
        """
        early = owed.due_on > self.today
        resting = owed.rung.startswith("+") and owed.resting_until is not None and self.today <= owed.resting_until
        answered = (
            owed.rung not in (*NEWS, "invited")
            and owed.audience is Audience.CONTACT
            and owed.answered_until is not None
            and self.today < owed.answered_until
        )
        held = None in self.held or owed.unit_id in self.held
        return early or resting or answered or held or self.approvals.waiting(owed.cycle_id, owed.rung)


def waiting_on(session: Session, today: date) -> Waiting:
    return Waiting(held=held_units(session), approvals=approvals_of(session), today=today)


def parcels(
    session: Session, standing: Sequence[Owed], *, today: date, now: datetime, morning: bool
) -> tuple[list[Parcel], list[Owed]]:
    """Group what is owed by address and kind; what has no reader at all ends as skipped and is returned apart.

    Where mails come back from every mailbox of the reader's unit it waits, owed, for an address that works.
    Units come before the labour office, so that the late unit and its head are told before anybody above them.
    """
    waiting = waiting_on(session, today)
    unreachable = []
    offices = overviews_owed(session, today) if morning and None not in waiting.held else []
    if not (standing or offices):
        return [], []
    readers = Readers(session, today)
    grouped: dict[tuple[str, MessageKind], list[tuple[Contact, Owed]]] = defaultdict(list)
    for owed in standing:
        if waiting.keeps(owed) or not (morning or owed.immediate):
            continue
        contact = readers.of(owed)
        if contact is None:
            continue
        if isinstance(contact, SkipReason):
            settle(session, [owed.id], NoticeState.SKIPPED, contact, now=now)
            unreachable.append(owed)
            continue
        kind = MessageKind.IMMEDIATE if owed.immediate else MessageKind.MORNING
        grouped[normalised(contact.address), kind].append((contact, owed))
    overviews = readers.of_overviews(offices)
    for address in overviews:
        grouped.setdefault((address, MessageKind.MORNING), [])
    found = [
        _parcel(pairs, kind, overviews.get(address) if kind is MessageKind.MORNING else None)
        for (address, kind), pairs in grouped.items()
    ]
    return sorted(found, key=lambda parcel: parcel.speaks_to_office), unreachable


def _parcel(pairs: list[tuple[Contact, Owed]], kind: MessageKind, overview: tuple[Contact, Unit] | None) -> Parcel:
    names = {contact.id: (contact, owed.unit_name) for contact, owed in pairs if not owed.to_office}
    return Parcel(
        contact=pairs[0][0] if pairs else overview[0],  # type: ignore[index]
        kind=kind,
        owed=tuple(owed for _, owed in pairs),
        contacts=tuple(names.values()),
        overview=overview[1] if overview else None,
    )


class Readers:
    """Who reads a notice today: the roles are resolved on the date, the mailboxes read once."""

    def __init__(self, session: Session, today: date) -> None:
        self._contacts = contacts_on(session, today)
        self._colleagues: dict[int | None, Contact] = {contact.id: contact for contact in colleagues_on(session, today)}
        plans = [identifier for identifier in session.exec(select(Plan.id)) if identifier is not None]
        self._offices = {plan_id: office_on(session, plan_id, today) for plan_id in plans}

    def of(self, owed: Owed) -> Contact | SkipReason | None:
        """Return the reader, why there is none, or None while mails come back from whoever could be."""
        if owed.audience is Audience.CONTACT and owed.passed_to in self._colleagues:
            return self._colleagues[owed.passed_to]
        office = self._offices[owed.plan_id]
        if owed.to_office and office is None:
            return SkipReason.NO_OFFICE
        unit_id = office.id if owed.to_office and office is not None else owed.unit_id
        to_head = owed.audience in (Audience.HEAD, Audience.OFFICE_HEAD)
        own = self._contacts.get((unit_id or 0, ContactRole.HEAD if to_head else ContactRole.CONTACT))
        return SkipReason.NO_CONTACT if own is None else reachable_reader(self._contacts, own)

    def of_overviews(self, offices: Sequence[Unit]) -> dict[str, tuple[Contact, Unit]]:
        """Return the officer to whom each office's weekly overview goes, by address."""
        own = [(self._contacts.get((office.id or 0, ContactRole.CONTACT)), office) for office in offices]
        readers = [(reachable_reader(self._contacts, contact), office) for contact, office in own if contact]
        return {normalised(contact.address): (contact, office) for contact, office in readers if contact}

    def address(self, owed: Owed) -> str:
        """Return the address for this notice today, or "" where there is none."""
        contact = self.of(owed)
        return normalised(contact.address) if isinstance(contact, Contact) else ""


def normalised(address: str) -> str:
    """Two spellings of one mailbox are one person: one mail a day."""
    return address.strip().casefold()


def release(session: Session, message_id: int, state: MessageState, *, now: datetime) -> None:
    """End a mail that was not sent and let its notices be owed again; those of one that had its time, as untold."""
    freed = {"message_id": None} | ({"reason": _TOO_LATE} if state is MessageState.EXPIRED else {})
    session.execute(update(Message).where(col(Message.id) == message_id).values(state=state, settled_at=now))
    session.execute(delete(MessageContent).where(col(MessageContent.message_id) == message_id))
    session.execute(delete(Overview).where(col(Overview.message_id) == message_id))
    session.execute(
        update(Notice).where(col(Notice.message_id) == message_id, col(Notice.state) == NoticeState.OWED).values(freed)
    )


_TOO_LATE = "could not be handed over in time"


def addresses_served(session: Session, today: date) -> set[str]:
    """Return the addresses that already have their morning mail of the day, whatever became of it."""
    return set(
        session.exec(
            select(Message.address).where(
                Message.kind == MessageKind.MORNING,
                Message.local_date == today,
                col(Message.state).not_in((MessageState.VOID, MessageState.EXPIRED)),
            )
        )
    )
