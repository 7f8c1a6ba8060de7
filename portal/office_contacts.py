"""Đầu mối: whom each unit's mails go to, test mails before a year begins, and links that are taken back."""

from typing import Annotated

from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from models.database import reading
from portal.acting import perform
from portal.answers import Number, form_body
from portal.office_desk import Coordinating, Sending, Viewing, office_page, office_router
from portal.pages import see
from rules.moments import local_date
from services.links import revoke_links
from services.outreach import people_of_units, require_own_contact, send_test, units_of_plans, write_again
from services.progress import ON_A_PAGE
from services.upward import NotOursError

router = office_router()


@router.get("/dau-moi")
def contacts(visit: Viewing, number: Annotated[int, Query(alias="trang", ge=1, le=10_000)] = 1) -> Response:
    """List every unit of the office's plans with its mailboxes."""
    today = local_date(visit.now)
    with reading(visit.world.engine) as session:
        units = units_of_plans(session, visit.visitor.plans, today)
        pages = max(1, -(-len(units) // ON_A_PAGE))
        number = min(number, pages)
        part = units[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
        people = people_of_units(session, part, today)
    return office_page(visit, "contacts", units=part, people=people, number=number, pages=pages, total=len(units))


@router.post("/dau-moi/thu-thu", openapi_extra=form_body())
def test_mails(sent: Sending, visit: Coordinating) -> Response:
    """Write to every mailbox once, so that a wrong address shows before a year begins."""
    if not visit.visitor.plans:
        raise NotOursError
    send_test(visit.world.engine, visit.visitor.plans, desk=visit.desk, actor=visit.visitor.actor, once=sent.once)
    visit.world.wake()
    return see("/phong/dau-moi?da=thu-thu")


@router.post("/dau-moi/{contact_id}/thu-hoi", openapi_extra=form_body())
def revoke(contact_id: Number, sent: Sending, visit: Coordinating) -> Response:
    """Take back every link of a contact; the next mail carries a fresh one."""

    def act(session: Session) -> None:
        require_own_contact(session, visit.visitor, contact_id, local_date(visit.now))
        revoke_links(session, contact_id, actor=visit.visitor.actor, now=visit.now, once=sent.once)

    perform(visit, sent, act)
    return see("/phong/dau-moi?da=thu-hoi")


@router.post("/dau-moi/{contact_id}/gui-lai", openapi_extra=form_body())
def reach(contact_id: Number, sent: Sending, visit: Coordinating) -> Response:
    """Write again to a mailbox from which mails came back: somebody has seen to it that it works."""

    def act(session: Session) -> None:
        require_own_contact(session, visit.visitor, contact_id, local_date(visit.now))
        write_again(session, contact_id, actor=visit.visitor.actor, now=visit.now, once=sent.once)

    perform(visit, sent, act)
    return see("/phong/dau-moi?da=lai-den")
