import re
from dataclasses import replace
from datetime import date, datetime, time
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from notifications.changed import render_changed
from notifications.content import Changed, DeadlineFacts, Item, Language, PlanFacts, Reader, Section, Sender
from rules.deadlines import Form, Step, StepKind
from rules.vocabulary import Deliverable, Nature

PHONG = "Phòng Lao động - Thương binh và Xã hội"
SENDER = Sender(
    office_short="Phòng LĐ-TB&XH huyện Kon Rẫy",
    contact_title="Công chức theo dõi, tổng hợp",
    from_address="nhacviec@konray.example",
    reply_to="laodong@konray.example",
)
BASE = Step(
    kind=StepKind.BASE, day=date(2024, 10, 31), form=Form.BEFORE, written=date(2024, 11, 1), basis="Công văn số 12"
)
ROLLED = Step(kind=StepKind.ROLLED, day=date(2024, 11, 15), reason="thứ Bảy")


def decided(kind):
    return Step(kind=kind, day=date(2024, 11, 16), form=Form.LATEST, written=date(2024, 11, 16), basis="Công văn số 20")


def changed(*steps, previous_final=date(2024, 10, 31), language=Language.VI):
    item = Item(
        key="konray-2022-2025/2024/V.4-3.a/xa-dak-koi",
        notice_keys=("notice/5",),
        section=Section.CHANGED,
        unit_name="Ủy ban nhân dân xã Đăk Kôi",
        unit_short="UBND xã Đăk Kôi",
        duty_title="Báo cáo năm",
        citation="gạch đầu dòng thứ ba, khoản 4, Mục V",
        clause_text="Hàng năm, tổng hợp, báo cáo",
        nature=Nature.PERIODIC,
        deliverable=Deliverable.REPORT,
        recipient_name=PHONG,
        collector_name=PHONG,
        plan=PlanFacts(
            title="Triển khai truyền thông",
            short_title="Kế hoạch truyền thông giảm nghèo",
            issuer_name="UBND huyện Kon Rẫy",
        ),
        year=2024,
        deadline=DeadlineFacts(final=steps[-1].day, steps=steps, version=2, at=steps[-1].at),
        working_days_left=19,
        previous_final=previous_final,
    )
    reader = Reader(address="dakkoi@konray.example", display="Ủy ban nhân dân xã Đăk Kôi", language=language)
    as_of = datetime(2024, 10, 21, 9, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    return Changed(reader=reader, sender=SENDER, as_of=as_of, items=(item,))


@pytest.mark.parametrize(
    ("letter", "subject", "sentence"),
    [
        (
            changed(BASE, decided(StepKind.CHANGED), ROLLED),
            "Điều chỉnh thời hạn từ 31/10/2024 thành 15/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi",
            "điều chỉnh từ hết thứ Năm, ngày 31/10/2024 thành hết thứ Sáu, ngày 15/11/2024.",
        ),
        (
            changed(BASE, decided(StepKind.EXTENDED), ROLLED),
            "Gia hạn đến 15/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi",
            "được gia hạn đến hết thứ Sáu, ngày 15/11/2024 (thời hạn trước đó: hết thứ Năm, ngày 31/10/2024).",
        ),
        (
            changed(BASE, decided(StepKind.RETURNED), ROLLED),
            "Đề nghị bổ sung, gửi lại đến 15/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi",
            "Báo cáo năm 2024 cần bổ sung; đề nghị đơn vị gửi lại chậm nhất hết thứ Sáu, ngày 15/11/2024.",
        ),
        (  # where there was none before
            changed(BASE, previous_final=None),
            "Ấn định thời hạn 31/10/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi",
            "được ấn định là hết thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(BASE, decided(StepKind.EXTENDED), ROLLED, language=Language.EN),
            "Extended to 15 Nov 2024: Báo cáo năm, 2024 – UBND xã Đăk Kôi",
            "has been extended to the end of Friday, 15 November 2024 (before: the end of Thursday, 31 October 2024).",
        ),
    ],
)
def test_a_changed_deadline_names_the_old_day_the_new_one_and_why(letter, subject, sentence):
    rendered = render_changed(letter)
    assert rendered.subject == subject
    html = unescape(re.sub(r"<[^>]+>", " ", rendered.html))
    for words in (rendered.text, " ".join(html.split())):
        assert sentence in words
        assert "Công văn số 12" in words
        assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in words
    assert letter.notice_keys == ("notice/5",)


def test_the_day_off_that_moved_the_new_deadline_is_named():
    text = render_changed(changed(BASE, decided(StepKind.CHANGED), ROLLED)).text
    assert "Ngày 16/11/2024 là ngày nghỉ (thứ Bảy), thời hạn chuyển về ngày làm việc liền trước" in text


AT_FOUR = replace(BASE, day=date(2024, 10, 31), form=Form.LATEST, written=date(2024, 10, 31), at=time(16))
AT_TEN = replace(AT_FOUR, kind=StepKind.CHANGED, at=time(10))
BEFORE_TEN = replace(AT_TEN, form=Form.BEFORE)
NO_HOUR = replace(AT_TEN, at=None)


@pytest.mark.parametrize(
    ("letter", "subject", "sentence", "chain"),
    [
        (  # only the hour
            changed(AT_FOUR, AT_TEN),
            "Điều chỉnh thời hạn từ 16 giờ 00 ngày 31/10/2024 thành 10 giờ 00 ngày 31/10/2024: ",
            "điều chỉnh từ 16 giờ 00 thứ Năm, ngày 31/10/2024 thành 10 giờ 00 thứ Năm, ngày 31/10/2024.",
            "chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(AT_FOUR, BEFORE_TEN),
            "Điều chỉnh thời hạn từ 16 giờ 00 ngày 31/10/2024 thành 10 giờ 00 ngày 31/10/2024: ",
            "thành 10 giờ 00 thứ Năm, ngày 31/10/2024.",
            "trước 10 giờ 00 ngày 31/10/2024.",
        ),
        (  # an hour where there was none
            changed(BASE, AT_TEN),
            "Điều chỉnh thời hạn từ 31/10/2024 thành 10 giờ 00 ngày 31/10/2024: ",
            "điều chỉnh từ hết thứ Năm, ngày 31/10/2024 thành 10 giờ 00 thứ Năm, ngày 31/10/2024.",
            "chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (  # the hour is gone
            changed(AT_FOUR, NO_HOUR),
            "Điều chỉnh thời hạn từ 16 giờ 00 ngày 31/10/2024 thành 31/10/2024: ",
            "điều chỉnh từ 16 giờ 00 thứ Năm, ngày 31/10/2024 thành hết thứ Năm, ngày 31/10/2024.",
            "chậm nhất hết thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(AT_FOUR, replace(AT_TEN, kind=StepKind.EXTENDED, at=time(17, 30))),
            "Gia hạn đến 17 giờ 30 ngày 31/10/2024: ",
            "được gia hạn đến 17 giờ 30 thứ Năm, ngày 31/10/2024 (thời hạn trước đó: 16 giờ 00 thứ Năm,",
            "Gia hạn đến 17 giờ 30 thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(AT_FOUR, replace(AT_TEN, kind=StepKind.RETURNED)),
            "Đề nghị bổ sung, gửi lại đến 10 giờ 00 ngày 31/10/2024: ",
            "đề nghị đơn vị gửi lại chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
            "gửi lại: chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(AT_FOUR, previous_final=None),
            "Ấn định thời hạn 16 giờ 00 ngày 31/10/2024: ",
            "được ấn định là 16 giờ 00 thứ Năm, ngày 31/10/2024.",
            "chậm nhất 16 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (  # the day off was counted anew: the hour is the one it had
            changed(BASE, AT_TEN, previous_final=date(2024, 10, 30)),
            "Điều chỉnh thời hạn từ 10 giờ 00 ngày 30/10/2024 thành 10 giờ 00 ngày 31/10/2024: ",
            "điều chỉnh từ 10 giờ 00 thứ Tư, ngày 30/10/2024 thành",
            "chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (  # back to what it once was
            changed(AT_FOUR, AT_TEN, AT_FOUR, AT_TEN),
            "Điều chỉnh thời hạn từ 16 giờ 00 ngày 31/10/2024 thành 10 giờ 00 ngày 31/10/2024: ",
            "điều chỉnh từ 16 giờ 00 thứ Năm",
            "chậm nhất 10 giờ 00 thứ Năm, ngày 31/10/2024.",
        ),
        (
            changed(AT_FOUR, AT_TEN, language=Language.EN),
            "Deadline changed from 16:00 on 31 Oct 2024 to 10:00 on 31 Oct 2024: ",
            "has changed from 16:00 on Thursday, 31 October 2024 to 10:00 on Thursday, 31 October 2024.",
            "by 10:00 on Thursday, 31 October 2024.",
        ),
        (
            changed(AT_FOUR, replace(BEFORE_TEN, kind=StepKind.EXTENDED), language=Language.EN),
            "Extended to 10:00 on 31 Oct 2024: ",
            "has been extended to 10:00 on Thursday, 31 October 2024 (before: 16:00 on Thursday, 31 October 2024).",
            "Extended to before 10:00 on Thursday, 31 October 2024.",
        ),
    ],
)
def test_an_hour_is_said_wherever_the_change_is(letter, subject, sentence, chain):
    rendered = render_changed(letter)
    assert rendered.subject.startswith(subject)
    html = " ".join(unescape(re.sub(r"<[^>]+>", " ", rendered.html)).split())
    for words in (rendered.text, html):
        assert sentence in words
        assert chain in words


def test_a_change_of_day_and_hour_over_a_day_off_remembers_the_old_hour():
    moved = replace(AT_FOUR, day=date(2024, 11, 2), written=date(2024, 11, 2))
    friday = replace(ROLLED, day=date(2024, 11, 1))
    letter = changed(moved, friday, AT_TEN, previous_final=date(2024, 11, 1))
    assert "từ 16 giờ 00 ngày 01/11/2024 thành 10 giờ 00 ngày 31/10/2024" in render_changed(letter).subject


def test_the_immediate_mail_has_no_link():
    rendered = render_changed(changed(BASE, decided(StepKind.CHANGED), ROLLED))
    for words in (rendered.text, rendered.html):
        assert not re.search(r"href|http|[Ll]iên kết|Mở trang", words)
