"""From what is owed to what a mail says: the plain values that the notifications room renders."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy import String, bindparam, cast
from sqlalchemy import select as select_rows
from sqlmodel import Session, select

from models import Contact, Cycle, Mode, Plan, Unit
from models.tables import DEADLINE_VERSION
from notifications.content import (
    Changed,
    DeadlineFacts,
    Item,
    Language,
    Morning,
    PageLink,
    PlanFacts,
    Reader,
    Section,
    Sender,
)
from rules.ladder import Case, RungKind, rungs
from rules.moments import local, local_date
from rules.vocabulary import AssignmentState, Audience, ContactRole, Deliverable, MessageKind, Nature
from rules.workdays import WorkingCalendar
from services.cases import cases_for
from services.chunks import by_id, chunks
from services.deadlines import steps_of
from services.directory import contacts_on, office_on
from services.facts import Fact, facts_for
from services.finding import assignment_name
from services.installation import current
from services.late_lists import late_lists
from services.outbox import Parcel
from services.owed import Owed
from services.weekly import week_ahead


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What the administrator set about outgoing mail; what is empty is taken from the labour office's own entry."""

    from_address: str = ""
    reply_to: str = ""
    contact_title: str = ""
    phone: str = ""
    public_url: str = ""
    trial: bool = False

    def url(self, path: str) -> str:
        """Return the address of a page, never built from a request's own Host."""
        return f"{self.public_url}{path}"


def sender_of(office: Unit, officer: Contact | None, head: Letterhead) -> Sender:
    """Return the office as a mail names its sender: what the administrator set, else the office's own mailbox."""
    own = officer.address if officer else ""
    return Sender(
        office_short=office.short_name,
        contact_title=head.contact_title or (officer.title if officer else ""),
        from_address=head.from_address or head.reply_to or own,
        reply_to=head.reply_to or own or head.from_address,
        phone=head.phone,
    )


class _Version(NamedTuple):
    """A version of a deadline as it is stored: equal for all units to which it applies, its chain still unread."""

    version: int
    final: date
    at: time | None
    steps: str


class Letters:
    """Everything the mails of one delivery need to know, gathered once for all of them."""

    def __init__(
        self,
        session: Session,
        standing: Sequence[Owed],
        *,
        now: datetime,
        calendar: WorkingCalendar,
        letterhead: Letterhead,
    ) -> None:
        self._session, self._now, self._calendar, self._letterhead = session, now, calendar, letterhead
        self._today = local_date(now)
        self._units: dict[int, Unit] = {}
        self._offices: dict[int, Unit] = {}
        self._officers: dict[int, Contact | None] = {}
        self._deadlines: dict[_Version, DeadlineFacts] = {}
        self._items: dict[Hashable, Item] = {}
        self._names: dict[str, str | None] = {}
        self._plan_facts: dict[tuple[int | None, Language], PlanFacts] = {}
        self._rehearsal = current(session).mode is Mode.REHEARSAL
        ids = sorted({owed.assignment_id for owed in standing})
        facts = facts_for(session, ids)
        self._facts = {fact.id: fact for fact in facts}
        self._cycles = by_id(session, Cycle, (owed.cycle_id for owed in standing))
        self._plans = by_id(session, Plan, (owed.plan_id for owed in standing))
        self._cases = {
            identifier: case
            for plan_id in self._plans
            for identifier, case in self._cases_of(plan_id, standing).items()
        }
        self._versions = self._gather_versions(ids)

    def letter(self, parcel: Parcel, links: tuple[PageLink, ...]) -> Morning | Changed:
        """Return the content of one mail, with the pages it leads to."""
        common = {
            "reader": self._reader(parcel),
            "sender": self._sender(parcel),
            "links": links,
            "as_of": local(self._now),
            "rehearsal": self._rehearsal,
            "trial": self._letterhead.trial,
        }
        language = Language(parcel.contact.language)
        to_office = [owed for owed in parcel.owed if owed.to_office]
        items = _merged(self._item(owed, language) for owed in parcel.owed if not owed.to_office)
        if parcel.kind is MessageKind.IMMEDIATE:
            return Changed(**common, items=items)  # type: ignore[arg-type]
        lists = late_lists(
            self._session, to_office, self, today=self._today, calendar=self._calendar, language=language
        )
        overview = week_ahead(self._session, parcel.overview, now=self._now, calendar=self._calendar)
        return Morning(**common, items=items, late_lists=lists, overview=overview)  # type: ignore[arg-type]

    def notice_key(self, owed: Owed) -> str:
        """The name of a notice in a mail's headers: the assignment's, the deadline version, the rung, the audience."""
        return f"{self.name(owed)}/v{owed.version}/{owed.rung}/{owed.audience}"

    def name(self, owed: Owed) -> str:
        return assignment_name(self.plan(owed).slug, self.year(owed), self.fact(owed))

    def plan(self, owed: Owed) -> Plan:
        return self._plans[owed.plan_id]

    def year(self, owed: Owed) -> int:
        return self._cycles[owed.cycle_id].year

    def fact(self, owed: Owed) -> Fact:
        return self._facts[owed.assignment_id]

    def case(self, owed: Owed) -> Case:
        return self._cases[owed.assignment_id]

    def title(self, fact: Fact, language: Language) -> str:
        return fact.titled(language)

    def plan_facts(self, plan: Plan, language: Language) -> PlanFacts:
        key = (plan.id, language)
        if key not in self._plan_facts:
            english = language is Language.EN and plan.short_title_en
            self._plan_facts[key] = PlanFacts(
                title=plan.title,
                short_title=english or plan.short_title,
                issuer_name=self._unit(plan.issuer_id).name,
                number=plan.number,
                issued_on=plan.issued_on,
            )
        return self._plan_facts[key]

    def listed_from(self, case: Case) -> date | None:
        """Return the day from which a late unit stands on the list for the office's head."""
        days = [rung.day for rung in rungs(case, self._calendar) if rung.audience is Audience.OFFICE_HEAD]
        return min(days, default=None)

    def _unit(self, identifier: int) -> Unit:
        if identifier not in self._units:
            self._units[identifier] = self._session.get_one(Unit, identifier)
        return self._units[identifier]

    def _name_of(self, slug: str) -> str | None:
        """Return the recipient's name; an assignment can name nobody."""
        if slug not in self._names:
            self._names[slug] = self._session.exec(select(Unit.name).where(Unit.slug == slug)).one_or_none()
        return self._names[slug]

    def _cases_of(self, plan_id: int, standing: Sequence[Owed]) -> dict[int, Case]:
        ids = sorted({owed.assignment_id for owed in standing if owed.plan_id == plan_id})
        return cases_for(self._session, plan_id, ids, self._today)

    def _gather_versions(self, ids: Sequence[int]) -> dict[tuple[int, int], _Version]:
        found = {}
        for part in chunks(ids):
            for assignment_id, *version in self._session.connection().execute(_VERSIONS, {"assignments": part}):
                found[assignment_id, version[0]] = _Version(*version)
        return found

    def _reader(self, parcel: Parcel) -> Reader:
        greeted = [self._greeted(owed, parcel.contact) for owed in parcel.owed]
        return Reader(
            address=parcel.contact.address,
            display=_enumerated(greeted or [self._unit(parcel.contact.unit_id).name]),
            language=Language(parcel.contact.language),
        )

    def _greeted(self, owed: Owed, contact: Contact) -> str:
        """A mail is addressed to the unit; one to the office's head or officer names the office."""
        return self._unit(contact.unit_id).name if owed.to_office else owed.unit_name

    def collector(self, plan: Plan) -> Unit:
        """Return the office that follows the plan up today; where there is none, its issuer."""
        assert plan.id is not None
        if plan.id not in self._offices:
            office = office_on(self._session, plan.id, self._today)
            self._offices[plan.id] = office or self._unit(plan.issuer_id)
        return self._offices[plan.id]

    def _sender(self, parcel: Parcel) -> Sender:
        office = self.collector(self.plan(parcel.owed[0])) if parcel.owed else self._unit(parcel.contact.unit_id)
        assert office.id is not None
        if office.id not in self._officers:
            contacts = contacts_on(self._session, self._today, unit_id=office.id)
            self._officers[office.id] = contacts.get((office.id, ContactRole.CONTACT))
        return sender_of(office, self._officers[office.id], self._letterhead)

    def _item(self, owed: Owed, language: Language) -> Item:
        """Return what the mail says of one notice; units that owe the same by the same day are told the same."""
        fact, case = self.fact(owed), self.case(owed)
        version = self._versions.get((owed.assignment_id, owed.assignment_version))
        previous = self._versions.get((owed.assignment_id, owed.assignment_version - 1))
        alike = (
            fact.duty.id, owed.cycle_id, fact.period, fact.own_title, fact.addressed_to, case.terms,
            version, previous, _FIXED.get(owed.rung), owed.audience, language,
        )  # fmt: skip
        if alike not in self._items:
            self._items[alike] = self._worded(owed, version, previous, language)
        return replace(
            self._items[alike],
            key=self.name(owed),
            notice_keys=(self.notice_key(owed),),
            unit_name=owed.unit_name,
            unit_short=fact.unit_short,
        )

    def _worded(self, owed: Owed, version: _Version | None, previous: _Version | None, language: Language) -> Item:
        fact, case = self.fact(owed), self.case(owed)
        deadline, collector = self._deadline(version), self.collector(self.plan(owed))
        overdue = deadline is not None and deadline.final < self._today
        return Item(
            key="",
            section=self._section(owed, case.final),
            unit_name="",
            unit_short="",
            duty_title=self.title(fact, language),
            citation=fact.responsibility.citation,
            clause_text=fact.responsibility.text,
            nature=Nature(fact.duty.nature),
            deliverable=Deliverable(fact.duty.deliverable),
            recipient_name=self._name_of(fact.addressed_to),
            collector_name=collector.name,
            collector_word=collector.name.split()[0],
            plan=self.plan_facts(self.plan(owed), language),
            year=self.year(owed),
            period=fact.period,
            returned=case.state is AssignmentState.RETURNED,
            deadline=deadline,
            working_days_left=self._days(self._today, deadline) if deadline and not overdue else None,
            working_days_overdue=-self._days(self._today, deadline) if deadline and overdue else None,
            consolidates_by=case.bound,
            listed_from=self.listed_from(case) if overdue else None,
            to_head=owed.audience is Audience.HEAD,
            provisional=deadline is not None and self._calendar.day(deadline.final).provisional,
            previous_final=previous.final if previous else None,
        )

    def _section(self, owed: Owed, final: date | None) -> Section:
        """Return what holds on the day of sending: a rung that comes late speaks of the day on which it is read."""
        section = _FIXED.get(owed.rung)
        if section is not None or final is None:
            return section or Section.NEW
        if final < self._today:
            return Section.OVERDUE
        return Section.DUE if self._calendar.on_or_before(final) == self._today else Section.APPROACHING

    def _days(self, today: date, deadline: DeadlineFacts) -> int:
        return self._calendar.count(today, deadline.final)

    def _deadline(self, version: _Version | None) -> DeadlineFacts | None:
        if version is None:
            return None
        if version not in self._deadlines:
            self._deadlines[version] = DeadlineFacts(
                final=version.final, steps=steps_of(version.steps), version=version.version, at=version.at
            )
        return self._deadlines[version]


_VERSIONS = select_rows(
    DEADLINE_VERSION.c.assignment_id,
    DEADLINE_VERSION.c.version,
    DEADLINE_VERSION.c.final,
    DEADLINE_VERSION.c.at,
    cast(DEADLINE_VERSION.c.steps, String),
).where(DEADLINE_VERSION.c.assignment_id.in_(bindparam("assignments", expanding=True)))
_FIXED: dict[str, Section] = {
    RungKind.OPENED: Section.NEW,
    RungKind.CHANGED: Section.CHANGED,
    RungKind.INVITED: Section.INVITATION,
}


def _enumerated(names: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(names))


def _merged(items: Iterable[Item]) -> tuple[Item, ...]:
    """One mailbox may stand for the đầu mối and the head: it reads of an assignment once, as the đầu mối."""
    found: dict[str, Item] = {}
    for item in items:
        other = found.get(item.key)
        if other is not None:
            keys = (*other.notice_keys, *item.notice_keys)
            item = replace(item, notice_keys=keys, to_head=item.to_head and other.to_head)  # noqa: PLW2901
        found[item.key] = item
    return tuple(found.values())
