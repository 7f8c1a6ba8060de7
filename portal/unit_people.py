"""Người làm thay: who reads the mails while the đầu mối is away, and whom the unit has named so far."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.responses import Response

from models.database import reading
from portal.acting import day_of, perform
from portal.answers import ANSWERS, Number, form_body
from portal.gate import UnitVisit
from portal.pages import see
from portal.unit_desk import Here, Refused, Sending, refused_form, unit_page
from rules.errors import DondocError
from rules.moments import local_date
from services.people import end_named, name_substitute, named_here

router = APIRouter(prefix="/don-vi/nguoi-lam-thay", responses=ANSWERS, default_response_class=HTMLResponse)


@router.get("")
def show_people(visit: Here) -> Response:
    """Show whom the unit has named, and the form to name somebody."""
    return _people_page(visit)


@router.post("", openapi_extra=form_body("address", "title", "first", "last"))
def name_person(sent: Sending, visit: Here) -> Response:
    """Name a substitute for some days."""

    def act(session: Session) -> None:
        name_substitute(
            session, visit.visitor, address=sent.text("address", 320), title=sent.text("title", 200),
            first=day_of(sent, "first"), last=day_of(sent, "last"), desk=visit.desk, once=sent.once,
        )  # fmt: skip

    try:
        perform(visit, sent, act)
    except DondocError as refusal:
        return _people_page(visit, refused=refused_form(visit, refusal, sent, "lam-thay"))
    return see("/don-vi/nguoi-lam-thay?da=lam-thay")


@router.post("/{contact_id}/thoi", openapi_extra=form_body())
def end_person(contact_id: Number, sent: Sending, visit: Here) -> Response:
    """End one whom the unit has named: his link is dead at once."""
    perform(
        visit,
        sent,
        lambda session: end_named(session, visit.visitor, contact_id, desk=visit.desk, once=sent.once),
    )
    return see("/don-vi/nguoi-lam-thay?da=thoi")


def _people_page(visit: UnitVisit, *, refused: Refused | None = None) -> Response:
    today = local_date(visit.now)
    with reading(visit.world.engine) as session:
        people = named_here(session, visit.visitor, today)
    domain = visit.visitor.contact.address.partition("@")[2]
    return unit_page(visit, "unit/people.html", people=people, refused=refused, domain=domain)
