from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar

from notifications.content import DeadlineFacts, Item, Language, PlanFacts, Reader, Section, Sender
from notifications.ics import deadlines_ics
from rules.deadlines import Form, Step, StepKind
from rules.vocabulary import Deliverable, Nature

PHONG = "Phòng Lao động - Thương binh và Xã hội"
SENDER = Sender(
    office_short="Phòng LĐ-TB&XH huyện Kon Rẫy",
    contact_title="Công chức theo dõi, tổng hợp",
    from_address="nhacviec@konray.example",
    reply_to="laodong@konray.example",
)
READER = Reader(address="dakkoi@konray.example", display="Ủy ban nhân dân xã Đăk Kôi")
AS_OF = datetime(2024, 1, 15, 7, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
BASE = Step(
    kind=StepKind.BASE, day=date(2024, 10, 31), form=Form.BEFORE, written=date(2024, 11, 1), basis="Công văn số 12"
)
REPORT = Item(
    key="konray-2022-2025/2024/V.4-3.a/xa-dak-koi",
    section=Section.NEW,
    unit_name="Ủy ban nhân dân xã Đăk Kôi",
    unit_short="UBND xã Đăk Kôi",
    duty_title="Báo cáo năm",
    citation="gạch đầu dòng thứ ba, khoản 4, Mục V",
    clause_text="Hàng năm, tổng hợp, báo cáo",
    nature=Nature.PERIODIC,
    deliverable=Deliverable.REPORT,
    collector_name=PHONG,
    plan=PlanFacts(title="Triển khai truyền thông", short_title="Kế hoạch truyền thông", issuer_name="UBND huyện"),
    year=2024,
    deadline=DeadlineFacts(final=date(2024, 10, 31), steps=(BASE,)),
)


def calendar(*items, reader=READER, rehearsal=False):
    content = deadlines_ics(items, reader=reader, sender=SENDER, as_of=AS_OF, rehearsal=rehearsal)
    assert content is not None
    return Calendar.from_ical(content)


def test_a_deadline_is_an_all_day_event_that_leaves_the_reader_free():
    parsed = calendar(REPORT)
    (event,) = parsed.walk("VEVENT")
    assert parsed["method"] == "PUBLISH"
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2024, 10, 31), date(2024, 11, 1))
    assert event["dtstart"].params["value"] == "DATE"
    assert event["transp"] == "TRANSPARENT"
    assert event["summary"] == "Hạn: Báo cáo năm 2024 – UBND xã Đăk Kôi"
    assert "trước ngày 01/11/2024, tức chậm nhất hết thứ Năm, ngày 31/10/2024" in event["description"]
    assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in event["description"]
    assert event["organizer"] == "mailto:laodong@konray.example"
    assert event.decoded("dtstamp").isoformat() == "2024-01-15T00:00:00+00:00"


def test_a_new_version_keeps_the_uid_and_raises_the_sequence():
    assert REPORT.deadline is not None
    moved = replace(REPORT, deadline=replace(REPORT.deadline, final=date(2024, 11, 15), version=3))
    (first,), (second,) = calendar(REPORT).walk("VEVENT"), calendar(moved).walk("VEVENT")
    assert first["uid"] == second["uid"] == "konray-2022-2025/2024/V.4-3.a/xa-dak-koi@dondoc"
    assert (first["sequence"], second["sequence"]) == (0, 2)


def test_undated_work_makes_no_entry():
    undated = replace(REPORT, deadline=None)
    assert deadlines_ics([undated], reader=READER, sender=SENDER, as_of=AS_OF) is None
    assert len(calendar(REPORT, undated).walk("VEVENT")) == 1


def test_the_entry_speaks_the_readers_language_and_says_that_it_is_a_rehearsal():
    (event,) = calendar(REPORT, reader=replace(READER, language=Language.EN), rehearsal=True).walk("VEVENT")
    assert event["summary"].startswith("[Rehearsal] Due: ")
    assert "before 1 Nov 2024" in event["description"]


def test_equal_input_gives_equal_bytes():
    one, two = (deadlines_ics([REPORT], reader=READER, sender=SENDER, as_of=AS_OF) for _ in range(2))
    assert one == two
