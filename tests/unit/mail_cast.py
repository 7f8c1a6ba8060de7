"""The small fixed cast of the mail tests: one commune, its report and its plan, the labour office and its list."""

import re
from dataclasses import replace
from datetime import date, datetime, time
from html import unescape
from zoneinfo import ZoneInfo

from notifications.content import (
    DeadlineFacts,
    Item,
    LateList,
    LateUnit,
    Morning,
    Note,
    PageLink,
    PlanFacts,
    Reader,
    Section,
    Sender,
)
from notifications.morning import render_morning
from notifications.note import render_note
from rules.deadlines import Form, Step, StepKind
from rules.vocabulary import Deliverable, Nature

PHONG = "Phòng Lao động - Thương binh và Xã hội"
PLAN = PlanFacts(
    title="Triển khai các hoạt động truyền thông về Chương trình giảm nghèo bền vững",
    short_title="Kế hoạch truyền thông giảm nghèo",
    issuer_name="UBND huyện Kon Rẫy",
)
SENDER = Sender(
    office_short="Phòng LĐ-TB&XH huyện Kon Rẫy",
    contact_title="Công chức theo dõi, tổng hợp",
    from_address="nhacviec@konray.example",
    reply_to="laodong@konray.example",
    phone="0260 000 000",
)
READER = Reader(address="dakkoi@konray.example", display="Ủy ban nhân dân xã Đăk Kôi")
BASE = Step(
    kind=StepKind.BASE,
    day=date(2024, 11, 14),
    form=Form.BEFORE,
    written=date(2024, 11, 15),
    basis="Công văn số 12/LĐTBXH",
)
REPORT = Item(
    key="konray-2022-2025/2024/V.4-3.a/xa-dak-koi",
    notice_keys=("notice/1",),
    section=Section.APPROACHING,
    unit_name="Ủy ban nhân dân xã Đăk Kôi",
    unit_short="UBND xã Đăk Kôi",
    duty_title="Báo cáo năm",
    citation="gạch đầu dòng thứ ba, khoản 4, Mục V",
    clause_text="Hàng năm, tổng hợp, báo cáo tình hình thực hiện Kế hoạch",
    nature=Nature.PERIODIC,
    deliverable=Deliverable.REPORT,
    recipient_name=PHONG,
    collector_name=PHONG,
    plan=PLAN,
    year=2024,
    deadline=DeadlineFacts(final=date(2024, 11, 14), steps=(BASE,)),
    working_days_left=5,
)
DRAFT = replace(
    REPORT,
    key="konray-2022-2025/2024/V.4-1.a/xa-dak-koi",
    notice_keys=("notice/2",),
    duty_title="Xây dựng kế hoạch",
    citation="gạch đầu dòng thứ nhất, khoản 4, Mục V",
    deliverable=Deliverable.PLAN,
    nature=Nature.ONCE,
    recipient_name=None,
)
OVERDUE = replace(
    REPORT,
    section=Section.OVERDUE,
    working_days_left=None,
    working_days_overdue=1,
    consolidates_by=date(2024, 11, 21),
    listed_from=date(2024, 11, 19),
)
DUE = replace(REPORT, section=Section.DUE, working_days_left=0)
CONTINUOUS = replace(
    REPORT,
    section=Section.NEW,
    duty_title="Bố trí nguồn lực",
    citation="gạch đầu dòng thứ hai, khoản 4, Mục V",
    nature=Nature.CONTINUOUS,
    deliverable=Deliverable.NONE,
    deadline=None,
    working_days_left=None,
)
LATE = LateList(
    notice_keys=("notice/8", "notice/9"),
    duty_title="Báo cáo năm",
    citation="khoản 4, Mục V",
    year=2024,
    plan=PLAN,
    final=date(2024, 11, 14),
    received=5,
    expected=7,
    group_name="xã, thị trấn",
    collector_name=PHONG,
    late=(
        LateUnit(
            unit_name="UBND xã A",
            final=date(2024, 11, 14),
            working_days_overdue=3,
            reminders=4,
            last_reminder=date(2024, 11, 15),
        ),
        LateUnit(
            unit_name="UBND xã B",
            final=date(2024, 11, 14),
            working_days_overdue=3,
            reminders=0,
            remark="Dự kiến gửi ngày 20/11/2024",
        ),
    ),
    consolidates_by=date(2024, 11, 21),
    days_to_consolidation=2,
    to_head=True,
)


def at(day: date) -> datetime:
    return datetime.combine(day, time(7), tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def mail(*items, day=date(2024, 11, 7), reader=READER, sender=SENDER, **facts):
    return render_morning(Morning(reader=reader, sender=sender, as_of=at(day), items=items, **facts))


def both(rendered):
    """Text and HTML as a reader sees them: tags off, white space collapsed."""
    html = unescape(re.sub(r"<[^>]+>", " ", rendered.html.split("<body", 1)[1]))
    return [" ".join(words.split()) for words in (rendered.text, html)]


DAK_PNE = replace(REPORT, unit_name="Ủy ban nhân dân xã Đăk Pne", unit_short="UBND xã Đăk Pne")

#: One link for each kind of page; an address with an ampersand must survive the HTML.
OWN = PageLink(url="https://nhacviec.example/l/s3cret?a=1&b=2", unit_name="Ủy ban nhân dân xã Đăk Kôi")
SECOND = PageLink(url="https://nhacviec.example/l/0ther?a=1&b=2", unit_name="Ủy ban nhân dân xã Đăk Pne")
OFFICE = PageLink(url="https://nhacviec.example/phong")


def hrefs(rendered):
    """The addresses that the HTML leads to, as a mail program reads them."""
    return [unescape(url) for url in re.findall(r'href="([^"]*)"', rendered.html)]


def buttons(rendered):
    return rendered.html.count("bgcolor=")


def note(kind, *, reader=READER, **facts):
    return render_note(
        Note(kind=kind, reader=reader, sender=SENDER, as_of=at(date(2024, 11, 8)), collector_name=PHONG, **facts)
    )
