"""Which owed notices go to whom, and which no longer hold."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Contact, Cycle, CycleState, Message, Notice, Overview, Plan, Responsibility, Unit
from rules.ladder import RungKind
from rules.standing import Standing, moot
from rules.vocabulary import Audience, ContactRole, MessageKind, MessageState, NoticeState, SkipReason
from services.approvals import Approvals, approvals_of
from services.chunks import by_id
from services.directory import colleagues_on, contacts_on, office_on, reachable_reader
from services.holds import held_units
from services.weekly import overviews_owed

#: These only say that there is something to do: needless once the unit has confirmed that it knows.
_NEWS = ("opened", "changed")


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A notice with what it speaks of."""

    notice: Notice
    assignment: Assignment
    cycle: Cycle
    plan: Plan
    unit: Unit
    clause_in_force: bool

    @property
    def immediate(self) -> bool:
        """Word of a changed date answers what somebody just did: it does not wait for the morning."""
        return self.notice.rung == "changed"


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
        return self.overview is not None or any(_to_office(owed) for owed in self.owed)


def owed_notices(session: Session, *, changed_only: bool = False) -> list[Owed]:
    """Return the notices that no mail holds yet: all, or just word of changed dates."""
    free = (col(Notice.state) == NoticeState.OWED, col(Notice.message_id).is_(None))
    changed = (col(Notice.rung) == RungKind.CHANGED,) if changed_only else ()
    return _owed(session, *free, *changed)


def owed_in(session: Session, message_ids: Sequence[int]) -> dict[int, list[Owed]]:
    """Return the notices that each of these mails holds, whatever became of them."""
    found: dict[int, list[Owed]] = {number: [] for number in message_ids}
    for owed in _owed(session, col(Notice.message_id).in_(message_ids)):
        found[owed.notice.message_id or 0].append(owed)
    return found


def _owed(session: Session, *chosen: ColumnElement[bool]) -> list[Owed]:
    rows = session.execute(
        select_rows(Notice, Assignment)
        .join(Assignment, col(Assignment.id) == Notice.assignment_id)
        .where(*chosen)
        .order_by(col(Notice.id))
    ).all()
    cycles = by_id(session, Cycle, (assignment.cycle_id for _, assignment in rows))
    plans = by_id(session, Plan, (cycle.plan_id for cycle in cycles.values()))
    units = by_id(session, Unit, (assignment.unit_id for _, assignment in rows))
    in_force = _clauses_in_force(session, plans)
    return [
        Owed(
            notice=notice,
            assignment=assignment,
            cycle=cycles[assignment.cycle_id],
            plan=plans[assignment.plan_id],
            unit=units[assignment.unit_id],
            clause_in_force=(assignment.plan_id, assignment.clause) in in_force,
        )
        for notice, assignment in rows
    ]


def _clauses_in_force(session: Session, plans: Iterable[int]) -> set[tuple[int, str]]:
    rows = session.execute(
        select_rows(col(Responsibility.plan_id), col(Responsibility.clause)).where(
            col(Responsibility.plan_id).in_(plans), col(Responsibility.retired_at).is_(None)
        )
    )
    return {(plan_id, clause) for plan_id, clause in rows}


def ending(owed: Owed, today: date, approvals: Approvals) -> tuple[NoticeState, str] | None:
    """Return how this notice ends because it no longer holds, or None."""
    if owed.notice.state is not NoticeState.OWED:
        return owed.notice.state, owed.notice.reason
    return moot(
        Standing(
            state=owed.assignment.state,
            notice_version=owed.notice.version,
            current_version=owed.assignment.version,
            cycle_closed=owed.cycle.state is CycleState.CLOSED,
            unit_ended=owed.unit.valid_to is not None and owed.unit.valid_to < today,
            clause_retired=not owed.clause_in_force,
            acknowledged=owed.notice.rung in _NEWS and owed.assignment.acknowledged_at is not None,
            dropped=approvals.dropped(owed.assignment.cycle_id, owed.notice.rung),
        )
    )


def end_moot(
    session: Session, *, now: datetime, today: date, changed_only: bool = False
) -> tuple[list[Owed], list[Owed]]:
    """Settle the notices that no longer hold; returns those that still do, and those that were settled."""
    standing, ended = [], []
    approvals = approvals_of(session)
    for owed in owed_notices(session, changed_only=changed_only):
        end = ending(owed, today, approvals)
        if end is None:
            standing.append(owed)
        else:
            settle(session, [owed.notice], *end, now=now)
            ended.append(owed)
    return standing, ended


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
        assignment, rung = owed.assignment, owed.notice.rung
        early = owed.notice.due_on > self.today
        resting_until, answered_until = assignment.resting_until, assignment.answered_until
        resting = rung.startswith("+") and resting_until is not None and self.today <= resting_until
        answered = (
            rung not in (*_NEWS, "invited")
            and owed.notice.audience is Audience.CONTACT
            and answered_until is not None
            and self.today < answered_until
        )
        held = None in self.held or assignment.unit_id in self.held
        return early or resting or answered or held or self.approvals.waiting(assignment.cycle_id, rung)


def waiting_on(session: Session, today: date) -> Waiting:
    return Waiting(held=held_units(session), approvals=approvals_of(session), today=today)


def settle(session: Session, notices: Sequence[Notice], state: NoticeState, reason: str, *, now: datetime) -> None:
    """Give notices their outcome."""
    for notice in notices:
        notice.state, notice.reason, notice.settled_at = state, reason, now
        session.add(notice)


def parcels(
    session: Session, standing: Sequence[Owed], *, today: date, now: datetime, morning: bool
) -> tuple[list[Parcel], list[Owed]]:
    """Group what is owed by address and kind; what has no reader at all ends as skipped and is returned apart.

    Where mails come back from every mailbox of the reader's unit it waits, owed, for an address that works.
    Units come before the labour office, so that the late unit and its head are told before anybody above them.
    """
    waiting = waiting_on(session, today)
    unreachable = []
    readers = Readers(session, today)
    grouped: dict[tuple[str, MessageKind], list[tuple[Contact, Owed]]] = defaultdict(list)
    for owed in standing:
        if waiting.keeps(owed) or not (morning or owed.immediate):
            continue
        contact = readers.of(owed)
        if contact is None:
            continue
        if isinstance(contact, SkipReason):
            settle(session, [owed.notice], NoticeState.SKIPPED, contact, now=now)
            unreachable.append(owed)
            continue
        kind = MessageKind.IMMEDIATE if owed.immediate else MessageKind.MORNING
        grouped[normalised(contact.address), kind].append((contact, owed))
    overviews = readers.of_overviews(overviews_owed(session, today)) if morning and None not in waiting.held else {}
    for address in overviews:
        grouped.setdefault((address, MessageKind.MORNING), [])
    found = [
        _parcel(pairs, kind, overviews.get(address) if kind is MessageKind.MORNING else None)
        for (address, kind), pairs in grouped.items()
    ]
    return sorted(found, key=lambda parcel: parcel.speaks_to_office), unreachable


def _parcel(pairs: list[tuple[Contact, Owed]], kind: MessageKind, overview: tuple[Contact, Unit] | None) -> Parcel:
    names = {contact.id: (contact, owed.assignment.unit_name) for contact, owed in pairs if not _to_office(owed)}
    return Parcel(
        contact=pairs[0][0] if pairs else overview[0],  # type: ignore[index]
        kind=kind,
        owed=tuple(owed for _, owed in pairs),
        contacts=tuple(names.values()),
        overview=overview[1] if overview else None,
    )


def _to_office(owed: Owed) -> bool:
    return owed.notice.audience in (Audience.OFFICER, Audience.OFFICE_HEAD)


class Readers:
    """Who reads a notice today: the roles are resolved on the date, the mailboxes read once."""

    def __init__(self, session: Session, today: date) -> None:
        self._contacts = contacts_on(session, today)
        self._colleagues = {contact.id: contact for contact in colleagues_on(session, today)}
        plans = [identifier for identifier in session.exec(select(Plan.id)) if identifier is not None]
        self._offices = {plan_id: office_on(session, plan_id, today) for plan_id in plans}

    def of(self, owed: Owed) -> Contact | SkipReason | None:
        """Return the reader, why there is none, or None while mails come back from whoever could be."""
        passed_to = owed.assignment.contact_id
        if owed.notice.audience is Audience.CONTACT and passed_to in self._colleagues:
            return self._colleagues[passed_to]
        unit = self._offices[owed.cycle.plan_id] if _to_office(owed) else owed.unit
        if unit is None or unit.id is None:
            return SkipReason.NO_OFFICE
        to_head = owed.notice.audience in (Audience.HEAD, Audience.OFFICE_HEAD)
        role = ContactRole.HEAD if to_head else ContactRole.CONTACT
        own = self._contacts.get((unit.id, role))
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


def release(session: Session, message: Message, state: MessageState, *, now: datetime) -> None:
    """End a mail that was not sent and let its notices be owed again."""
    message.state, message.settled_at, message.content = state, now, b""
    session.add(message)
    session.execute(delete(Overview).where(col(Overview.message_id) == message.id))
    session.execute(
        update(Notice)
        .where(col(Notice.message_id) == message.id, col(Notice.state) == NoticeState.OWED)
        .values(message_id=None)
    )


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
