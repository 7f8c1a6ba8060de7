"""A unit at its page: a year that is open, links as mails carry them, and a browser that fills in the forms it gets."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
from sqlalchemy import Engine
from sqlmodel import col, select

from models import AccessLink, Contact, LinkKind, Unit
from models.database import reading, writing
from portal.app import make_app
from portal.gate import LANGUAGE_COOKIE, UNIT_COOKIE, cookie_name
from portal.world import World
from rules.vocabulary import ContactRole
from services.links import keep_link, new_secret
from tests.integration.cast import LETTERHEAD, at, open_year

with warnings.catch_warnings(action="ignore"):  # it asks for a successor of httpx that this house does not use
    from starlette.testclient import TestClient

ORIGIN = "https://dondoc.konray.example"
#: A day on which the yearly report (due on 31/10/2024) is near: 5 working days are left.
TODAY = date(2024, 10, 24)


@dataclass(frozen=True)
class PlayedWorld(World):
    """A world whose clock the test sets."""

    clock: list[datetime] = field(default_factory=lambda: [at(TODAY)])
    woken: list[datetime] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock[0]


@dataclass
class Form:
    """One form of a page: where it goes, and what a browser would send with it."""

    action: str
    method: str = "get"
    multipart: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the forms of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._area = self._select = ""
        self._area_text = ""

    def handle_starttag(self, tag, attrs):
        got = {name: value or "" for name, value in attrs}
        if "id" in got:
            self.ids.append(got["id"])
        if tag == "a" and "href" in got:
            self.links.append(got["href"])
        if tag == "form":
            kind = got.get("enctype", "")
            self._form = Form(got.get("action", ""), got.get("method", "get"), kind == "multipart/form-data")
            self.forms.append(self._form)
        if self._form is not None:
            self._field(tag, got)

    def _field(self, tag, got):
        name, fields = got.get("name", ""), self._form.fields
        if tag == "input" and name:
            kind = got.get("type", "text")
            if kind not in ("checkbox", "radio", "file") or "checked" in got:
                fields[name] = got.get("value", "")
        elif tag == "textarea":
            self._area, self._area_text = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in got or self._select not in fields):
            fields[self._select] = got.get("value", "")
        elif tag == "button":
            self._form.buttons.append(got)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._form.fields[self._area] = self._area_text.removeprefix("\n")
            self._area = ""

    def handle_data(self, data):
        self.words.append(data)
        if self._area:
            self._area_text += data


@dataclass
class Page:
    """What came back."""

    answer: httpx.Response
    forms: list[Form]
    ids: list[str]
    links: list[str]
    text: str

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def path(self) -> str:
        return self.answer.url.path

    def form(self, ending: str) -> Form:
        """Return the form that goes to an address with this ending; of two, the one that does something."""
        found = [form for form in self.forms if form.action.endswith(ending)]
        (one,) = [form for form in found if form.method == "post"] or found
        return one


def read_page(answer: httpx.Response) -> Page:
    reader = _Reader()
    if answer.headers.get("content-type", "").startswith("text/html"):
        reader.feed(answer.text)
    return Page(answer, reader.forms, reader.ids, reader.links, " ".join(" ".join(reader.words).split()))


class Browser:
    """A phone: keeps its cookies, follows redirects, sends its origin with every form."""

    def __init__(self, app) -> None:
        self.client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)

    def get(self, path: str) -> Page:
        return read_page(self.client.get(path))

    def send(self, page: Page, ending: str, *, button: dict[str, str] | None = None, file=None, **typed: str) -> Page:
        """Fill in the form that goes there and press its button."""
        form = page.form(ending)
        assert form.method == "post"
        pressed = button or {}
        data = form.fields | typed
        if pressed.get("name"):
            data[pressed["name"]] = pressed["value"]
        address = urljoin(str(page.answer.url), pressed.get("formaction") or form.action)
        return self.post(address, data, file=file, multipart=form.multipart)

    def post(
        self, address: str, data: dict[str, str], *, file=None, multipart: bool = False, origin: str = ORIGIN
    ) -> Page:
        headers = {"Origin": origin} if origin else {}
        if not (multipart or file):
            return read_page(self.client.post(address, data=data, headers=headers))
        parts = {name: (None, value) for name, value in data.items()} | ({"file": file} if file else {})
        return read_page(self.client.post(address, files=parts, headers=headers))


def pressing(action: str) -> dict[str, str]:
    """Return the button of the report's form with this action."""
    return {"name": "action", "value": action}


@dataclass
class UnitDesk:
    """The pages over one database in an open year."""

    engine: Engine
    world: PlayedWorld

    @classmethod
    def opened(cls, engine: Engine, folder: Path, *, day: date = TODAY) -> "UnitDesk":
        open_year(engine)
        world = PlayedWorld(
            engine=engine, letterhead=_LETTERHEAD, files_folder=folder, public_url=ORIGIN, simulated=False,
            clock=[at(day)],
        )  # fmt: skip
        object.__setattr__(world, "wake", lambda: world.woken.append(world.now()))
        return cls(engine, world)

    def go_on(self, **time: int) -> None:
        self.world.clock[0] += timedelta(**time)

    def link(self, unit: str) -> str:
        """Return the secret of a link as a mail to the unit's đầu mối carries it."""
        secret = new_secret()
        with writing(self.engine) as session:
            keep_link(session, secret, LinkKind.UNIT, now=self.world.now(), contact_id=self.contact(unit).id)
        return secret

    def contact(self, unit: str) -> Contact:
        with reading(self.engine) as session:
            return session.exec(
                select(Contact)
                .join(Unit, col(Unit.id) == Contact.unit_id)
                .where(Unit.slug == unit, Contact.role == ContactRole.CONTACT)
                .order_by(col(Contact.id))
            ).first()

    def stranger(self) -> Browser:
        return Browser(make_app(self.world))

    def browser(self, unit: str) -> Browser:
        """Return a phone on which the unit's link has been opened."""
        browser = self.stranger()
        assert browser.get(f"/l/{self.link(unit)}").path == "/don-vi"
        return browser

    def links(self) -> list[AccessLink]:
        with reading(self.engine) as session:
            return list(session.exec(select(AccessLink)))


_LETTERHEAD = type(LETTERHEAD)(from_address=LETTERHEAD.from_address, reply_to=LETTERHEAD.reply_to, public_url=ORIGIN)


def named(browser: Browser, cookie: str) -> str:
    return cookie_name(browser.client.app.state.world, cookie)


def cookie_of(browser: Browser) -> str:
    return browser.client.cookies.get(named(browser, UNIT_COOKIE), "")


def speak_english(browser: Browser) -> None:
    browser.client.cookies.set(named(browser, LANGUAGE_COOKIE), "en")


def routes(router) -> Iterator[tuple[str, str]]:
    """Yield method and pattern of every route, however deep it is included."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
            continue
        yield from ((method, route.path) for method in sorted(route.methods))
