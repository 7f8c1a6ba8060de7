"""A day in November on which something of every kind has happened, or waits: for looking at every page."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, select

from models import Assignment, Difficulty, Plan, Submission
from models.database import reading, writing
from portal.gate import STAFF_COOKIE, UNIT_COOKIE
from rules.lifecycle import Act
from services.acts import Document, last_submission
from services.adhoc import AdHoc, give
from services.bounces import Taken, take_in
from services.difficulties import answer
from services.files import keep_file
from services.holds import hold
from services.links import StaffVisitor, staff_visitor
from services.notes import Desk, send_sign_in
from services.people import name_substitute
from services.reporting import save_draft
from services.reviewing import Arrival, conclude, give_back, receive
from services.upward import draft_upward
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    DAK_PNE,
    MINUS_5,
    OFFICER,
    TAN_LAP,
    contact_of,
    number_of,
)
from tests.integration.office_cast import PDF, REPORT_FIELDS
from tests.integration.returned import last_mail_to, notification
from tests.system.pages import Office

DAK_RVE, DAK_RUONG, DAK_TO_LUNG, DAK_TO_RE = "tt-dak-rve", "xa-dak-ruong", "xa-dak-to-lung", "xa-dak-to-re"
#: The communes' report was due on 31/10/2024.
TODAY = date(2024, 11, 5)
_MARCH = date(2024, 3, 20)
_REPORT = "V.4-3.a"


@dataclass
class BusyDay:
    """What the day's visitors need: cookies and links."""

    office: Office

    def prepare(self) -> None:
        """Let it all happen."""
        office = self.office
        self._plans_in()
        office.morning(MINUS_5)
        with writing(office.engine) as session:
            plan = session.exec(select(Plan)).one()
            now = office.world.now()
            keep_file(
                session, office.world.files_folder, content=PDF, name="Đề cương báo cáo.pdf", actor="staff:1", now=now,
                plan_id=plan.id, duty_key=_REPORT,
            )  # fmt: skip
        for unit in (DAK_RVE, DAK_PNE):
            office.handed_in(unit)
        office.difficulty(TAN_LAP, "Loa truyền thanh thôn 3 hỏng, chưa có kinh phí sửa chữa.")
        office.difficulty(DAK_RVE, "Cán bộ đầu mối mới nhận việc, chưa được tập huấn.")
        office.asked_for_time(TAN_LAP, date(2024, 11, 8))
        self._decided()
        office.morning(TODAY)
        lost = notification(last_mail_to(office.engine, contact_of(DAK_TO_RE)))
        assert take_in(office.engine, lost, now=office.world.now()) is Taken.BOUNCED
        office.handed_in(DAK_KOI)
        with writing(office.engine) as session:
            self._begun(session)

    def _plans_in(self) -> None:
        """The communes have sent their plans for the year in March."""
        office = self.office
        office.set_clock(_MARCH)
        document = Document(number="12/KH-UBND", dated=_MARCH, arrived_on=_MARCH)
        arrivals = [
            Arrival(assignment_id=number_of(office.engine, unit, duty="V.4-1.a"), document=document)
            for unit in COMMUNES
        ]
        with writing(office.engine) as session:
            officer, desk = self._officer(session), self._desk()
            receive(session, officer, arrivals, desk=desk, once=None)
            for submission in session.exec(select(Submission)).all():
                conclude(
                    session, officer, submission.assignment_id, Act.ACCEPT, comment="", seen=submission.id or 0,
                    desk=desk, once=None,
                )  # fmt: skip

    def _decided(self) -> None:
        office = self.office
        with writing(office.engine) as session:
            officer, desk = self._officer(session), self._desk()
            accepted, returned = self.task(DAK_RVE), self.task(DAK_PNE)
            conclude(
                session, officer, accepted, Act.ACCEPT, comment="", seen=_last(session, accepted), desk=desk, once=None
            )
            give_back(
                session, officer, returned, comment="Đề nghị bổ sung số hộ nghèo dự", again_by=date(2024, 11, 8),
                seen=_last(session, returned), desk=desk, calendar=CALENDAR, once=None,
            )  # fmt: skip
            first = session.exec(select(Difficulty)).first()
            assert first is not None
            answer(
                session, officer, first.id or 0, text="Phòng tổng hợp, đề nghị bố trí kinh phí sửa chữa.",
                theme="Cơ sở vật chất", desk=desk, once=None,
            )  # fmt: skip

    def _begun(self, session: Session) -> None:
        office, now = self.office, self.office.world.now()
        officer, desk = self._officer(session), self._desk()
        plan = officer.plans[0]
        wrong = REPORT_FIELDS | {"activities-0-attendees": "sáu mươi"}
        save_draft(session, office.visitor(session, DAK_RUONG), number_of(office.engine, DAK_RUONG), wrong, now=now)
        keep_file(
            session, office.world.files_folder, content=PDF, name="Kế hoạch của xã.pdf", actor="staff:1", now=now,
            assignment_id=number_of(office.engine, DAK_RUONG),
        )  # fmt: skip
        name_substitute(
            session, office.visitor(session, DAK_RUONG), address="lam-thay.xa-dak-ruong@konray.example",
            title="Công chức Văn hóa - Xã hội", first=TODAY, last=TODAY + timedelta(days=7), desk=desk, once=None,
        )  # fmt: skip
        hold(session, unit=DAK_TO_LUNG, reason="đang sắp xếp đơn vị hành chính", actor=officer.actor, now=now)
        draft_upward(
            session, officer, plan_id=plan.id or 0, subject="Tổng hợp khó khăn, vướng mắc của các xã",
            body="Kính gửi: Ủy ban nhân dân huyện.\n\n1. UBND xã Tân Lập: loa truyền thanh hỏng.", desk=desk, once=None,
        )  # fmt: skip
        contest = AdHoc(
            plan_id=plan.id or 0, duty_key="V.4-1.b", title="Cuộc thi tìm hiểu chính sách giảm nghèo",
            basis="Công văn số 12/SLĐTBXH ngày 22/10/2024", latest=date(2024, 11, 15),
        )  # fmt: skip
        units = [office.visitor(session, unit).unit.id or 0 for unit in (DAK_RUONG, DAK_TO_RE)]
        give(session, contest, units, actor=officer.actor, now=now, calendar=CALENDAR, once=None)

    def _officer(self, session: Session) -> StaffVisitor:
        return staff_visitor(session, self.office.session_of(OFFICER, session), now=self.office.world.now())

    def _desk(self) -> Desk:
        return self.office.world.desk(self.office.world.now())

    def cookie(self, visitor: str) -> tuple[str, str]:
        """Return the cookie of a unit (by its slug) or of a member of staff (by his address)."""
        if "@" in visitor:
            return STAFF_COOKIE, self.office.session_of(visitor)
        return UNIT_COOKIE, self.office.link(visitor)

    def sign_in_link(self) -> str:
        """Return the path of a sign-in link that still works."""
        with writing(self.office.engine) as session:
            member = self._officer(session).staff
            return send_sign_in(session, self._desk(), member).removeprefix(self.office.url)

    def ended_link(self, unit: str) -> str:
        """Return the path of a unit's link that ended a while ago."""
        clock = self.office.world.clock
        now = clock[0]
        clock[0] = now - timedelta(days=60)
        try:
            return f"/l/{self.office.link(unit)}"
        finally:
            clock[0] = now

    def task(self, unit: str) -> int:
        return number_of(self.office.engine, unit)


def _last(session: Session, assignment: int) -> int:
    found = last_submission(session, session.get_one(Assignment, assignment))
    assert found is not None
    return found.id or 0


def numbers(office: Office, table: type) -> list[int]:
    """Return the ids of a table's rows."""
    with reading(office.engine) as session:
        return [row.id for row in session.exec(select(table))]
