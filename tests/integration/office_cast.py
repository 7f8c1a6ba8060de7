"""The office at its desk: members of staff who are signed in, and units that have just handed something in or asked."""

from datetime import date
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models import Contact, LinkKind, Office, Plan, Staff, Unit
from models.database import reading, writing
from portal.gate import STAFF_COOKIE
from services.answers import raise_difficulty
from services.extensions import ask
from services.links import UnitVisitor, keep_link, new_secret
from services.reporting import hand_in
from tests.integration.cast import CALENDAR, OFFICE, OFFICE_HEAD, OFFICER, number_of
from tests.integration.portal_cast import Browser, Page, UnitDesk, named

COORDINATOR, APPROVER, VIEWER = OFFICER, OFFICE_HEAD, "thanh-vien.bcd-giam-ngheo@konray.example"
#: Members of staff who have one role alone; the real plan's officer is coordinator and reviewer in one.
ONLY_COORDINATOR, REVIEWER = "dieu-phoi.phong-ldtbxh@konray.example", "tiep-nhan.phong-ldtbxh@konray.example"
REPORT_FIELDS = {
    "results": "Đã tổ chức 12 buổi truyền thông.",
    "activities-0-form": "meeting",
    "activities-0-place": "Thôn 5",
    "activities-0-attendees": "1.200",
    "money-subproject-spent": "12500000",
    "reporter": "Người gửi thử",
    "position": "Công chức",
    "number": "45/BC-UBND",
    "dated": "2024-10-23",
}

#: The smallest file that is taken for what it says.
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


class OfficeDesk(UnitDesk):
    """The pages over one database in an open year, seen from the office."""

    @classmethod
    def opened(cls, engine: Engine, folder: Path, **facts: object) -> "OfficeDesk":
        desk = super().opened(engine, folder, **facts)
        with writing(engine) as session:
            office = session.exec(select(Unit).where(Unit.slug == OFFICE)).one()
            for address, role in ((ONLY_COORDINATOR, "coordinator"), (REVIEWER, "reviewer")):
                session.add(Staff(unit_id=office.id, address=address, title="Công chức", roles=[role]))
        return desk

    def staff(self, address: str) -> Browser:
        """Return a browser in which this member of staff is signed in."""
        secret, browser = new_secret(), self.stranger()
        with writing(self.engine) as session:
            found = session.exec(select(Staff).where(Staff.address == address)).one()
            keep_link(session, secret, LinkKind.STAFF, now=self.world.now(), staff_id=found.id)
        browser.client.cookies.set(named(browser, STAFF_COOKIE), secret)
        return browser

    def visitor(self, session: Session, unit: str) -> UnitVisitor:
        row = session.exec(select(Unit).where(Unit.slug == unit)).one()
        contact = session.exec(select(Contact).where(Contact.unit_id == row.id).order_by(col(Contact.id))).first()
        return UnitVisitor(contact=contact, unit=row, link_id=0)

    def handed_in(self, unit: str, **fields: str) -> int:
        """Hand the yearly report in, as the unit's page does; returns the assignment."""
        identifier = number_of(self.engine, unit)
        with writing(self.engine) as session:
            visitor = self.visitor(session, unit)
            faults = hand_in(
                session, visitor, identifier, REPORT_FIELDS | fields, desk=self.world.desk(self.world.now()), once=None
            )
        assert faults == ()
        return identifier

    def asked_for_time(self, unit: str, until: date) -> int:
        identifier = number_of(self.engine, unit)
        with writing(self.engine) as session:
            ask(
                session,
                self.visitor(session, unit),
                identifier,
                until=until,
                reason="Đang rà soát số liệu",
                desk=self.world.desk(self.world.now()),
                calendar=CALENDAR,
                once=None,
            )
        return identifier

    def difficulty(self, unit: str, text: str) -> None:
        with writing(self.engine) as session:
            visitor, plan = self.visitor(session, unit), session.exec(select(Plan)).first()
            raise_difficulty(
                session,
                visitor,
                plan_id=plan.id,
                text=text,
                proposal="",
                desk=self.world.desk(self.world.now()),
                once=None,
            )

    def to_another_office(self) -> None:
        """Let another office follow the plan up from now on, so that its assignments are no longer this one's."""
        with writing(self.engine) as session:
            other = session.exec(select(Unit).where(Unit.slug == "phong-nnptnt")).one()
            for office in session.exec(select(Office)):
                office.unit_id = other.id
                session.add(office)

    def rows(self, table: type) -> list:
        with reading(self.engine) as session:
            return list(session.exec(select(table)).all())


def again(browser: Browser, page: Page, ending: str, **typed: str) -> tuple[Page, Page]:
    """Send one form twice, as an impatient finger does."""
    form = page.form(ending)
    data = form.fields | typed
    return browser.post(form.action, data), browser.post(form.action, data)
