"""The ways in: the bare address, a unit's link, a fresh one for a dead one, signing in to the office, the language."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.responses import Response

from models import Contact
from models.database import reading, writing
from notifications.content import Language, NoteKind
from portal.answers import ANSWERS, form_body
from portal.gate import (
    LANGUAGE_COOKIE,
    STAFF_COOKIE,
    UNIT_COOKIE,
    Sent,
    TooOftenError,
    Visit,
    client_of,
    cookie_name,
    cookie_of,
    count_guess,
    staff_sent,
    stranger,
    stranger_sent,
    unit_sent,
)
from portal.pages import page, see
from portal.rates import LINKS_FROM_VISITOR, LINKS_TO_ADDRESS
from rules.access import STAFF_SESSION_LIFE, UNIT_LINK_LIFE
from services.links import (
    DeadLinkError,
    sign_in,
    sign_out,
    staff_by_address,
    unit_visitor,
    usable_sign_in,
)
from services.notes import send_sign_in, tell_contact

#: A link that ends within a day is replaced by the newer one.
_SOON = timedelta(days=1)
router = APIRouter(responses=ANSWERS, default_response_class=HTMLResponse)

_Stranger = Annotated[Visit, Depends(stranger)]
_StrangerSent = Annotated[Sent, Depends(stranger_sent)]


@router.get("/")
def start(visit: _Stranger) -> Response:
    """Say where to go: a unit by the link of its mail, the office by signing in."""
    return page(visit, "start.html")


@router.get("/l/{secret}")
def open_link(secret: str, visit: _Stranger) -> Response:
    """Exchange a unit's link for a cookie and a clean address. Nothing is stored: a scanner's visit changes nothing."""
    try:
        with reading(visit.world.engine) as session:
            visitor = unit_visitor(session, secret, now=visit.now)
            kept = _still_open(visit, session, visitor.contact)
    except DeadLinkError as dead:
        count_guess(visit.request, dead)
        raise
    answer = see("/don-vi")
    if kept:
        return answer
    _set_cookie(visit, answer, UNIT_COOKIE, secret, int(UNIT_LINK_LIFE.total_seconds()))
    return answer


def _still_open(visit: Visit, session: Session, contact: Contact) -> bool:
    """Say whether this device has the same contact's pages open already: forms under way are bound to that link."""
    try:
        return (
            unit_visitor(session, cookie_of(visit.request, UNIT_COOKIE), now=visit.now + _SOON).contact.id == contact.id
        )
    except DeadLinkError:
        return False


@router.post("/lien-ket-moi", openapi_extra=form_body("secret"))
def fresh_link(visit: _Stranger, sent: _StrangerSent) -> Response:
    """Mail a fresh link for one that has ended: to the same contact's address, whoever asks."""
    secret = sent.text("secret", 200)
    if not visit.world.rates.allows(LINKS_FROM_VISITOR, client_of(visit.request)):
        raise TooOftenError
    try:
        with reading(visit.world.engine) as session:
            unit_visitor(session, secret, now=visit.now)
        return see("/don-vi")
    except DeadLinkError as dead:
        count_guess(visit.request, dead)
        contact = dead.contact
    if contact is not None and visit.world.rates.allows(LINKS_TO_ADDRESS, contact.address):
        with writing(visit.world.engine) as session:
            tell_contact(session, visit.desk, contact, NoteKind.FRESH_LINK)
        visit.world.wake()
    return page(visit, "link_sent.html", staff=False)


@router.get("/phong/dang-nhap")
def sign_in_page(visit: _Stranger) -> Response:
    """Ask for the address of a member of staff."""
    return page(visit, "sign_in.html", once=visit.new_once())


@router.post("/phong/dang-nhap", openapi_extra=form_body("address"))
def ask_sign_in(visit: _Stranger, sent: _StrangerSent) -> Response:
    """Mail a sign-in link to a known address; the answer is the same for an unknown one."""
    address = sent.text("address", 320).casefold()
    rates = visit.world.rates
    if not rates.allows(LINKS_FROM_VISITOR, client_of(visit.request)):
        raise TooOftenError
    with writing(visit.world.engine) as session:
        staff = staff_by_address(session, address, now=visit.now)
        if staff is not None and rates.allows(LINKS_TO_ADDRESS, address):
            send_sign_in(session, visit.desk, staff)
    visit.world.wake()
    return page(visit, "link_sent.html", staff=True)


@router.get("/phong/vao/{secret}")
def sign_in_button(secret: str, visit: _Stranger) -> Response:
    """Show the button that signs in: the link is used up by the button, not by being opened."""
    try:
        with reading(visit.world.engine) as session:
            usable_sign_in(session, secret, now=visit.now)
    except DeadLinkError as dead:
        count_guess(visit.request, dead)
        return page(visit, "sign_in_ended.html", status=410, end=dead.end)
    return page(visit, "sign_in_button.html", secret=secret, once=visit.new_once())


@router.post("/phong/vao", openapi_extra=form_body("secret"))
def use_sign_in(visit: _Stranger, sent: _StrangerSent) -> Response:
    """Sign in: the link is used up, a new session's cookie takes the place of whatever was there."""
    try:
        with writing(visit.world.engine) as session:
            secret = sign_in(session, sent.text("secret", 200), now=visit.now)
    except DeadLinkError as dead:
        count_guess(visit.request, dead)
        return page(visit, "sign_in_ended.html", status=410, end=dead.end)
    answer = see("/phong")
    _set_cookie(visit, answer, STAFF_COOKIE, secret, int(STAFF_SESSION_LIFE.total_seconds()))
    return answer


@router.post("/phong/thoat", openapi_extra=form_body())
def leave_office(request: Request, visit: _Stranger, sent: Annotated[Sent, Depends(staff_sent)]) -> Response:
    """Sign out: the session ends on the server too."""
    del sent
    with writing(visit.world.engine) as session:
        sign_out(session, cookie_of(request, STAFF_COOKIE), now=visit.now)
    answer = see("/phong/dang-nhap")
    _forget_cookie(visit, answer, STAFF_COOKIE)
    return answer


@router.post("/don-vi/thoat", openapi_extra=form_body())
def leave_unit(visit: _Stranger, sent: Annotated[Sent, Depends(unit_sent)]) -> Response:
    """Forget the unit's link on this device; the link in the mail stays good."""
    del sent
    answer = page(visit, "left.html")
    _forget_cookie(visit, answer, UNIT_COOKIE)
    return answer


@router.post("/ngon-ngu", openapi_extra=form_body("language", "back"))
def choose_language(visit: _Stranger, sent: _StrangerSent) -> Response:
    """Choose the language of the pages on this device."""
    language = sent.text("language", 2)
    answer = see("/phong" if sent.text("back", 10) == "phong" else "/don-vi")
    if language in set(Language):
        _set_cookie(visit, answer, LANGUAGE_COOKIE, language, 365 * 24 * 3600)
    return answer


def _set_cookie(visit: Visit, answer: Response, name: str, value: str, seconds: int) -> None:
    """Scripts cannot read it, other sites' forms do not send it; over HTTPS it never travels in the clear."""
    answer.set_cookie(
        cookie_name(visit.world, name),
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=visit.world.secure,
        path="/",
    )


def _forget_cookie(visit: Visit, answer: Response, name: str) -> None:
    """Browsers heed the end of such a cookie only when it is marked as secure too."""
    answer.delete_cookie(cookie_name(visit.world, name), httponly=True, samesite="lax", secure=visit.world.secure)
