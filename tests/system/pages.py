"""The pages as they really run: the program over a rehearsal's database, a mailbox for its mails, and Chromium."""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from sqlalchemy import Engine
from sqlmodel import Session, select

from cli.mailbox import mailbox_argv, mailbox_ready
from cli.prefect_server import free_port
from cli.process_tree import ProcessTree
from cli.stack import portal_ready
from models import LinkKind, Mode, Staff
from models.database import make_engine, writing
from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Security
from plans.coverage import check
from services.delivery import deliver
from services.installation import make, set_clock
from services.letters import Letterhead
from services.links import keep_link, new_secret
from tests.acceptance.command_line import EXAMPLE, environment, until
from tests.integration.cast import CALENDAR, at, load, open_year, sweep
from tests.integration.office_cast import OfficeDesk
from tests.integration.portal_cast import TODAY, PlayedWorld

CHROMIUM = "/usr/bin/chromium"
#: As root, and in a network that leads nowhere: a browser that looks for news of itself waits for nothing.
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK, NARROW = (390, 844), (1280, 900), (360, 740)
_LINK = re.compile(r"https?://\S+/(?:l|phong/vao)/\S+")
_START_SECONDS = 60.0
_AXE = Axe()
_MAIL_FROM, _REPLY_TO = "nhacviec@konray.example", "laodong@konray.example"
_CONTACT = "Công chức theo dõi, tổng hợp"


@dataclass
class Office(OfficeDesk):
    """A year at work: what people do by the services happens in the same database that the running pages read."""

    url: str = ""
    mails: Path = Path()
    smtp_port: int = 0

    def set_clock(self, day: date, hour: int = 8, minute: int = 30) -> None:
        moment = at(day, hour, minute)
        self.world.clock[0] = moment
        with writing(self.engine) as session:
            set_clock(session, moment)

    def morning(self, day: date, *clauses: str) -> None:
        """Look at the communes' report (or the clauses named) and send what is owed, as every morning does."""
        self.set_clock(day)
        sweep(self.engine, day, *clauses)
        _aside(lambda: asyncio.run(self._deliver(at(day))))

    async def _deliver(self, now: datetime) -> None:
        server = MailServer(host="127.0.0.1", port=self.smtp_port, security=Security.NONE)
        async with SmtpMailer(server) as client:
            report = await deliver(
                self.engine, mailer=client, calendar=CALENDAR, letterhead=self.world.letterhead, now=now
            )
        assert not report.alarm, report.alarm

    def session_of(self, address: str, session: Session | None = None) -> str:
        """Return the secret of a session in which this member of staff is signed in."""
        if session is None:
            with writing(self.engine) as own:
                return self.session_of(address, own)
        secret = new_secret()
        found = session.exec(select(Staff).where(Staff.address == address)).one()
        keep_link(session, secret, LinkKind.STAFF, now=self.world.now(), staff_id=found.id)
        return secret

    def post(self, address: str) -> list[EmailMessage]:
        """Return the mails that have come to an address, the oldest first."""
        found = [
            message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(self.mails.glob("*.eml"))
        ]
        return [mail for mail in found if f"<{address}>" in str(mail["To"]).casefold()]

    @contextmanager
    def awaited(self, address: str) -> Iterator[list[EmailMessage]]:
        """Wait, at the end of the block, for the mails that it makes come to an address; they are in the list."""
        before = len(self.post(address))
        came: list[EmailMessage] = []
        yield came
        until(lambda: len(self.post(address)) > before)
        came += self.post(address)[before:]


def text_of(mail: EmailMessage) -> str:
    """Return what a mail says as plain text, white space collapsed."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def link_in(mail: EmailMessage) -> str:
    """Return the personal link that a mail carries."""
    return _LINK.findall(text_of(mail))[0]


@contextmanager
def running_office(folder: Path, *, day: date = TODAY) -> Iterator[Office]:
    """Run the pages and a mailbox, all in one folder, on a morning on which the yearly report has become near."""
    smtp, http, port = free_port(), free_port(), free_port()
    url, mails = f"http://127.0.0.1:{port}", folder / "mails"
    engine = _rehearsal(folder)
    letterhead = Letterhead(from_address=_MAIL_FROM, reply_to=_REPLY_TO, contact_title=_CONTACT, public_url=url)
    world = PlayedWorld(
        engine=engine, letterhead=letterhead, files_folder=folder / "files", public_url=url, simulated=True,
        clock=[at(day)],
    )  # fmt: skip
    office = Office(engine=engine, world=world, url=url, mails=mails, smtp_port=smtp)
    variables = environment(
        folder, public_url=url, smtp_host="127.0.0.1", smtp_port=smtp, smtp_security="none", mail_from=_MAIL_FROM,
        mail_reply_to=_REPLY_TO, mail_contact_title=_CONTACT,
    )  # fmt: skip
    office.set_clock(day)
    with ProcessTree(folder / "logs") as tree:
        box = mailbox_argv(mails, smtp_port=smtp, http_port=http, simulated=True)
        tree.start("mailbox", box, variables, lambda: mailbox_ready(http), _START_SECONDS)
        pages = [sys.executable, "-m", "portal", "--port", str(port)]
        tree.start("portal", pages, variables, lambda: portal_ready(port), _START_SECONDS)
        yield office
    engine.dispose()


def _rehearsal(folder: Path) -> Engine:
    engine = make_engine(f"sqlite:///{folder / 'dondoc.db'}")
    make(engine, mode=Mode.REHEARSAL, now=at(date(2024, 1, 2)))
    load(engine, check(EXAMPLE / "plan.yaml"))
    open_year(engine, date(2024, 1, 8))
    return engine


def _aside(work: Callable[[], None]) -> None:
    """Do it in a thread of its own: Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@dataclass
class Viewer:
    """Somebody's browser: its own cookies; whatever goes wrong on its pages, or leaves the house, is kept."""

    context: BrowserContext
    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.url + path)
        return self.page

    def press(self, name: str) -> None:
        """Press the one button of this name that can be seen."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def unfold(self, name: str) -> None:
        self.page.locator("summary", has_text=name).first.click()

    def sees(self, *texts: str) -> None:
        """Wait until the page says all of this."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)

    def stands_at(self, path: str) -> None:
        """Wait until the page has this address, and nothing after it."""
        expect(self.page).to_have_url(self.url + path)

    def keep(self, cookie: str, value: str) -> None:
        self.context.add_cookies([{"name": cookie, "value": value, "url": self.url}])

    def examined(self, *, colours: bool = True) -> list[str]:
        """Return what is wrong with the page as it stands, everything unfolded: sideways at 360 px, and for axe.

        Colours take axe three quarters of its time, and are the same in every language and at every size: they are
        looked at on the phone, and only if asked for.
        """
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = []
        self._resize(NARROW)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW[0]:
            found.append(f"is {width} px wide in a window of {NARROW[0]} px")
        self.page.evaluate(_AXE.axe_script)
        for size in (PHONE, DESK):
            self._resize(size)
            options = _options(colours=colours and size is PHONE)
            for one in self.page.evaluate("options => axe.run(options)", options)["violations"]:
                places = ", ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:3])
                found.append(f"at {size[0]} px {one['id']}: {one['help']} ({places})")
        return found

    def _resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})


@dataclass
class Chromium:
    """One real browser for all visitors."""

    browser: Browser

    @contextmanager
    def visitor(self, office: Office, *, size: tuple[int, int] = PHONE, scripts: bool = True) -> Iterator[Viewer]:
        """Open a browser window of this size; at the end nothing may have gone wrong on any page that was seen."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, is_mobile=size[0] < 600, has_touch=size[0] < 600,
            locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", java_script_enabled=scripts,
        )  # fmt: skip
        context.set_default_timeout(10_000)
        viewer = Viewer(context, context.new_page(), office.url)
        _watch(viewer)
        try:
            yield viewer
            assert viewer.faults == []
        finally:
            context.close()


def _watch(viewer: Viewer) -> None:
    """Keep what a page complains of, and every request that leaves the pages' own origin."""

    def said(message) -> None:
        # An answer of 4xx is reported there too; the refusals are pages of ours.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            viewer.faults.append(f"{viewer.page.url}: {message.text}")

    def asked(request) -> None:
        if not request.url.startswith(viewer.url + "/"):
            viewer.faults.append(f"{viewer.page.url} asked for {request.url}")

    def answered(response) -> None:
        if response.status >= 500:
            viewer.faults.append(f"{response.url} answered {response.status}")

    viewer.page.on("console", said)
    viewer.page.on("pageerror", lambda error: viewer.faults.append(str(error)))
    viewer.page.on("request", asked)
    viewer.page.on("response", answered)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Run Debian's Chromium."""
    assert Path(CHROMIUM).exists(), "chromium is missing: `make test-system` installs it"
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        try:
            yield Chromium(browser)
        finally:
            browser.close()


def _launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)


def _options(*, colours: bool) -> dict[str, object]:
    # The style sheet is ours and turns no screen: axe need not fetch it for its rule about that.
    return {"resultTypes": ["violations"], "preload": False, "rules": {"color-contrast": {"enabled": colours}}}
