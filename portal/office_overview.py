"""What waits for the office, what is near or late, the board, and a text for the chat group."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from models import Plan
from models.database import reading
from portal.gate import StaffVisit
from portal.office_desk import Viewing, chosen_plan, office_page, office_router
from rules.moments import local_date
from services.approvals import waiting_for_approval
from services.bulletin import bulletin
from services.finding import UnknownCycleError, open_cycles
from services.holds import standing_holds
from services.progress import board, near_or_late
from services.weekly import week_ahead

router = office_router()

Slug = Annotated[str, Query(alias="ke-hoach", max_length=100)]
Page = Annotated[int, Query(alias="trang", ge=1, le=10_000)]


@router.get("")
def overview(visit: Viewing) -> Response:
    """Say what waits for somebody, and which reports are near or late."""
    today = local_date(visit.now)
    with reading(visit.world.engine) as session:
        week = week_ahead(session, visit.visitor.unit, now=visit.now, calendar=visit.calendar)
        waiting = waiting_for_approval(session, visit.plan_ids)
        holds = standing_holds(session)
        reports = near_or_late(session, visit.plan_ids, today=today, calendar=visit.calendar)
    return office_page(visit, "overview", week=week, waiting=len(waiting), holds=len(holds), reports=reports)


@router.get("/bang")
def show_board(
    visit: Viewing,
    slug: Slug = "",
    year: Annotated[int, Query(alias="nam", ge=0, le=9999)] = 0,
    number: Page = 1,
) -> Response:
    """Show the units of a plan's year, each with where its reports stand."""
    plan, today = chosen_plan(visit, slug), local_date(visit.now)
    if plan is None:
        return office_page(visit, "board", plan=None, years=(), year=0, board=None)
    with reading(visit.world.engine) as session:
        cycles = open_cycles(session, plan, today)
        found = next((cycle for cycle in cycles if cycle.year == (year or today.year)), None)
        if found is None and year:
            raise UnknownCycleError
        cycle = found or (cycles[-1] if cycles else None)
        shown = board(session, cycle, page=number, today=today, calendar=visit.calendar) if cycle else None
    years = [one.year for one in cycles]
    return office_page(visit, "board", plan=plan, years=years, year=cycle.year if cycle else 0, board=shown)


@router.get("/zalo")
def chat_text(visit: Viewing, slug: Slug = "") -> Response:
    """Show a text to copy into a chat group; it holds no personal link."""
    plan = chosen_plan(visit, slug)
    return office_page(visit, "chat", plan=plan, text=_bulletin(visit, plan, visit.now) if plan else "")


def _bulletin(visit: StaffVisit, plan: Plan, now: datetime) -> str:
    with reading(visit.world.engine) as session:
        return bulletin(session, plan, now=now, calendar=visit.calendar)
