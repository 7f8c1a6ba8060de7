"""Who comes in, and is this form really ours? Cookies, links, rights, origin and form keys, asked before every page.

A unit's cookie is the secret of its link: nothing is stored when a link is opened, so that a mail scanner's visit
changes nothing. A form carries a key derived from the visitor's own secret (nobody else can make one) and a random
`once`, so that a doubled click does nothing twice.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData

from models.database import reading
from notifications.content import Language
from portal.body_limit import counted
from portal.rates import FORMS, WRONG_SECRETS
from portal.world import World
from rules.access import NotAllowedError, Right
from rules.errors import DondocError
from rules.workdays import WorkingCalendar
from services.links import (
    DeadLinkError,
    LinkEnd,
    StaffVisitor,
    UnitVisitor,
    is_known,
    staff_visitor,
    unit_visitor,
)
from services.notes import Desk

UNIT_COOKIE, STAFF_COOKIE, LANGUAGE_COOKIE = "dondoc_unit", "dondoc_staff", "dondoc_language"
#: Browsers take a cookie of such a name only from this very host over HTTPS: no neighbour can slip a visitor another.
_OF_THIS_HOST = "__Host-"
#: More fields than a report of 200 activities has.
_MOST_FIELDS, _MOST_FILES = 2_500, 1
_LARGEST_PART = 1024 * 1024  # bytes of one text field; files are bounded by the body's limit
#: Bytes of a stranger's form. All of it is read before anything else: 20 MB of nothing but separators take seconds.
_LARGEST_OF_STRANGERS = 16 * 1024


class NotOurFormError(DondocError):
    """This form does not come from these pages, or it has been open for too long."""


class TooOftenError(DondocError):
    """That is too often; wait a little."""


class SignInNeededError(DondocError):
    """Whoever wants to see this has to sign in."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request: the world, the moment, the language. `secret` is the visitor's own, "" for a stranger."""

    world: World
    request: Request
    now: datetime
    language: Language
    secret: str = ""

    @property
    def calendar(self) -> WorkingCalendar:
        return self.world.calendar()

    @property
    def desk(self) -> Desk:
        return self.world.desk(self.now)

    @property
    def form_key(self) -> str:
        """The key that forms of this visitor carry; a stranger's forms are guarded by their origin alone."""
        return hmac.new(self.secret.encode(), b"dondoc form", hashlib.sha256).hexdigest() if self.secret else ""

    def new_once(self) -> str:
        return secrets.token_urlsafe(16)


@dataclass(frozen=True, kw_only=True)
class UnitVisit(Visit):
    """A unit's contact is here."""

    visitor: UnitVisitor


@dataclass(frozen=True, kw_only=True)
class StaffVisit(Visit):
    """A member of the labour office's staff is here."""

    visitor: StaffVisitor

    @property
    def plan_ids(self) -> list[int]:
        return [plan.id for plan in self.visitor.plans if plan.id is not None]

    def may(self, right: str) -> bool:
        return Right(right) in self.visitor.rights


def world_of(request: Request) -> World:
    found: World = request.app.state.world
    return found


def cookie_name(world: World, name: str) -> str:
    """Return what a cookie is called here: over HTTPS it is bound to this host."""
    return f"{_OF_THIS_HOST}{name}" if world.secure else name


def cookie_of(request: Request, name: str) -> str:
    return request.cookies.get(cookie_name(world_of(request), name), "")


def client_of(request: Request) -> str:
    return request.client.host if request.client else "?"


def stranger(request: Request) -> Visit:
    """Anybody at all."""
    world = world_of(request)
    # Where a unit or a member of staff was recognised and then refused, the refusal speaks their language.
    usual = getattr(request.state, "language", Language.VI)
    return Visit(world=world, request=request, now=world.now(), language=_language(request, usual))


def unit_visit(request: Request) -> UnitVisit:
    """The unit whose link the visitor's cookie holds."""
    return _unit_visit(request, grace=False)


def late_unit_visit(request: Request) -> UnitVisit:
    """The same, but a link that has just ended still lets a draft be saved."""
    return _unit_visit(request, grace=True)


def _unit_visit(request: Request, *, grace: bool) -> UnitVisit:
    world, secret = world_of(request), cookie_of(request, UNIT_COOKIE)
    if not secret:
        raise DeadLinkError(LinkEnd.UNKNOWN)
    now = world.now()
    try:
        with reading(world.engine) as session:
            visitor = unit_visitor(session, secret, now=now, grace=grace)
    except DeadLinkError as dead:
        count_guess(request, dead)
        raise
    language = request.state.language = _language(request, Language(visitor.contact.language))
    return UnitVisit(world=world, request=request, now=now, language=language, secret=secret, visitor=visitor)


def staff_visit(request: Request) -> StaffVisit:
    """Whoever is signed in."""
    world, secret = world_of(request), cookie_of(request, STAFF_COOKIE)
    if not secret:
        raise SignInNeededError
    now = world.now()
    try:
        with reading(world.engine) as session:
            visitor = staff_visitor(session, secret, now=now)
    except DeadLinkError as dead:
        count_guess(request, dead)
        raise SignInNeededError from None
    language = request.state.language = _language(request, Language(visitor.staff.language))
    return StaffVisit(world=world, request=request, now=now, language=language, secret=secret, visitor=visitor)


def needs(right: Right) -> Callable[[StaffVisit], StaffVisit]:
    """Return the dependency that lets in only those who may do this."""

    def allowed(visit: Annotated[StaffVisit, Depends(staff_visit)]) -> StaffVisit:
        if right not in visit.visitor.rights:
            raise NotAllowedError
        return visit

    return allowed


def count_guess(request: Request, dead: DeadLinkError) -> None:
    """Only secrets that never were count as guesses, and only they are refused: behind one address sit many people."""
    wrong = dead.end is LinkEnd.UNKNOWN
    if wrong and not world_of(request).rates.allows(WRONG_SECRETS, client_of(request)):
        raise TooOftenError


def _language(request: Request, usual: Language) -> Language:
    chosen = cookie_of(request, LANGUAGE_COOKIE)
    return Language(chosen) if chosen in set(Language) else usual


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A form that was checked: its text fields, its files, and the key under which it is done once."""

    form: FormData
    once: str

    def text(self, name: str, longest: int = 4_000) -> str:
        """Return a text field without white space around it; "" when it is missing, cut to a sane length."""
        value = self.form.get(name)
        return _storable(value).strip()[:longest] if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        return [_storable(value) for value in self.form.getlist(name) if isinstance(value, str)]

    def fields(self) -> dict[str, str]:
        """Return every text field as it was sent, but for those that guard the form."""
        return {
            name: _storable(value)
            for name, value in self.form.items()
            if isinstance(value, str) and name not in _GUARDS
        }


def _storable(text: str) -> str:
    """No keyboard types NUL, and PostgreSQL cannot store it."""
    return text.replace("\x00", "")


_GUARDS = ("key", "once")


def _sent_by(cookie: str) -> Callable[..., AsyncIterator[Sent]]:
    def known(request: Request) -> str:
        """Let nobody send us megabytes who never had a link of ours; what its end means is asked after reading."""
        require_own_origin(request)
        secret = cookie_of(request, cookie)
        with reading(world_of(request).engine) as session:
            if not secret or not is_known(session, secret):
                raise NotOurFormError
        return secret

    async def read(request: Request, secret: Annotated[str, Depends(known)]) -> AsyncIterator[Sent]:
        if not world_of(request).rates.allows(FORMS, hashlib.sha256(secret.encode()).hexdigest()):
            raise TooOftenError
        form = await _form(request, fields=_MOST_FIELDS, files=_MOST_FILES, part=_LARGEST_PART)
        try:
            given = form.get("key")
            right = hmac.new(secret.encode(), b"dondoc form", hashlib.sha256).hexdigest()
            if not isinstance(given, str) or not hmac.compare_digest(given.encode(), right.encode()):
                raise NotOurFormError
            yield Sent(form=form, once=_once(form))
        finally:
            # An upload's temporary file goes with its request, not whenever it is collected; texts stay readable.
            await form.close()

    return read


#: A form of a unit's page, and one of the office's pages: each is bound to its visitor's own secret.
unit_sent = _sent_by(UNIT_COOKIE)
staff_sent = _sent_by(STAFF_COOKIE)


async def stranger_sent(request: Request) -> Sent:
    """A form of somebody who is not known yet: its origin must be ours."""
    require_own_origin(request)
    if not world_of(request).rates.allows(FORMS, client_of(request)):
        raise TooOftenError
    small = Request(request.scope, counted(request.receive, _LARGEST_OF_STRANGERS))
    form = await _form(small, fields=10, files=0, part=10_000)
    return Sent(form=form, once=_once(form))


async def _form(request: Request, *, fields: int, files: int, part: int) -> FormData:
    """Read a form in UTF-8, as our pages send it: of a megabyte, some other codecs make minutes of work."""
    _, options = parse_options_header(request.headers.get("content-type"))
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise NotOurFormError
    return await request.form(max_fields=fields, max_files=files, max_part_size=part)


def require_own_origin(request: Request) -> None:
    """Browsers name the origin of every form; whatever comes from elsewhere, or hides it, is refused."""
    if request.headers.get("origin", "") != world_of(request).public_url:
        raise NotOurFormError


def _once(form: FormData) -> str:
    """A key of our own form; something else must not fill the journal's unique column."""
    value = form.get("once")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not 16 <= len(value) <= 64:  # noqa: PLR2004 - token lengths
        raise NotOurFormError
    return value
