"""What a unit raises itself: a difficulty of the plan as a whole, and something extraordinary that happened."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.responses import Response

from models.database import reading
from portal.acting import perform
from portal.answers import ANSWERS, form_body
from portal.gate import Sent, UnitVisit
from portal.pages import see
from portal.unit_desk import Here, Refused, Sending, refused_form, task_path, unit_page
from rules.errors import DondocError
from services.acts import UnknownAssignmentError
from services.adhoc import raise_event
from services.answers import EmptyError, raise_difficulty
from services.workbench import difficulties_of, on_event_duties, plans_of

router = APIRouter(prefix="/don-vi", responses=ANSWERS, default_response_class=HTMLResponse)


@router.get("/vuong-mac")
def show_difficulties(visit: Here) -> Response:
    """Show what the unit has raised, with the answers, and the form to raise something."""
    return _difficulties_page(visit)


@router.post("/vuong-mac", openapi_extra=form_body("plan", "text", "proposal"))
def raise_general(sent: Sending, visit: Here) -> Response:
    """Raise a difficulty of one of the unit's plans."""

    def act(session: Session) -> None:
        plan = _number(sent.text("plan", 20))
        if plan not in {one.id for one in plans_of(session, visit.visitor)}:
            raise UnknownAssignmentError
        raise_difficulty(
            session, visit.visitor, plan_id=plan, text=sent.text("text", 8_000), proposal=sent.text("proposal", 8_000),
            desk=visit.desk, once=sent.once,
        )  # fmt: skip

    try:
        perform(visit, sent, act)
    except DondocError as refusal:
        return _difficulties_page(visit, refused=refused_form(visit, refusal, sent, "vuong-mac"))
    return see("/don-vi/vuong-mac?da=vuong-mac")


def _difficulties_page(visit: UnitVisit, *, refused: Refused | None = None) -> Response:
    with reading(visit.world.engine) as session:
        plans = plans_of(session, visit.visitor)
        raised = difficulties_of(session, visit.visitor)
    return unit_page(visit, "unit/difficulties.html", plans=plans, raised=raised, refused=refused)


@router.get("/phat-sinh")
def show_events(visit: Here) -> Response:
    """Show under which duties "khi phát sinh" something can be reported."""
    return _events_page(visit)


@router.post("/phat-sinh", openapi_extra=form_body("duty", "what"))
def report_event(sent: Sending, visit: Here) -> Response:
    """Begin the report on something extraordinary; it has no deadline."""
    try:
        identifier = perform(visit, sent, lambda session: _raised(session, visit, sent))
    except DondocError as refusal:
        return _events_page(visit, refused=refused_form(visit, refusal, sent, "phat-sinh"))
    return see(task_path(identifier, "/bao-cao?da=phat-sinh"))


def _raised(session: Session, visit: UnitVisit, sent: Sent) -> int:
    plan, _, key = sent.text("duty", 100).partition(":")
    if not key:
        raise EmptyError
    return raise_event(
        session, visit.visitor, plan_id=_number(plan), duty_key=key, title=sent.text("what", 300), now=visit.now,
        once=sent.once,
    )  # fmt: skip


def _events_page(visit: UnitVisit, *, refused: Refused | None = None) -> Response:
    with reading(visit.world.engine) as session:
        duties = on_event_duties(session, visit.visitor, now=visit.now)
    return unit_page(visit, "unit/events.html", duties=duties, refused=refused)


def _number(text: str) -> int:
    """Return a row's number that came in a form; nought, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - what a database holds
