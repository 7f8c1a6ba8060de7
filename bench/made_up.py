"""A made-up country for measuring: as many communes as asked for, one plan of clauses with one duty each."""

from datetime import UTC, date, datetime
from pathlib import Path
from string import ascii_lowercase

from sqlalchemy import Engine

from models import Mode
from models.database import make_engine, writing
from plans.fields import Years
from plans.schema import (
    ContactEntry,
    CycleDeadline,
    CycleFile,
    Duty,
    GroupEntry,
    Member,
    PlanFile,
    PlanHead,
    Responsibility,
    UnitEntry,
    UnitsFile,
)
from rules.vocabulary import ContactRole, Deliverable, Nature, PeriodKind, Role
from services.installation import make
from services.plan_loading import load_plan

#: Communes of Vietnam since 1 July 2025 (NQ 202/2025/QH15 and its resolutions): the size the issue names.
COMMUNES = 3_321
CLAUSES = 17
OPENED = datetime(2024, 1, 8, 0, 30, tzinfo=UTC)


def fresh_engine(folder: Path) -> Engine:
    """Return an empty rehearsal database on SQLite."""
    engine = make_engine(f"sqlite:///{folder / 'bench.db'}")
    make(engine, mode=Mode.REHEARSAL, now=OPENED)
    return engine


def load(engine: Engine, *, communes: int, clauses: int, duties: int = 1) -> CycleFile:
    """Load the made-up plan; returns the file of its year, in which every duty has a date."""
    plan = _plan(clauses, duties)
    with writing(engine) as session:
        load_plan(session, plan, _units(communes), source_text="", now=OPENED, actor="bench")
    deadlines = tuple(CycleDeadline(duty=key, before=date(2024, 11, 1), basis="bench") for key, _, _ in plan.duties())
    return CycleFile(plan="bench", year=2024, deadlines=deadlines)


def _plan(clauses: int, duties: int) -> PlanFile:
    head = PlanHead(
        slug="bench",
        title="Kế hoạch để đo",
        short_title="Kế hoạch để đo",
        issuer="office",
        collector="office",
        period=Years(first=2024, last=2024),
        source="bench.txt",
        covers=("V",),
    )
    return PlanFile(plan=head, responsibilities=tuple(_clause(number, duties) for number in range(1, clauses + 1)))


def _clause(number: int, duties: int) -> Responsibility:
    text = "Hàng năm, tổng hợp, báo cáo"
    return Responsibility(
        id=f"V.{number}",
        title="Báo cáo năm",
        citation=f"khoản {number}, Mục V",
        text=text,
        addressees=("communes",),
        role=Role.LEAD,
        duties=tuple(_duty(letter, text) for letter in ascii_lowercase[:duties]),
    )


def _duty(letter: str, text: str) -> Duty:
    return Duty(
        id=letter,
        title="Báo cáo năm",
        text=text,
        nature=Nature.PERIODIC,
        cadence=PeriodKind.YEAR,
        deliverable=Deliverable.REPORT,
    )


def _units(communes: int) -> UnitsFile:
    units = [_unit("office", "Phòng để đo", "phong")]
    units += [_unit(f"commune-{number}", f"Ủy ban nhân dân xã số {number}", "xa") for number in range(communes)]
    members = tuple(Member(unit=unit.slug) for unit in units[1:])
    return UnitsFile(units=tuple(units), groups=(GroupEntry(slug="communes", name="Các xã", members=members),))


def _unit(slug: str, name: str, kind: str) -> UnitEntry:
    contacts = tuple(
        ContactEntry(role=role, address=f"{role}.{slug}@bench.example", title="Đầu mối")
        for role in (ContactRole.CONTACT, ContactRole.HEAD)
    )
    return UnitEntry(slug=slug, name=name, short_name=name, kind=kind, contacts=contacts)
