"""Who acts in the demo's year: units that answer from their mails, and the labour office that receives and decides.

Everything they do goes through the real pages, by the links of the mails that the trial mailbox has received.
"""

import re
import time as stopwatch
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from cli.demo_browser import Browser, PageError
from models import Assignment, ExtensionRequest, Message, Notice
from models.database import reading
from rules.ladder import RungKind
from rules.vocabulary import ContactRole, Deliverable, MessageKind, MessageState, NoticeState
from services.directory import contacts_on, office_on
from services.facts import facts_for

_PATIENCE_SECONDS, _POLL_SECONDS = 60.0, 0.1
_LINK = re.compile(r"https?://\S+/(?:l|phong/vao)/\S+")


@dataclass(frozen=True, kw_only=True)
class People:
    """The demo's mailbox folder, its pages and its database (which is only read here)."""

    engine: Engine
    mails: Path
    portal_url: str

    def hand_in(self, assignment_id: int, day: date, *, again: bool = False) -> None:
        """Let the unit send what it owes: a report by the form, anything else as a document of the document system."""
        with reading(self.engine) as session:
            (fact,) = facts_for(session, [assignment_id])
        with self._at_unit(fact.unit_id, day) as browser:
            browser.open(f"/don-vi/nhiem-vu/{assignment_id}")
            if fact.duty.deliverable != Deliverable.REPORT or fact.unit_kind != "xa":
                browser.send("/van-ban", number="12/KH-UBND", dated=day.isoformat(), arrived_on=day.isoformat())
            else:
                browser.open(f"/don-vi/nhiem-vu/{assignment_id}/bao-cao")
                browser.send("/bao-cao", action="hand-in", **_report(day, again=again))
                if "?da=bao-cao" not in str(browser.page.url):
                    raise PageError(f"the report of {fact.unit_name} was not taken")
        self.settled()

    def ask_for_time(self, assignment_id: int, day: date, until: date) -> None:
        """Let the unit ask for more time."""
        with reading(self.engine) as session:
            assignment = session.get_one(Assignment, assignment_id)
        with self._at_unit(assignment.unit_id, day) as browser:
            browser.open(f"/don-vi/nhiem-vu/{assignment_id}")
            browser.send("/gia-han", until=until.isoformat(), reason="Đang rà soát số liệu cuối năm (dữ liệu giả lập)")
        self.settled()

    def accept(self, assignment_id: int, day: date) -> None:
        """Let the office receive a report; one that is addressed to somebody else it can only note."""
        with self._at_office(assignment_id, day) as browser:
            text = browser.open(f"/phong/nhiem-vu/{assignment_id}")
            browser.send("/tiep-nhan" if "/tiep-nhan" in text else "/ghi-nhan")
        self.settled()

    def send_back(self, assignment_id: int, day: date, again_by: date) -> None:
        """Let the office ask for a report to be completed."""
        with self._at_office(assignment_id, day) as browser:
            browser.open(f"/phong/nhiem-vu/{assignment_id}")
            browser.send("/tra-lai", comment="Đề nghị bổ sung số liệu hộ nghèo dự", again_by=again_by.isoformat())
        self.settled()

    def grant_time(self, assignment_id: int, day: date) -> None:
        """Let the office grant what was asked for."""
        with reading(self.engine) as session:
            request = session.exec(
                select(ExtensionRequest)
                .where(ExtensionRequest.assignment_id == assignment_id)
                .order_by(col(ExtensionRequest.id).desc())
            ).first()
        assert request is not None
        with self._at_office(assignment_id, day) as browser:
            browser.open("/phong/gia-han")
            browser.send(f"/gia-han/{request.id}", action="grant", comment="Chấp thuận (dữ liệu giả lập)")
        self.settled()

    def settled(self) -> None:
        """Wait until the pages have sent what was just caused: the morning's delivery must not find them at it."""
        began = stopwatch.monotonic()
        while self._unsent():
            if stopwatch.monotonic() - began > _PATIENCE_SECONDS:
                raise PageError("the pages did not send their mails")
            stopwatch.sleep(_POLL_SECONDS)

    def _unsent(self) -> bool:
        waiting = (MessageState.STORED, MessageState.SENDING)
        with reading(self.engine) as session:
            query = select(Message.id).where(Message.kind == MessageKind.IMMEDIATE, col(Message.state).in_(waiting))
            return session.exec(query).first() is not None or _changes_owed(session)

    @contextmanager
    def _at_unit(self, unit_id: int, day: date) -> Iterator[Browser]:
        """Open the unit's page by the newest link in its mailbox."""
        with reading(self.engine) as session:
            contact = contacts_on(session, day, unit_id=unit_id)[unit_id, ContactRole.CONTACT]
        with Browser(self.portal_url) as browser:
            browser.open(self._newest_link(contact.address, "/l/"))
            yield browser

    @contextmanager
    def _at_office(self, assignment_id: int, day: date) -> Iterator[Browser]:
        """Sign in as the office's officer, by a link that is mailed for it."""
        with reading(self.engine) as session:
            assignment = session.get_one(Assignment, assignment_id)
            office = office_on(session, assignment.plan_id, day)
            assert office is not None
            assert office.id is not None
            address = contacts_on(session, day, unit_id=office.id)[office.id, ContactRole.CONTACT].address
        with Browser(self.portal_url) as browser:
            browser.open("/phong/dang-nhap")
            browser.send("/phong/dang-nhap", address=address)
            self.settled()
            browser.open(self._newest_link(address, "/phong/vao/"))
            browser.send("/phong/vao")
            yield browser

    def _newest_link(self, address: str, way: str) -> str:
        for path in sorted(self.mails.glob("*.eml"), reverse=True):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if f"<{address}>" not in str(mail["To"]).casefold():
                continue
            body = mail.get_body(("plain",))
            links: list[str] = [link for link in _LINK.findall(body.get_content() if body else "") if way in link]
            if links:
                return links[0]
        raise PageError(f"the mailbox of {address} holds no link")


def _changes_owed(session: Session) -> bool:
    """A changed date is told by the next delivery of the pages: wait for that as well."""
    query = select(Notice.id).where(Notice.rung == RungKind.CHANGED, Notice.state == NoticeState.OWED)
    return session.exec(query).first() is not None


def _report(day: date, *, again: bool) -> dict[str, str]:
    """Return what a commune fills in: made up, and said to be so."""
    fields = {
        "leadership": "Đã ban hành kế hoạch truyền thông của xã (dữ liệu giả lập).",
        "results": "Tổ chức truyền thông tại thôn, làng; phát thanh trên đài truyền thanh xã (dữ liệu giả lập).",
        "activities-0-form": "meeting",
        "activities-0-day": date(day.year, 5, 20).isoformat(),
        "activities-0-place": "Nhà rông thôn 1",
        "activities-0-topic": "Chính sách giảm nghèo bền vững",
        "activities-0-sessions": "1",
        "activities-0-attendees": "60",
        "money-subproject-planned": "10.000.000",
        "money-subproject-spent": "9.500.000",
        "reporter": "(dữ liệu giả lập)",
        "position": "Công chức Văn hóa - Xã hội",
        "number": "",
        "dated": "",
    }
    return fields | ({"activities-0-poor": "45"} if again else {})
