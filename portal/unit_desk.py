"""What every page of a unit stands on: who is here, whose assignment it is, and what is said after a form."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from models import Cycle, CycleState
from portal import words
from portal.gate import Sent, UnitVisit, late_unit_visit, unit_sent, unit_visit
from portal.pages import page, said
from portal.refusals import refusal_words
from rules.errors import DondocError
from rules.vocabulary import Nature
from services.acts import UnknownAssignmentError
from services.workbench import Task, tasks_of

Here = Annotated[UnitVisit, Depends(unit_visit)]
#: For what a link that has just ended still allows: keeping a draft.
LateHere = Annotated[UnitVisit, Depends(late_unit_visit)]
#: Named before the visit in every handler: what was typed is read first, so that a dead link can show it again.
Sending = Annotated[Sent, Depends(unit_sent)]

_OK, _MENDABLE = 200, 422


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A form on the page that could not be taken: which one, why, and what was typed into it."""

    form: str
    text: str
    typed: dict[str, str]


def unit_page(
    visit: UnitVisit, template: str, *, status: int = _OK, refused: Refused | None = None, **values: Any
) -> HTMLResponse:
    """Render a page of the unit; above it stands what was just done (one of a fixed set of sentences) or refused."""
    status = _MENDABLE if refused else status
    code = visit.request.query_params.get("da", "") if status == _OK else ""
    done = said(visit, words.DONE[code]) if code in words.DONE else ""
    return page(visit, template, status=status, unit=visit.visitor.unit, done=done, refused=refused, **values)


def refused_form(visit: UnitVisit, refusal: DondocError, sent: Sent, form: str) -> Refused:
    """Return what to show at the form again; what cannot be mended there is raised on, to a page of its own."""
    status, text = refusal_words(visit, refusal)
    if status != _MENDABLE:
        raise refusal
    return Refused(form=form, text=text, typed=sent.fields())


def own_task(session: Session, visit: UnitVisit, identifier: int) -> Task:
    """Return the unit's own assignment, to look at; anybody else's does not exist for it."""
    for task in tasks_of(session, [identifier], now=visit.now, calendar=visit.calendar, language=visit.language):
        if task.assignment.unit_id == visit.visitor.unit.id:
            return task
    raise UnknownAssignmentError


def is_open(session: Session, task: Task) -> bool:
    """Say whether the unit can still do anything: it is waited for, and the year is not closed."""
    return task.waiting and session.get_one(Cycle, task.assignment.cycle_id).state is CycleState.OPEN


def is_reportable(visit: UnitVisit, task: Task) -> bool:
    """Say whether something can be handed in for it: a continuous duty's results go into the yearly report.

    Only bodies that owe no report, whose cooperation is requested, can send the results of a continuous one by itself.
    """
    return task.nature is not Nature.CONTINUOUS or not visit.visitor.unit.subordinate


def task_path(identifier: int, rest: str = "") -> str:
    return f"/don-vi/nhiem-vu/{identifier}{rest}"
