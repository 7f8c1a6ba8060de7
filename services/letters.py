"""From what is owed to what a mail says: the plain values that the notifications room renders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from sqlmodel import Session, col, select

from models import Assignment, Contact, DeadlineVersion, Mode, Plan, Unit
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
from services.cases import Fact, cases_for, facts_for
from services.chunks import chunks
from services.deadlines import deadline_of
from services.directory import contacts_on, office_on
from services.finding import assignment_name
from services.installation import current
from services.late_lists import late_lists
from services.outbox import Owed, Parcel
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
        self._offices: dict[int, Unit] = {}
        self._officers: dict[int, Contact | None] = {}
        self._deadlines: dict[str, DeadlineFacts] = {}
        self._plan_facts: dict[tuple[int | None, Language], PlanFacts] = {}
        self._rehearsal = current(session).mode is Mode.REHEARSAL
        ids = sorted({owed.notice.assignment_id for owed in standing})
        facts = facts_for(session, ids)
        self._facts = {fact.assignment.id: fact for fact in facts}
        self._cases = self._gather_cases(facts)
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
        to_office = [owed for owed in parcel.owed if owed.notice.audience in (Audience.OFFICER, Audience.OFFICE_HEAD)]
        items = _merged(self._item(owed, language) for owed in parcel.owed if owed not in to_office)
        if parcel.kind is MessageKind.IMMEDIATE:
            return Changed(**common, items=items)  # type: ignore[arg-type]
        lists = late_lists(
            self._session, to_office, self, today=self._today, calendar=self._calendar, language=language
        )
        overview = week_ahead(self._session, parcel.overview, now=self._now, calendar=self._calendar)
        return Morning(**common, items=items, late_lists=lists, overview=overview)  # type: ignore[arg-type]

    def notice_key(self, owed: Owed) -> str:
        """The name of a notice in a mail's headers: the assignment's, the deadline version, the rung, the audience."""
        notice = owed.notice
        return f"{self.name(owed)}/v{notice.version}/{notice.rung}/{notice.audience}"

    def name(self, owed: Owed) -> str:
        return assignment_name(owed.plan.slug, owed.cycle.year, self.fact(owed))

    def fact(self, owed: Owed) -> Fact:
        return self._facts[owed.notice.assignment_id]

    def case(self, owed: Owed) -> Case:
        return self._cases[owed.notice.assignment_id]

    def title(self, fact: Fact, language: Language) -> str:
        return fact.titled(language)

    def plan_facts(self, plan: Plan, language: Language) -> PlanFacts:
        key = (plan.id, language)
        if key not in self._plan_facts:
            english = language is Language.EN and plan.short_title_en
            self._plan_facts[key] = PlanFacts(
                title=plan.title,
                short_title=english or plan.short_title,
                issuer_name=self._units[plan.issuer_id].name,
                number=plan.number,
                issued_on=plan.issued_on,
            )
        return self._plan_facts[key]

    def listed_from(self, case: Case) -> date | None:
        """Return the day from which a late unit stands on the list for the office's head."""
        days = [rung.day for rung in rungs(case, self._calendar) if rung.audience is Audience.OFFICE_HEAD]
        return min(days, default=None)

    @cached_property
    def _units(self) -> dict[int, Unit]:
        return {unit.id: unit for unit in self._session.exec(select(Unit)) if unit.id is not None}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {unit.slug: unit.name for unit in self._units.values()}

    def _gather_cases(self, facts: Sequence[Fact]) -> dict[int, Case]:
        by_plan: dict[int, list[Fact]] = {}
        for fact in facts:
            by_plan.setdefault(fact.assignment.plan_id, []).append(fact)
        found: dict[int, Case] = {}
        for plan_id, group in by_plan.items():
            plan = self._session.get_one(Plan, plan_id)
            for fact, case in zip(group, cases_for(self._session, plan, group, self._today), strict=True):
                found[fact.assignment.id or 0] = case
        return found

    def _gather_versions(self, ids: Sequence[int]) -> dict[tuple[int, int], DeadlineVersion]:
        found = {}
        for part in chunks(ids):
            rows = self._session.exec(select(DeadlineVersion).where(col(DeadlineVersion.assignment_id).in_(part)))
            found.update({(row.assignment_id, row.version): row for row in rows})
        return found

    def _reader(self, parcel: Parcel) -> Reader:
        greeted = [self._greeted(owed, parcel.contact) for owed in parcel.owed]
        return Reader(
            address=parcel.contact.address,
            display=_enumerated(greeted or [self._units[parcel.contact.unit_id].name]),
            language=Language(parcel.contact.language),
        )

    def _greeted(self, owed: Owed, contact: Contact) -> str:
        """A mail is addressed to the unit; one to the office's head or officer names the office."""
        return self._units[contact.unit_id].name if owed.notice.audience in _OFFICE else owed.assignment.unit_name

    def collector(self, plan: Plan) -> Unit:
        """Return the office that follows the plan up today; where there is none, its issuer."""
        assert plan.id is not None
        if plan.id not in self._offices:
            office = office_on(self._session, plan.id, self._today)
            self._offices[plan.id] = office or self._units[plan.issuer_id]
        return self._offices[plan.id]

    def _sender(self, parcel: Parcel) -> Sender:
        office = self.collector(parcel.owed[0].plan) if parcel.owed else self._units[parcel.contact.unit_id]
        assert office.id is not None
        if office.id not in self._officers:
            contacts = contacts_on(self._session, self._today, unit_id=office.id)
            self._officers[office.id] = contacts.get((office.id, ContactRole.CONTACT))
        return sender_of(office, self._officers[office.id], self._letterhead)

    def _item(self, owed: Owed, language: Language) -> Item:
        fact, case, assignment = self.fact(owed), self.case(owed), owed.assignment
        deadline, collector = self._deadline(assignment), self.collector(owed.plan)
        overdue = deadline is not None and deadline.final < self._today
        previous = self._versions.get((owed.notice.assignment_id, assignment.version - 1))
        return Item(
            key=self.name(owed),
            notice_keys=(self.notice_key(owed),),
            section=self._section(owed, assignment.final),
            unit_name=assignment.unit_name,
            unit_short=fact.unit.short_name,
            duty_title=self.title(fact, language),
            citation=fact.responsibility.citation,
            clause_text=fact.responsibility.text,
            nature=Nature(fact.duty.nature),
            deliverable=Deliverable(fact.duty.deliverable),
            recipient_name=self._names.get(assignment.addressed_to),
            collector_name=collector.name,
            collector_word=collector.name.split()[0],
            plan=self.plan_facts(owed.plan, language),
            year=owed.cycle.year,
            period=assignment.period,
            returned=assignment.state is AssignmentState.RETURNED,
            deadline=deadline,
            working_days_left=self._days(self._today, deadline) if deadline and not overdue else None,
            working_days_overdue=-self._days(self._today, deadline) if deadline and overdue else None,
            consolidates_by=case.bound,
            listed_from=self.listed_from(case) if overdue else None,
            to_head=owed.notice.audience is Audience.HEAD,
            provisional=deadline is not None and self._calendar.day(deadline.final).provisional,
            previous_final=previous.final if previous else None,
        )

    def _section(self, owed: Owed, final: date | None) -> Section:
        """Return what holds on the day of sending: a rung that comes late speaks of the day on which it is read."""
        section = _FIXED.get(owed.notice.rung)
        if section is not None or final is None:
            return section or Section.NEW
        if final < self._today:
            return Section.OVERDUE
        return Section.DUE if self._calendar.on_or_before(final) == self._today else Section.APPROACHING

    def _days(self, today: date, deadline: DeadlineFacts) -> int:
        return self._calendar.count(today, deadline.final)

    def _deadline(self, assignment: Assignment) -> DeadlineFacts | None:
        row = self._versions.get((assignment.id or 0, assignment.version))
        if row is None:
            return None
        alike = repr((row.final, row.at, row.version, row.steps))
        if alike not in self._deadlines:
            self._deadlines[alike] = DeadlineFacts(
                final=row.final, steps=deadline_of(row).steps, version=row.version, at=row.at
            )
        return self._deadlines[alike]


_OFFICE = (Audience.OFFICER, Audience.OFFICE_HEAD)
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
        keys = (*(other.notice_keys if other else ()), *item.notice_keys)
        found[item.key] = replace(item, notice_keys=keys, to_head=item.to_head and (other is None or other.to_head))
    return tuple(found.values())
