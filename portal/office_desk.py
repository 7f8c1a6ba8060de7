"""What every page of the office stands on: who is here, what he may do, and what is said after a form."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from models import Plan
from portal import office_words
from portal.acting import perform
from portal.answers import ANSWERS
from portal.gate import Sent, StaffVisit, needs, staff_sent
from portal.pages import page, said
from portal.refusals import refusal_words
from rules.access import Right
from rules.errors import DondocError
from services.acts import UnknownAssignmentError
from services.finding import UnknownPlanError
from services.reviewing import of_office
from services.workbench import Task, tasks_of

Viewing = Annotated[StaffVisit, Depends(needs(Right.VIEW))]
Receiving = Annotated[StaffVisit, Depends(needs(Right.RECEIVE))]
Reviewing = Annotated[StaffVisit, Depends(needs(Right.REVIEW))]
Coordinating = Annotated[StaffVisit, Depends(needs(Right.COORDINATE))]
Approving = Annotated[StaffVisit, Depends(needs(Right.APPROVE))]
#: Named before the visit in every handler: what was typed is read first, so that a refusal can show it again.
Sending = Annotated[Sent, Depends(staff_sent)]

__all__ = ["Approving", "Coordinating", "Receiving", "Reviewing", "Sending", "Viewing", "perform"]

_FINE, _MENDABLE = 200, 422


def office_router() -> APIRouter:
    return APIRouter(prefix="/phong", responses=ANSWERS, default_response_class=HTMLResponse)


def office_page(visit: StaffVisit, name: str, *, status: int = _FINE, **values: Any) -> HTMLResponse:
    """Render a page of the office; above it stands what was just done, one of a fixed set of sentences."""
    done = office_words.DONE.get(visit.request.query_params.get("da", "")) if status == _FINE else None
    return page(
        visit,
        f"office/{name}.html",
        status=status,
        done=said(visit, done) if done else "",
        office=office_words,
        here=visit.request.url.path,
        **values,
    )


def mended(visit: StaffVisit, refusal: DondocError) -> str:
    """Return what is wrong with a form that can be mended where it stands; anything else is raised on."""
    status, text = refusal_words(visit, refusal)
    if status != _MENDABLE:
        raise refusal
    return text


def chosen_plan(visit: StaffVisit, slug: str) -> Plan | None:
    """Return the plan of this office that was chosen, the first where none was; None where it follows up none."""
    plans: Sequence[Plan] = visit.visitor.plans
    if not slug:
        return plans[0] if plans else None
    for plan in plans:
        if plan.slug == slug:
            return plan
    raise UnknownPlanError


def office_task(session: Session, visit: StaffVisit, identifier: int) -> Task:
    """Return an assignment that this office follows up; any other does not exist for it."""
    of_office(session, visit.visitor, identifier)
    for task in tasks_of(session, [identifier], now=visit.now, calendar=visit.calendar):
        return task
    raise UnknownAssignmentError


def task_path(identifier: int, code: str = "") -> str:
    return f"/phong/nhiem-vu/{identifier}" + (f"?da={code}" if code else "")
