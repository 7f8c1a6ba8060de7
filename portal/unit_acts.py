"""What a unit answers about one assignment: it went by the document system, it needs time, when it comes, who does it.

A form that cannot be taken comes back on the assignment's page as it was typed.
"""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.responses import Response

from portal.acting import day_of, perform, signed_day_of
from portal.answers import ANSWERS, Number, form_body
from portal.gate import Sent, UnitVisit
from portal.pages import see
from portal.unit_desk import Here, Sending, refused_form, task_path
from portal.unit_tasks import task_page
from rules.errors import DondocError
from rules.moments import local_date
from services.acts import Document
from services.answers import expect, name_document, raise_difficulty
from services.extensions import ask
from services.people import pass_on

router = APIRouter(prefix="/don-vi/nhiem-vu/{identifier}", responses=ANSWERS, default_response_class=HTMLResponse)


@router.post("/van-ban", openapi_extra=form_body("number", "dated"))
def say_document(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Say that it went by the document system, under which number and date."""

    def act(session: Session) -> None:
        today = local_date(visit.now)
        document = Document(
            number=sent.text("number", 100), dated=signed_day_of(visit, sent, "dated"), arrived_on=today
        )
        name_document(session, visit.visitor, identifier, document=document, desk=visit.desk, once=sent.once)

    return _answered(visit, sent, identifier, "van-ban", act)


@router.post("/gia-han", openapi_extra=form_body("until", "reason"))
def ask_for_time(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Ask for more time."""

    def act(session: Session) -> None:
        ask(
            session, visit.visitor, identifier, until=day_of(sent, "until"), reason=sent.text("reason"),
            desk=visit.desk, calendar=visit.calendar, once=sent.once,
        )  # fmt: skip

    return _answered(visit, sent, identifier, "gia-han", act)


@router.post("/du-kien", openapi_extra=form_body("on", "reason"))
def say_when(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Say on which day it will come."""

    def act(session: Session) -> None:
        expect(
            session, visit.visitor, identifier, on=day_of(sent, "on"), reason=sent.text("reason"), desk=visit.desk,
            once=sent.once,
        )  # fmt: skip

    return _answered(visit, sent, identifier, "du-kien", act)


@router.post("/vuong-mac", openapi_extra=form_body("text", "proposal"))
def say_difficulty(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Raise a difficulty of this assignment."""

    def act(session: Session) -> None:
        raise_difficulty(
            session, visit.visitor, plan_id=0, identifier=identifier, text=sent.text("text", 8_000),
            proposal=sent.text("proposal", 8_000), desk=visit.desk, once=sent.once,
        )  # fmt: skip

    return _answered(visit, sent, identifier, "vuong-mac", act)


@router.post("/chuyen", openapi_extra=form_body("address", "title"))
def pass_to_colleague(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Pass the assignment to a colleague of the same unit."""

    def act(session: Session) -> None:
        pass_on(
            session, visit.visitor, identifier, address=sent.text("address", 320), title=sent.text("title", 200),
            desk=visit.desk, once=sent.once,
        )  # fmt: skip

    return _answered(visit, sent, identifier, "chuyen", act)


def _answered(visit: UnitVisit, sent: Sent, identifier: int, form: str, act: Callable[[Session], None]) -> Response:
    try:
        perform(visit, sent, act)
    except DondocError as refusal:
        return task_page(visit, identifier, refused=refused_form(visit, refusal, sent, form))
    return see(task_path(identifier, f"?da={form}"))
