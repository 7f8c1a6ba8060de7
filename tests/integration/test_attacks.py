"""Attacks on the pages, tried as an attacker would; docs/security.md names the defence that each test is about."""

import ast
import asyncio
import hashlib
import hmac
import logging
import os
import re
import socket
import stat
import sys
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from cli.prefect_server import free_port
from cli.process_tree import ProcessTree
from cli.stack import portal_ready
from models import AccessLink, Message, StoredFile
from models.database import reading, writing
from notifications.content import Rendered
from notifications.ics import deadlines_ics
from notifications.message import build
from portal import unit_tasks
from portal.__main__ import configured
from portal.app import make_app
from portal.downloads import download
from portal.gate import STAFF_COOKIE, UNIT_COOKIE
from portal.headers import Guarded
from rules.vocabulary import MessageKind
from services.files import MOST_FILES, MOST_UPLOADS, TooManyFilesError, keep_file, remove_file
from tests.integration.cast import DAK_KOI, DAK_PNE, OFFICER, content_of, everything, messages, number_of
from tests.integration.office_cast import APPROVER, COORDINATOR, PDF, OfficeDesk
from tests.integration.portal_cast import ORIGIN, TestClient, UnitDesk, cookie_of, named, read_page
from tests.integration.test_portal_roles import FORMS, TABLE, VISITORS, attempt
from tests.integration.test_portal_roles import scene as scene  # noqa: PLC0414 - a fixture
from tests.unit.test_ics import AS_OF, READER, REPORT, SENDER

ROOT = Path(__file__).parents[2]
EVIL = "evil.example"
#: What runs in a page that escapes nothing, in an attribute too.
SCRIPT = "\"'><img src=x onerror=alert(1)>"
SHOWN = "&gt;&lt;img src=x onerror=alert(1)&gt;"
#: Fields that people type freely; the others are chosen, or must be a day or an address.
FREE = frozenset(
    ("text", "proposal", "reason", "title", "basis", "comment", "answer", "theme", "subject", "body", "results",
     "reporter", "position", "number", "activities-0-place", "what")
)  # fmt: skip
SQL = ("' OR '1'='1", "'; DROP TABLE staff; --", '" OR ""="', "%", "_")


@pytest.fixture
def desk(sqlite, tmp_path):
    return UnitDesk.opened(sqlite, tmp_path / "files")


def in_plain(desk):
    """Return the pages of the same world as if they were reached without HTTPS."""
    world = desk.world
    changed = object.__new__(type(world))
    for name in world.__dataclass_fields__:
        object.__setattr__(changed, name, getattr(world, name))
    object.__setattr__(changed, "public_url", ORIGIN.replace("https", "http"))
    return changed


# --- cookies, headers, addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/l/{secret}", "/phong/vao"])
def test_cookies_are_bound_to_this_host_hidden_from_scripts_and_sent_over_https_only(sqlite, tmp_path, path):
    desk = OfficeDesk.opened(sqlite, tmp_path)
    if path == "/phong/vao":
        page = signing_in(desk)
        fields = page[1].form("/phong/vao").fields
        answer = page[0].client.post(path, data=fields, headers={"Origin": ORIGIN}, follow_redirects=False)
    else:
        answer = desk.stranger().client.get(path.format(secret=desk.link(DAK_KOI)), follow_redirects=False)
    (cookie,) = answer.headers.get_list("set-cookie")
    first, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert first.startswith(("__host-dondoc_unit=", "__host-dondoc_staff="))
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(flags)
    assert not [flag for flag in flags if flag.startswith("domain")]


def test_a_cookie_that_a_neighbouring_host_could_have_set_counts_for_nothing(desk):
    """Only a name with the prefix is kept by browsers for this very host."""
    browser = desk.stranger()
    browser.client.cookies.set(UNIT_COOKIE, desk.link(DAK_KOI))
    assert browser.get("/don-vi").status == 410
    browser.client.cookies.set(named(browser, UNIT_COOKIE), desk.link(DAK_KOI))
    assert browser.get("/don-vi").status == 200


def test_without_https_the_pages_still_work_with_plain_cookies(desk):
    client = TestClient(make_app(in_plain(desk)), base_url=ORIGIN.replace("https", "http"))
    answer = client.get(f"/l/{desk.link(DAK_KOI)}", follow_redirects=False)
    assert answer.headers["set-cookie"].startswith(f"{UNIT_COOKIE}=")
    assert "Secure" not in answer.headers["set-cookie"]
    assert client.get("/don-vi").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/suc-khoe", 200),
        ("GET", "/phong/dang-nhap", 200),
        ("GET", "/no-such-page", 404),
        ("GET", "/don-vi", 410),
        ("GET", "/phong", 303),
        ("DELETE", "/don-vi", 405),
        ("POST", "/don-vi/xac-nhan", 403),
    ],
)
def test_every_answer_bears_the_strict_headers(desk, method, path, status):
    answer = desk.stranger().client.request(method, path, follow_redirects=False)
    assert answer.status_code == status
    strict(answer.headers)


def strict(headers):
    rules = dict(rule.strip().partition(" ")[::2] for rule in headers["content-security-policy"].split(";"))
    assert (rules["default-src"], rules["base-uri"], rules["frame-ancestors"]) == ("'none'", "'none'", "'none'")
    assert "script-src" not in rules
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "server" not in headers


def test_a_fault_and_a_flood_bear_the_strict_headers_too(desk, monkeypatch):
    browser = desk.browser(DAK_KOI)
    monkeypatch.setattr(unit_tasks, "workbench", broken)
    answer = browser.client.get("/don-vi")
    assert answer.status_code == 500
    strict(answer.headers)
    flood = browser.client.post("/don-vi/xac-nhan", content=b"x" * 23_000_000, headers={"Origin": ORIGIN})
    assert flood.status_code == 413
    strict(flood.headers)


@pytest.mark.parametrize("route", [path for method, path in TABLE if method == "GET"])
def test_no_answer_is_made_of_the_requests_host(scene, route):
    """A final slash too many once led to whatever the Host header named."""
    headers = {"Host": EVIL, "X-Forwarded-Host": EVIL}
    for path in (scene.path(route), scene.path(route) + "/", "//" + EVIL + scene.path(route)):
        answer = scene.browser("unit").client.get(path, headers=headers, follow_redirects=False)
        assert EVIL not in answer.headers.get("location", "")
        assert EVIL not in answer.text


def test_links_in_mails_are_made_of_the_configured_address_only(desk):
    secret, before = desk.link(DAK_KOI), len(messages(desk.engine))
    desk.go_on(days=46)
    browser = desk.stranger()
    fields = browser.get(f"/l/{secret}").form("/lien-ket-moi").fields
    browser.client.post("/lien-ket-moi", data=fields, headers={"Origin": ORIGIN, "Host": EVIL})
    (mail,) = messages(desk.engine)[before:]
    words = "".join(
        part.get_content()
        for part in message_from_bytes(content_of(desk.engine, mail), policy=policy.default).walk()
        if part.get_content_maintype() == "text"
    )
    assert f"{ORIGIN}/l/" in words
    assert EVIL not in words


@pytest.mark.parametrize("back", [f"https://{EVIL}", f"//{EVIL}", f"/\\{EVIL}", "phong/../..", "javascript:alert(1)"])
def test_a_form_leads_on_to_our_own_pages_only(desk, back):
    answer = desk.stranger().client.post(
        "/ngon-ngu",
        data={"language": "en", "back": back, "once": "x" * 22},
        headers={"Origin": ORIGIN},
        follow_redirects=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/don-vi")


# --- who is it -------------------------------------------------------------------------------------------------------


def signing_in(desk):
    """Ask for a sign-in link and open it; return the browser and the page with the button."""
    browser = desk.stranger()
    browser.send(browser.get("/phong/dang-nhap"), "/phong/dang-nhap", address=OFFICER)
    link = re.search(r"/phong/vao/[\w-]+", mail_text(desk, messages(desk.engine)[-1]))
    return browser, browser.get(link[0])


def mail_text(desk, mail: Message) -> str:
    return message_from_bytes(content_of(desk.engine, mail), policy=policy.default).get_body(("plain",)).get_content()


def test_signing_in_gives_a_new_secret_whatever_was_there_before(sqlite, tmp_path):
    desk = OfficeDesk.opened(sqlite, tmp_path)
    browser, page = signing_in(desk)
    planted = "planted-by-somebody-else"
    browser.client.cookies.set(named(browser, STAFF_COOKIE), planted, domain="dondoc.konray.example")
    assert browser.send(page, "/phong/vao").path == "/phong"
    kept = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == named(browser, STAFF_COOKIE)]
    assert planted not in kept
    stranger = desk.stranger()
    stranger.client.cookies.set(named(stranger, STAFF_COOKIE), planted)
    assert stranger.get("/phong").path == "/phong/dang-nhap"


def test_a_known_and_an_unknown_address_get_the_same_answer_however_often(sqlite, tmp_path):
    desk = OfficeDesk.opened(sqlite, tmp_path)
    browser = desk.stranger()
    answers = {
        without_keys(browser.send(browser.get("/phong/dang-nhap"), "/phong/dang-nhap", address=address).answer)
        for address in (OFFICER, "nobody@konray.example") * 7
    }
    assert len(answers) == 1
    sent = [mail for mail in messages(desk.engine) if mail.address == OFFICER]
    assert len(sent) == 5  # nobody's mailbox is flooded


def test_nobodys_mailbox_is_flooded_with_fresh_links(desk):
    secret, before = desk.link(DAK_KOI), len(messages(desk.engine))
    desk.go_on(days=46)
    browser = desk.stranger()
    for _ in range(7):
        browser.send(browser.get(f"/l/{secret}"), "/lien-ket-moi")
    assert len(messages(desk.engine)) - before == 5


@pytest.mark.parametrize("cookie", [UNIT_COOKIE, STAFF_COOKIE, ""])
def test_guesses_are_counted_wherever_they_are_made(desk, cookie):
    stranger, answers = desk.stranger(), []
    for number in range(12):
        if cookie:
            stranger.client.cookies.set(named(stranger, cookie), f"guess{number}")
            path = "/don-vi" if cookie == UNIT_COOKIE else "/phong"
            answers.append(stranger.client.get(path, follow_redirects=False).status_code)
        else:
            answers.append(stranger.post("/phong/vao", {"secret": f"guess{number}", "once": "x" * 22}).status)
    assert answers[10:] == [429, 429]
    assert 429 not in answers[:10]


def without_keys(answer):
    return answer.status_code, re.sub(r'name="once" value="[^"]+"', "", answer.text)


@pytest.mark.parametrize("attack", SQL)
def test_statements_cannot_be_smuggled_in(scene, attack):
    """As a secret, a cookie, a query, an address: nothing is found, and what may be kept is kept as it was typed."""
    engine = scene.desk.engine
    stranger, unit = scene.browser("stranger"), scene.browser("unit")
    officer = scene.browser("coordinator")
    before = everything(engine)
    assert stranger.get(f"/l/{quote(attack, safe='')}").status == 410
    stranger.client.cookies.set(named(stranger, UNIT_COOKIE), quote(attack))
    assert stranger.get("/don-vi").status == 410
    assert attempt(scene, stranger, "POST", "/phong/dang-nhap", address=attack).status_code == 200
    assert attempt(scene, stranger, "POST", "/phong/vao", secret=attack).status_code == 410
    for query in ("loc", "nam", "ke-hoach", "chon"):
        assert officer.client.get("/phong/vuong-mac", params={query: attack}).status_code in (200, 422)
        assert officer.client.get("/phong/bang", params={query: attack}).status_code in (200, 404, 422)
    assert attempt(scene, officer, "POST", "/phong/dot-xuat", unit=attack).status_code == 422
    assert everything(engine) == before
    assert attempt(scene, unit, "POST", "/don-vi/vuong-mac", text=attack).status_code == 303
    assert attack in read_page(unit.client.get("/don-vi/vuong-mac")).text


# --- script ----------------------------------------------------------------------------------------------------------


def test_what_anybody_types_is_shown_as_text_on_every_page_and_in_every_mail(scene):
    """Every form is sent with markup in every free field; then everybody looks at everything."""
    for visitor in ("unit", "other unit", "reviewer", "coordinator", "approver"):
        browser, place = scene.browser(visitor), VISITORS.index(visitor)
        for (method, route), expected in TABLE.items():
            if method == "POST" and expected[place] == "in":
                fields = FREE & set(FORMS.get(route, {})) | ({"proposal", "theme", "comment"} & FREE)
                attempt(scene, browser, method, route, **dict.fromkeys(fields, SCRIPT))
    shown = 0
    for visitor in VISITORS:
        browser = scene.browser(visitor)
        for method, route in TABLE:
            if method == "GET":
                answer = attempt(scene, browser, method, route)
                if "html" in answer.headers.get("content-type", ""):
                    assert "<img src=x" not in answer.text, route
                    shown += SHOWN in answer.text
    assert shown > 5
    mails = [
        message_from_bytes(content, policy=policy.default)
        for mail in messages(scene.desk.engine)
        if (content := content_of(scene.desk.engine, mail))
    ]
    html = [mail.get_body(("html",)).get_content() for mail in mails]
    assert not [one for one in html if "<img src=x" in one]
    assert [one for one in html if SHOWN in one]
    assert not [mail for mail in mails if "\n" in mail["Subject"]]


@pytest.mark.parametrize("route", [path for method, path in TABLE if method == "GET"])
def test_what_an_address_says_is_not_said_back(scene, route):
    for visitor in ("stranger", "unit", "coordinator"):
        client = scene.browser(visitor).client
        for name in ("da", "loc", "trang", "nam", "ke-hoach", "chon", "x"):
            answer = client.get(scene.path(route), params={name: SCRIPT})
            assert "onerror" not in answer.text or answer.headers["content-type"].startswith("application/octet-stream")
        answer = client.get(route.split("{", 1)[0] + "/" + quote(SCRIPT))
        assert "<img" not in answer.text


# --- forms -----------------------------------------------------------------------------------------------------------


def multipart(fields, charset):
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    kind = "multipart/form-data; boundary=B" + (f"; charset={charset}" if charset else "")
    return {"content": "".join([*parts, "--B--\r\n"]).encode(), "headers": {"Origin": ORIGIN, "Content-Type": kind}}


@pytest.mark.parametrize(
    ("charset", "status"),
    [
        ("", 303),
        ("utf-8", 303),
        ("UTF-8", 303),
        ("latin-1", 403),
        ("utf-7", 403),
        ("unicode_escape", 403),  # makes halves of characters, which no database keeps
        ("punycode", 403),  # takes half a minute for a megabyte, in which no page is answered
    ],
)
def test_a_form_is_read_in_the_encoding_of_our_pages_only(desk, charset, status):
    browser = desk.browser(DAK_KOI)
    fields = browser.get("/don-vi").form("/xac-nhan").fields
    answer = browser.client.post(
        "/don-vi/xac-nhan", **multipart(fields | {"t": "ab" * 200_000}, charset), follow_redirects=False
    )
    assert answer.status_code == status


@pytest.mark.parametrize(("path", "cookie"), [("/don-vi/xac-nhan", UNIT_COOKIE), ("/phong/tam-dung", STAFF_COOKIE)])
async def test_nobody_without_a_link_of_ours_can_make_us_read_megabytes(desk, path, cookie):
    """A visitor who makes up a secret can make its form key too; so the secret is looked up before the form is read."""
    made_up = "x" * 43
    key = hmac.new(made_up.encode(), b"dondoc form", hashlib.sha256).hexdigest()
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "scheme": "https", "client": ("192.0.2.1", 1), "server": ("dondoc.konray.example", 443),
        "headers": [
            (b"origin", ORIGIN.encode()), (b"content-type", b"application/x-www-form-urlencoded"),
            (b"cookie", f"__Host-{cookie}={made_up}".encode()),
        ],
    }  # fmt: skip
    read, sent = [], []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": f"key={key}&once={'x' * 22}".encode(), "more_body": False}

    async def send(message):
        sent.append(message)

    await asyncio.wait_for(make_app(desk.world)(scope, receive, send), 30)
    assert sent[0]["status"] == 403
    assert read == []


@pytest.mark.parametrize("path", ["/ngon-ngu", "/phong/dang-nhap", "/phong/vao", "/lien-ket-moi"])
def test_a_strangers_form_comes_from_our_pages_and_is_small(desk, path):
    """20 MB of nothing but separators took seconds, in which no page was answered."""
    before = everything(desk.engine)
    client = desk.stranger().client
    form = {"once": "x" * 22, "language": "en", "address": OFFICER, "secret": "x"}
    for headers in ({"Origin": f"https://{EVIL}"}, {"Origin": "null"}, {}):
        assert client.post(path, data=form, headers=headers).status_code == 403
    ours = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(path, content=b"once=" + b"x" * 22 + b"&" * 17_000, headers=ours).status_code == 413
    assert everything(desk.engine) == before


@pytest.mark.parametrize(
    ("neighbour", "given", "counted"),
    [
        ("127.0.0.1", "203.0.113.{n}, 198.51.100.9", True),  # a visitor's own words, before what the proxy added
        ("127.0.0.1", "203.0.113.{n}", False),  # what the proxy says: other visitors
        ("198.51.100.7", "203.0.113.{n}", True),  # no proxy of ours
    ],
)
def test_a_made_up_address_does_not_escape_the_count_of_guesses(desk, neighbour, given, counted):
    config = configured(make_app(desk.world))
    config.load()
    client = TestClient(config.loaded_app, base_url=ORIGIN, client=(neighbour, 50000))
    answers = {
        client.get(f"/l/guess{n}", headers={"X-Forwarded-For": given.format(n=n)}).status_code for n in range(15)
    }
    assert answers == ({410, 429} if counted else {410})


# --- another office's things -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [COORDINATOR, APPROVER])
def test_an_office_that_does_not_follow_the_plan_up_gets_nowhere(scene, role):
    """Every page and form of the office, tried by the staff of an office without this plan."""
    scene.desk.to_another_office()
    browser = scene.desk.staff(role)
    refusal = attempt(scene, browser, "POST", "/phong/gia-han/{request_id}", action="refuse", reason="Đã muộn")
    assert refusal.status_code in (403, 404)
    for method, route in TABLE:
        if not route.startswith("/phong") or route in ("/phong/dang-nhap", "/phong/vao", "/phong/thoat"):
            continue
        before = everything(scene.desk.engine)
        answer = attempt(scene, browser, method, route)
        assert everything(scene.desk.engine) == before, route
        if method == "POST":
            assert answer.status_code in (403, 404, 409, 422), route
        else:
            assert "Loa hỏng" not in answer.text, route
            assert "Đăk Kôi" not in answer.text, route
            assert answer.status_code == (404 if "{" in route and "secret" not in route else answer.status_code), route


# --- the program itself ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(sqlite_files, tmp_path_factory):
    """Run the pages as `dondoc up` runs them; return their port and their log."""
    folder, port = tmp_path_factory.mktemp("program"), free_port()
    sqlite_files.copy("dondoc_konray", "dondoc_program")
    settings = {"HOME": folder, "DATABASE_URL": sqlite_files.url("dondoc_program"), "PUBLIC_URL": ORIGIN}
    variables = os.environ | {f"DONDOC_{name}": str(value) for name, value in settings.items()}
    with ProcessTree(folder) as tree:
        argv = [sys.executable, "-m", "portal", "--port", str(port)]
        tree.start("portal", argv, variables, lambda: portal_ready(port), 60)
        yield port, folder / "portal.log"


def said_to(port: int, request: bytes) -> bytes:
    """Send these bytes as they are, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        answer = b""
        with suppress(ConnectionError):  # whoever is refused half-way is cut off
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /ngon-ngu HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /ngon-ngu HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n",
        b"GET /suc-khoe HTTP/1.1\r\nHost: x\r\nA b: x\r\n\r\n",
        b"GET /suc-khoe HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET /suc khoe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_a_request_that_two_programs_could_read_differently_is_refused(program, request_bytes):
    answer = said_to(program[0], request_bytes)
    assert not answer or re.match(rb"HTTP/1\.1 (400|501) ", answer)
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_the_programs_log_holds_no_address_with_a_secret_and_no_line_of_a_visitor(program):
    port, log = program
    for path in (b"/l/SECRETSECRET", b"/phong/vao/SECRETSECRET", b"/l/a%0aFAKE", b"/x?FAKE"):
        answer = said_to(port, b"GET " + path + b" HTTP/1.1\r\nHost: FAKE\r\nConnection: close\r\n\r\n")
        assert b"\r\nserver:" not in answer.lower()
    told = log.read_text("utf-8")
    assert "GET /l/{secret} 410" in told
    assert "SECRET" not in told
    assert "FAKE" not in told


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../evil.pdf", "/etc/cron.d/evil.pdf", "..\\evil.pdf", "%2e%2e%2fevil.pdf"])
def test_a_file_is_kept_under_a_name_of_ours_and_read_by_nobody_else(desk, name):
    browser, number = desk.browser(DAK_PNE), number_of(desk.engine, DAK_PNE)
    page = browser.get(f"/don-vi/nhiem-vu/{number}/bao-cao")
    button = {"formaction": f"/don-vi/nhiem-vu/{number}/tep"}
    browser.send(page, "/bao-cao", button=button, file=(name, PDF, "application/pdf"))
    (kept,) = desk.world.files_folder.iterdir()
    assert list(desk.world.files_folder.parent.rglob("*evil*")) == []
    assert re.fullmatch(r"[0-9a-f]{32}", kept.name)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    with reading(desk.engine) as session:
        (row,) = session.exec(select(StoredFile))
    assert "/" not in row.name
    assert "\\" not in row.name


def test_one_report_cannot_fill_the_disk(desk):
    """Neither by many files at once, nor by attaching and removing for ever: removed bytes stay."""
    number, folder, now = number_of(desk.engine, DAK_PNE), desk.world.files_folder, desk.world.now()

    def keep(place):
        content = PDF + str(place).encode()
        return keep_file(session, folder, content=content, name="a.pdf", actor="test", now=now, assignment_id=number)

    with writing(desk.engine) as session:
        files = [keep(place) for place in range(MOST_FILES)]
        with pytest.raises(TooManyFilesError):
            keep(MOST_FILES)
        for place in range(MOST_FILES, MOST_UPLOADS):
            remove_file(session, files.pop(), actor="test", now=now)
            files.append(keep(place))
        remove_file(session, files.pop(), actor="test", now=now)
        with pytest.raises(TooManyFilesError):
            keep(MOST_UPLOADS)
    assert len(list(folder.iterdir())) == MOST_UPLOADS


@pytest.mark.parametrize("path", ["..%2f..%2fdondoc.db", "%2e%2e/1", "1%00", "-1", "1e3", "99999999999999999999"])
def test_a_files_address_is_a_number_and_no_path(scene, path):
    for visitor, place in (("unit", "/don-vi/tep/"), ("coordinator", "/phong/tep/")):
        answer = scene.browser(visitor).client.get(place + path)
        assert answer.status_code in (404, 422)
        assert "SQLite" not in answer.text


@pytest.mark.parametrize(
    "name", ['a"; filename=evil.html; x="b.pdf', "a\r\nSet-Cookie: x=1.pdf", "báo cáo\u202efdp.exe"]
)
def test_a_downloads_name_stays_in_its_header(name):
    answer = download(b"x", name)
    disposition = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[^\"\r\n]*\"; filename\*=UTF-8''[A-Za-z0-9._~%-]+", disposition)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "set-cookie" not in answer.headers


# --- what is told, and to whom ---------------------------------------------------------------------------------------


#: Not written where it is raised: a traceback shows the line of the program.
TOLD = "dakkoi@konray.example, mật khẩu\nFAKE LINE OF A LOG"


def broken(*_args, **_kwargs):
    raise RuntimeError(TOLD)


def test_a_fault_tells_neither_the_visitor_nor_the_log_what_it_was_about(desk, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    browser = desk.browser(DAK_KOI)
    monkeypatch.setattr(unit_tasks, "workbench", broken)
    page = browser.get("/don-vi")
    assert page.status == 500
    for told in (page.answer.text, caplog.text):
        assert "mật khẩu" not in told
        assert "dakkoi@" not in told
        assert "FAKE LINE" not in told
    assert "RuntimeError" not in page.answer.text
    assert "in broken" in caplog.text  # where it happened


def test_a_databases_error_does_not_repeat_what_was_stored(sqlite):
    with pytest.raises(SQLAlchemyError) as refused, sqlite.connect() as connection:
        connection.execute(text("INSERT INTO nothing VALUES (:address)"), {"address": "dakkoi@konray.example"})
    assert "dakkoi" not in str(refused.value)


def test_the_log_names_each_page_by_its_pattern_and_no_secret_or_line_of_a_visitor(scene, caplog):
    caplog.set_level(logging.INFO, "dondoc.portal")
    browser = scene.browser("unit")
    secret = cookie_of(browser)
    caplog.clear()
    paths = [f"/l/{secret}", "/l/a%0d%0aFAKE", "/phong/vao/" + secret, "/no%0aFAKE", "/don-vi?x=%0aFAKE"]
    for path in paths:
        browser.client.get(path, headers={"User-Agent": "FAKE"}, follow_redirects=False)
    lines = [record.getMessage() for record in caplog.records if record.name == "dondoc.portal"]
    assert len(lines) == len(paths)
    assert not [line for line in lines if secret in line or "FAKE" in line or "\n" in line]


def test_the_headers_guard_is_the_outermost_of_ours(desk):
    """An answer of any other layer (a body that is too large) passes through it."""
    assert make_app(desk.world).user_middleware[0].cls is Guarded


# --- what we fetch ---------------------------------------------------------------------------------------------------

CLIENTS = {
    "httpx", "requests", "aiohttp", "urllib3", "urllib.request", "http.client", "ftplib", "socket", "subprocess",
    "smtplib", "aiosmtplib", "imaplib", "poplib",
}  # fmt: skip
#: Who may open a connection or start a program: the command line; the pages' own listening socket; a backup, which runs
#: PostgreSQL's own programs; what talks to the mail server and to the mailbox of returned mails, as they are set.
ALLOWED = {
    ("portal/__main__.py", "socket"),
    ("models/postgres_snapshot.py", "subprocess"),
    ("notifications/smtp.py", "aiosmtplib"),
    ("notifications/imap.py", "imaplib"),
}


def test_nothing_that_units_or_plan_files_reach_can_fetch_an_address_or_start_a_program():
    found = set()
    for room in (
        "rules",
        "models",
        "plans",
        "notifications",
        "documents",
        "services",
        "tasks",
        "flows",
        "portal",
        "edge",
    ):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                found |= {(str(path.relative_to(ROOT)), name) for name in names if name in CLIENTS}
    assert found == ALLOWED


def test_links_are_kept_as_digests_and_compared_by_the_database(desk):
    """No comparison of ours takes longer the more letters of a guess are right."""
    secret = desk.link(DAK_KOI)
    kept = {link.digest for link in desk.links()}
    assert hashlib.sha256(secret.encode()).hexdigest() in kept
    assert secret not in str([AccessLink.model_dump(link) for link in desk.links()])


def test_nothing_writes_addresses_and_faults_down_for_others(desk):
    """The framework can trace requests, with their paths, wherever an environment variable says."""
    traced = make_app(desk.world)._telemetry
    assert [traced[kind] for kind in ("tracing", "metrics", "logs")] == [False, False, False]


def test_no_title_can_begin_a_line_of_a_calendar():
    """Python knows more ends of a line than the calendar's format: what is typed must not become a property."""
    title = "Báo cáo" + "".join(f"{end}ATTENDEE:mailto:x@{EVIL}" for end in "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    content = deadlines_ics([replace(REPORT, duty_title=title)], reader=READER, sender=SENDER, as_of=AS_OF)
    rendered = Rendered(subject="x", text="x", html="x")
    mail = message_from_bytes(
        build(
            rendered, reader=READER, sender=SENDER, message_id="<1@konray.example>", date=AS_OF,
            kind=MessageKind.MORNING, ics=content,
        )
    )  # fmt: skip
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    lines = part.get_payload(decode=True).split(b"\r\n")
    assert not [line for line in lines if line.startswith(b"ATTENDEE")]
    assert [line for line in lines if line.startswith(b"SUMMARY")]
