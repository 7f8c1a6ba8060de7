"""A checked plan file becomes rows: units and groups are brought up to date, changed clauses become new versions.

Loading the same files again changes nothing. Nothing is deleted: a member, a contact or a clause that a newer file no
longer names ends on the day before the loading, and assignments keep what they were made from. A unit ends only by the
date in its own entry, since other plans may know it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from models import (
    Assignment,
    Contact,
    Cycle,
    CycleState,
    Duty,
    Membership,
    Office,
    Plan,
    Responsibility,
    Staff,
    Unit,
    UnitGroup,
)
from plans.schema import ContactEntry, GroupEntry, PlanFile, StaffEntry, UnitEntry, UnitsFile
from plans.schema import Duty as DutyEntry
from plans.schema import Responsibility as ResponsibilityEntry
from rules.errors import DondocError
from rules.lifecycle import WAITING
from rules.moments import local_date
from services.assigning import slots_of
from services.journal import record

Rungs = dict[str, list[int]]


class UnitClashError(DondocError):
    """Two plans mean different units by one slug."""


class ShapeChangedError(DondocError):
    """A duty's recipients or periods cannot change while a year is open."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What loading changed; all zero when the files say what the database already has."""

    plan: str
    clauses: int
    duties: int
    new_clauses: tuple[str, ...] = ()
    changed_clauses: tuple[str, ...] = ()
    retired_clauses: tuple[str, ...] = ()
    new_units: tuple[str, ...] = ()


def load_plan(
    session: Session, plan: PlanFile, units: UnitsFile, *, source_text: str, now: datetime, actor: str
) -> Loaded:
    """Write the plan, its units and its clauses; the caller has checked them."""
    today = local_date(now)
    new_units = [_unit(session, entry, plan.plan.slug, today) for entry in units.units]
    for group in units.groups:
        _group(session, group, plan.plan.slug, today)
    _staff(session, units.staff, [entry.slug for entry in units.units], today)
    row = _plan(session, plan, source_text, now)
    _office(session, row, plan.plan.collector, today)
    new, changed, retired = _clauses(session, row, plan, now)
    loaded = Loaded(
        plan=plan.plan.slug,
        clauses=len(plan.responsibilities),
        duties=sum(1 for _ in plan.duties()),
        new_clauses=tuple(new),
        changed_clauses=tuple(changed),
        retired_clauses=tuple(retired),
        new_units=tuple(slug for slug in new_units if slug),
    )
    if new or changed or retired or loaded.new_units:
        record(
            session,
            now=now,
            actor=actor,
            action="loaded",
            subject=plan.plan.slug,
            new=new,
            changed=changed,
            retired=retired,
            units=list(loaded.new_units),
        )
    return loaded


def _unit(session: Session, entry: UnitEntry, plan: str, today: date) -> str | None:
    row = session.exec(select(Unit).where(Unit.slug == entry.slug)).one_or_none()
    made = None if row else entry.slug
    if row is not None and row.brought_by != plan:
        _require_same(entry.slug, row.name, entry.name, row.brought_by)
        return None
    row = row or Unit(slug=entry.slug, brought_by=plan, name="", short_name="", kind="", subordinate=True)
    row.name, row.short_name, row.kind = entry.name, entry.short_name, str(entry.kind)
    row.subordinate, row.valid_from, row.valid_to = entry.subordinate, entry.valid_from, entry.valid_to
    session.add(row)
    session.flush()
    assert row.id is not None
    _contacts(session, row.id, entry.contacts, today)
    return made


def _contacts(session: Session, unit_id: int, entries: Iterable[ContactEntry], today: date) -> None:
    have = session.exec(select(Contact).where(Contact.unit_id == unit_id)).all()
    kept: set[tuple[Any, ...]] = set()
    by_key = {(row.role, row.address, row.valid_from): row for row in have}
    for entry in entries:
        key = (entry.role, entry.address, entry.valid_from)
        kept.add(key)
        row = by_key.get(key) or Contact(
            unit_id=unit_id, role=entry.role, address=entry.address, title="", valid_from=entry.valid_from
        )
        if row.valid_to is not None and row.valid_to < today:  # entered again: somebody knows that it works
            row.unreachable_since, row.unreachable_why = None, ""
        row.title, row.language, row.valid_to = entry.title, str(entry.language), entry.valid_to
        session.add(row)
    _end(session, [row for key, row in by_key.items() if key not in kept and not row.named_here], today)


def _staff(session: Session, entries: Iterable[StaffEntry], units: Iterable[str], today: date) -> None:
    """Bring the staff of this file's units up to date; whoever is no longer named can no longer sign in."""
    numbers = {unit.slug: unit.id or 0 for unit in session.exec(select(Unit).where(col(Unit.slug).in_(list(units))))}
    have = session.exec(select(Staff).where(col(Staff.unit_id).in_(numbers.values()))).all()
    by_key = {(row.unit_id, row.address, row.valid_from): row for row in have}
    for entry in entries:
        address = entry.address.casefold()
        row = by_key.pop((numbers[entry.unit], address, entry.valid_from), None)
        row = row or Staff(unit_id=numbers[entry.unit], address=address, title="", valid_from=entry.valid_from)
        row.title, row.roles, row.language = entry.title, [str(role) for role in entry.roles], str(entry.language)
        row.valid_to = entry.valid_to
        session.add(row)
    _end(session, by_key.values(), today)


def _require_same(slug: str, known: str, given: str, plan: str) -> None:
    """Another plan's file may name a unit or group, but one slug means one thing in the whole database."""
    if known != given:
        raise UnitClashError(
            f"{slug!r} is {known!r} in the plan {plan}, and {given!r} here; give this one another slug"
        )


def _group(session: Session, entry: GroupEntry, plan: str, today: date) -> None:
    row = session.exec(select(UnitGroup).where(UnitGroup.slug == entry.slug)).one_or_none()
    if row is not None and row.brought_by != plan:
        _require_same(entry.slug, row.name, entry.name, row.brought_by)
        return
    row = row or UnitGroup(slug=entry.slug, brought_by=plan, name="")
    row.name = entry.name
    session.add(row)
    session.flush()
    assert row.id is not None
    have = session.exec(select(Membership).where(Membership.group_id == row.id)).all()
    by_key = {(member.member, member.valid_from): member for member in have}
    for member in entry.members:
        found = by_key.pop((member.slug, member.valid_from), None)
        found = found or Membership(group_id=row.id, member=member.slug, valid_from=member.valid_from)
        found.valid_to = member.valid_to
        session.add(found)
    _end(session, by_key.values(), today)


def _end(session: Session, rows: Iterable[Contact | Membership | Office | Staff], today: date) -> None:
    """End what a newer file no longer names; what had already ended stays as it was."""
    yesterday = today - timedelta(days=1)
    for row in rows:
        if row.valid_to is None or row.valid_to > yesterday:
            row.valid_to = yesterday
            session.add(row)


def _plan(session: Session, file: PlanFile, source_text: str, now: datetime) -> Plan:
    head = file.plan
    issuer = session.exec(select(Unit.id).where(Unit.slug == head.issuer)).one()
    assert issuer is not None
    row = session.exec(select(Plan).where(Plan.slug == head.slug)).one_or_none()
    row = row or Plan(
        slug=head.slug, title="", short_title="", issuer_id=issuer, first_year=0, last_year=0, roll=head.roll,
        source_text="", digest="", loaded_at=now,
    )  # fmt: skip
    row.title, row.short_title, row.short_title_en = head.title, head.short_title, head.short_title_en
    row.number, row.issued_on, row.issuer_id = head.number, head.issued_on, issuer
    row.first_year, row.last_year, row.roll = head.period.first, head.period.last, head.roll
    row.source_text, row.digest = source_text, hashlib.sha256(source_text.encode()).hexdigest()
    session.add(row)
    session.flush()
    return row


def _office(session: Session, plan: Plan, collector: str, today: date) -> None:
    """The office that follows up is a role: when the file names another one, the former ends, the next begins."""
    unit_id = session.exec(select(Unit.id).where(Unit.slug == collector)).one()
    standing = session.exec(select(Office).where(Office.plan_id == plan.id, col(Office.valid_to).is_(None))).all()
    if any(office.unit_id == unit_id for office in standing):
        return
    _end(session, standing, today)
    assert plan.id is not None
    assert unit_id is not None
    session.add(Office(plan_id=plan.id, unit_id=unit_id, valid_from=today if standing else None))


def _clauses(session: Session, plan: Plan, file: PlanFile, now: datetime) -> tuple[list[str], list[str], list[str]]:
    rows = session.exec(
        select(Responsibility).where(Responsibility.plan_id == plan.id, col(Responsibility.retired_at).is_(None))
    ).all()
    standing = {row.clause: row for row in rows}
    new: list[str] = []
    changed: list[str] = []
    for entry in file.responsibilities:
        rungs = {audience: list(offsets) for audience, offsets in asdict(file.ladder_of(entry)).items()}
        digest = _digest(entry, rungs)
        row = standing.pop(entry.id, None)
        if row is not None and row.digest == digest:
            continue
        if row is not None:
            row.retired_at = now
            session.add(row)
        (changed if row else new).append(entry.id)
        if row is not None:
            _require_same_shape(session, plan, entry)
        _write_clause(session, plan, entry, rungs, digest, now)
    for row in standing.values():
        row.retired_at = now
        session.add(row)
    return new, changed, list(standing)


def _require_same_shape(session: Session, plan: Plan, entry: ResponsibilityEntry) -> None:
    """What a unit still owes in an open year must have its place in the new version, or it would owe it twice."""
    for duty in entry.duties:
        waiting = session.exec(
            select(Cycle.year, Assignment.recipient, Assignment.period)
            .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
            .where(
                Assignment.plan_id == plan.id,
                Assignment.duty_key == entry.key_of(duty),
                Cycle.state == CycleState.OPEN,
                col(Assignment.state).in_(WAITING),
                col(Assignment.title).is_(None),  # what is ad hoc has no place in any version
            )
            .distinct()
        ).all()
        for year, recipient, period in waiting:
            if (recipient, period) not in {(slot[0], slot[2]) for slot in slots_of(_duty(0, entry, duty), year)}:
                raise ShapeChangedError(
                    f"{entry.key_of(duty)}: its recipients or its cadence cannot change while {year} is open and units "
                    "still owe it; close the year first, or keep them until then"
                )


def _digest(entry: ResponsibilityEntry, rungs: Rungs) -> str:
    """Two entries with one digest say the same."""
    said = json.dumps([entry.model_dump(mode="json"), rungs], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _write_clause(
    session: Session, plan: Plan, entry: ResponsibilityEntry, rungs: Rungs, digest: str, now: datetime
) -> None:
    versions = session.exec(
        select(Responsibility.version).where(Responsibility.plan_id == plan.id, Responsibility.clause == entry.id)
    ).all()
    assert plan.id is not None
    row = Responsibility(
        plan_id=plan.id,
        clause=entry.id,
        version=max(versions, default=0) + 1,
        title=entry.title,
        title_en=entry.title_en,
        citation=entry.citation,
        text=entry.text,
        role=entry.role,
        addressees=list(entry.addressees),
        unassigned=entry.unassigned,
        rungs=rungs,
        digest=digest,
        made_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    for duty in entry.duties:
        session.add(_duty(row.id, entry, duty))


def _duty(responsibility_id: int, entry: ResponsibilityEntry, duty: DutyEntry) -> Duty:
    return Duty(
        responsibility_id=responsibility_id,
        key=entry.key_of(duty),
        title=duty.title,
        title_en=duty.title_en,
        text=duty.text,
        nature=duty.nature,
        cadence=duty.cadence,
        deliverable=duty.deliverable,
        role=entry.role_of(duty),
        addressees=list(duty.addressees),
        recipients=[item.model_dump(mode="json") for item in duty.recipients],
        feeds=duty.feeds,
        escalates=entry.escalates(duty),
    )
