"""What may stand in a plan's three files: plan.yaml, units.yaml and cycles/YEAR.yaml.

Nothing here is filled in for its author: an owner that the text does not name stays unassigned, a date that nobody set
stays absent. Texts come out in NFC on one line; `from` and `to` are the first and the last day that count.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from plans.fields import FILLED, Address, Dated, Day, DutyId, Entry, ItemId, PeriodCode, Slug, SourceName, Text, Years
from rules.access import StaffRole
from rules.deadlines import DueRule, Form
from rules.ladder import Ladder
from rules.vocabulary import ContactRole, Deliverable, Nature, PeriodKind, Role, RollPolicy

_PERIOD_KINDS = {"H": PeriodKind.HALF_YEAR, "Q": PeriodKind.QUARTER, "M": PeriodKind.MONTH}


class Rungs(Entry):
    """Offsets in working days from the deadline, per audience; what is absent is as usual."""

    contact: tuple[int, ...] | None = None
    head: tuple[int, ...] | None = None
    officer: tuple[int, ...] | None = None
    office_head: tuple[int, ...] | None = Field(default=None, alias="office-head")

    def over(self, ladder: Ladder) -> Ladder:
        """Return the ladder with the offsets that are named here in place of its own."""
        return replace(ladder, **self.model_dump(exclude_none=True))


class PlanHead(Entry):
    """The document: what it is, whose it is, who follows it up. Number and date are entered, never invented."""

    slug: Slug
    title: Text
    short_title: Text
    short_title_en: Text | None = None
    number: Text | None = None
    issued_on: Day | None = None
    issuer: Slug
    collector: Slug
    period: Years
    source: SourceName
    covers: Annotated[tuple[ItemId, ...], FILLED]
    roll: RollPolicy = RollPolicy.EARLIER
    rungs: Rungs = Rungs()


class Recipient(Entry):
    """To whom it goes: the plan's own words, and the unit that a person took them to mean (None: undecided)."""

    as_written: Text
    applied: Slug | None = None
    basis: Text | None = None


class Duty(Entry):
    """One main verb phrase of a clause. `addressees` and `role` only where they differ from the clause's own."""

    id: DutyId
    title: Text
    title_en: Text | None = None
    text: Text
    nature: Nature
    cadence: PeriodKind | None = None
    deliverable: Deliverable = Deliverable.NONE
    deliverable_text: Text | None = None
    recipients: tuple[Recipient, ...] = ()
    via: Text | None = None
    addressees: tuple[Slug, ...] = ()
    executor: Slug | None = None
    role: Role | None = None
    feeds: Text | None = None
    nested: bool = False
    nested_in: Text | None = None
    note: Text | None = None

    @property
    def can_have_deadline(self) -> bool:
        """Continuous work has no day to be done by, and what depends on an event is never overdue."""
        return self.nature in (Nature.PERIODIC, Nature.ONCE)

    @property
    def is_yearly_report(self) -> bool:
        """Only an overdue yearly report is told to the labour office."""
        return (
            self.nature is Nature.PERIODIC
            and self.cadence is PeriodKind.YEAR
            and self.deliverable is Deliverable.REPORT
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cadence and self.nature is not Nature.PERIODIC:
            raise ValueError(f"only a periodic duty has a cadence; leave it out of a duty that is {self.nature}")
        if self.cadence is PeriodKind.ONCE:
            raise ValueError("what is done a single time has no cadence; write 'nature: once' instead")
        if self.nested_in and not self.nested:
            raise ValueError("nested_in says where a nested report stands; add 'nested: true' or leave it out")
        return self


class Responsibility(Entry):
    """A clause with a duty, cited as an officer cites it. Either it has addressees, or it says why it has none."""

    id: ItemId
    title: Text
    title_en: Text | None = None
    citation: Text
    text: Text
    addressees: tuple[Slug, ...] = ()
    unassigned: Text | None = None
    role: Role
    rungs: Rungs = Rungs()
    duties: Annotated[tuple[Duty, ...], FILLED]

    def key_of(self, duty: Duty) -> str:
        return f"{self.id}.{duty.id}"

    def role_of(self, duty: Duty) -> Role:
        return duty.role or self.role

    def addressees_of(self, duty: Duty) -> tuple[str, ...]:
        return duty.addressees or self.addressees

    def escalates(self, duty: Duty) -> bool:
        """A body that is only asked ("Đề nghị") is never on a list, whatever it hands in."""
        return duty.is_yearly_report and self.role_of(duty) is not Role.REQUEST

    @model_validator(mode="after")
    def _owned_or_not(self) -> Self:
        if bool(self.addressees) == bool(self.unassigned):
            raise ValueError("name the addressees, or say in 'unassigned' why there are none; exactly one of the two")
        return self


class NotDuty(Entry):
    """An item of the text that gives nobody anything to do, and why that was judged so."""

    item: ItemId
    reason: Text


class PlanFile(Entry):
    plan: PlanHead
    responsibilities: Annotated[tuple[Responsibility, ...], FILLED]
    not_duties: tuple[NotDuty, ...] = ()

    def duties(self) -> Iterator[tuple[str, Responsibility, Duty]]:
        """Yield every duty with its key (V.4-3.a) and its clause."""
        for responsibility in self.responsibilities:
            for duty in responsibility.duties:
                yield responsibility.key_of(duty), responsibility, duty

    def ladder_of(self, responsibility: Responsibility) -> Ladder:
        """Return the rungs that hold for this clause: its own before the plan's before the usual ones."""
        return responsibility.rungs.over(self.plan.rungs.over(Ladder()))


class UnitKind(StrEnum):
    """What kind of body it is, for how it is addressed; `don-vi` is any other public body."""

    UBND_HUYEN = "ubnd-huyen"
    PHONG = "phong"
    XA = "xa"
    SO = "so"
    DON_VI = "don-vi"
    MAT_TRAN = "mat-tran"
    DOAN_THE = "doan-the"
    NGAN_HANG = "ngan-hang"


class Language(StrEnum):
    VI = "vi"
    EN = "en"


class ContactEntry(Dated):
    """A role's mailbox, never a person's name."""

    role: ContactRole
    address: Address
    title: Text
    language: Language = Language.VI

    @model_validator(mode="after")
    def _of_the_unit(self) -> Self:
        if self.role is ContactRole.COLLEAGUE:
            raise ValueError("a colleague is named by the unit itself, on its page; write 'contact' or 'head'")
        return self


class UnitEntry(Dated):
    """`subordinate` is under the issuer's authority: such a unit is reminded, any other is only asked."""

    slug: Slug
    name: Text
    short_name: Text
    aliases: tuple[Text, ...] = ()
    kind: UnitKind
    subordinate: bool = True
    contacts: tuple[ContactEntry, ...] = ()


class StaffEntry(Dated):
    """A role mailbox of the labour office that may open its pages, and what it may do there."""

    unit: Slug
    address: Address
    title: Text
    roles: Annotated[tuple[StaffRole, ...], FILLED]
    language: Language = Language.VI


class Member(Dated):
    unit: Slug | None = None
    group: Slug | None = None

    @property
    def slug(self) -> str:
        return self.unit or self.group or ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.unit) == bool(self.group):
            raise ValueError("a member is either a unit or a group; name one of the two")
        return self


class Suggestion(Entry):
    """Whom the text could mean. A suggestion has no effect until a person makes it a member."""

    unit: Slug | None = None
    name: Text | None = None
    reason: Text

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.unit) == bool(self.name):
            raise ValueError("a suggestion names a unit of this file, or gives a name; one of the two")
        return self


class GroupEntry(Entry):
    slug: Slug
    name: Text
    members: tuple[Member, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    note: Text | None = None


class UnitsFile(Entry):
    units: Annotated[tuple[UnitEntry, ...], FILLED]
    groups: tuple[GroupEntry, ...] = ()
    staff: tuple[StaffEntry, ...] = ()

    @model_validator(mode="after")
    def _staff_of_known_units(self) -> Self:
        for entry in self.staff:
            if entry.unit not in self.unit_slugs:
                raise ValueError(f"staff {entry.address}: there is no unit {entry.unit!r} in this file")
        return self

    @property
    def unit_slugs(self) -> frozenset[str]:
        return frozenset(unit.slug for unit in self.units)

    @property
    def group_slugs(self) -> frozenset[str]:
        return frozenset(group.slug for group in self.groups)


class CycleDeadline(Entry):
    """One date that a person set for one duty: for one of its recipients, or for all of them."""

    duty: Text
    before: Day | None = None
    latest: Day | None = None
    at: time | None = Field(default=None, alias="time")
    recipient: Slug | None = None
    period: PeriodCode | None = None
    basis: Text

    @property
    def kind(self) -> PeriodKind:
        return _PERIOD_KINDS[self.period[0]] if self.period else PeriodKind.YEAR

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.before) == bool(self.latest):
            raise ValueError("write 'before' (trước ngày) or 'latest' (chậm nhất ngày); exactly one of the two")
        return self


class Mailing(StrEnum):
    """What waits for the head's "Duyệt gửi" when a year is opened."""

    OPENING = "opening"
    INVITATIONS = "invitations"


class CycleFile(Entry):
    """A plan's year. `proposed` marks dates that no text prescribes; `estimated` allows "ước thực hiện".

    `approve` names the mailings that go out only after the head of the office has approved them.
    """

    plan: Slug
    year: int = Field(ge=2000, le=2100)
    data_close: Day | None = None
    proposed: bool = False
    estimated: bool = False
    approve: tuple[Mailing, ...] = ()
    deadlines: tuple[CycleDeadline, ...] = ()

    def due_rule(self, deadline: CycleDeadline) -> DueRule:
        """Return the date as the rules take it."""
        written = deadline.before or deadline.latest
        assert written is not None, "validated: exactly one of before and latest"
        form = Form.BEFORE if deadline.before else Form.LATEST
        return DueRule(form=form, written=written, at=deadline.at, basis=deadline.basis, proposed=self.proposed)
