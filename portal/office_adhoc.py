"""Nhiệm vụ đột xuất: a piece of work that a document orders, given to chosen units with a deadline of its own."""

from dataclasses import dataclass, field

from sqlmodel import Session
from starlette.responses import Response

from models import Unit, UnitGroup
from models.database import reading
from portal.acting import day_of, perform
from portal.answers import form_body
from portal.gate import Sent, StaffVisit
from portal.office_desk import Coordinating, Sending, mended, office_page, office_router
from portal.pages import see
from rules.errors import DondocError
from rules.moments import local_date
from services.adhoc import AdHoc, give, grounds
from services.answers import EmptyError
from services.outreach import groups_of_units, units_of_plans
from services.upward import NotOursError

router = office_router()


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """The form as it was filled in."""

    ground: str = ""
    title: str = ""
    basis: str = ""
    latest: str = ""
    units: frozenset[str] = field(default_factory=frozenset)
    groups: frozenset[str] = field(default_factory=frozenset)


@router.get("/dot-xuat")
def form(visit: Coordinating) -> Response:
    """Show the form."""
    return _show(visit, _Typed())


@router.post("/dot-xuat", openapi_extra=form_body("ground", "title", "basis", "latest", "unit", "group"))
def give_it(sent: Sending, visit: Coordinating) -> Response:
    """Give it to every chosen unit; without a basis document nothing is given."""
    typed = _Typed(
        ground=sent.text("ground", 100),
        title=sent.text("title", 300),
        basis=sent.text("basis", 500),
        latest=sent.text("latest", 40),
        units=frozenset(sent.texts("unit")),
        groups=frozenset(sent.texts("group")),
    )
    try:
        _give(visit, sent, typed)
    except DondocError as refusal:
        return _show(visit, typed, fault=mended(visit, refusal))
    return see("/phong/dot-xuat?da=dot-xuat")


def _give(visit: StaffVisit, sent: Sent, typed: _Typed) -> None:
    latest = day_of(sent, "latest")
    plan_id, _, duty_key = typed.ground.partition(":")
    if not duty_key:
        raise EmptyError
    if plan_id not in {str(number) for number in visit.plan_ids}:
        raise NotOursError
    given = AdHoc(plan_id=int(plan_id), duty_key=duty_key, title=typed.title, basis=typed.basis, latest=latest)

    def act(session: Session) -> int:
        return give(
            session,
            given,
            _chosen(session, visit, typed),
            actor=visit.visitor.actor,
            now=visit.now,
            calendar=visit.calendar,
            once=sent.once,
        )

    perform(visit, sent, act)


def _chosen(session: Session, visit: StaffVisit, typed: _Typed) -> list[int]:
    units, groups = _around(session, visit)
    slugs = typed.units | {slug for group, members in groups if group.slug in typed.groups for slug in members}
    return [unit.id or 0 for unit in units if unit.slug in slugs]


def _around(session: Session, visit: StaffVisit) -> tuple[list[Unit], list[tuple[UnitGroup, tuple[str, ...]]]]:
    today = local_date(visit.now)
    units = [unit for unit in units_of_plans(session, visit.visitor.plans, today) if unit.subordinate]
    return units, groups_of_units(session, units, today)


def _show(visit: StaffVisit, typed: _Typed, *, fault: str = "") -> Response:
    with reading(visit.world.engine) as session:
        units, groups = _around(session, visit)
        found = grounds(session, visit.visitor.plans)
    return office_page(
        visit,
        "adhoc",
        status=422 if fault else 200,
        typed=typed,
        fault=fault,
        units=units,
        groups=groups,
        grounds=found,
    )
