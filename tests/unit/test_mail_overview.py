"""The office's overview of a week: a mail of its own, or the last part of one that has more urgent things to say."""

from dataclasses import replace
from datetime import date

import pytest

from notifications.content import Language, Section, WeekAhead
from tests.unit.mail_cast import CONTINUOUS, LATE, OFFICE, READER, REPORT, both, buttons, hrefs, mail

MONDAY = date(2024, 11, 18)
DESK = replace(READER, display="Phòng Lao động - Thương binh và Xã hội", address="laodong@konray.example")
WEEK = WeekAhead(
    week=MONDAY,
    to_receive=3,
    extensions=1,
    difficulties=12,
    near=(
        (date(2024, 11, 21), "Báo cáo năm (Kế hoạch truyền thông giảm nghèo)", 3),
        (date(2024, 11, 29), "Kế hoạch năm 2025 (Kế hoạch khác)", 1),
    ),
    failed=2,
)
QUIET = WeekAhead(week=MONDAY, to_receive=0, extensions=0, difficulties=0)


def overview(week=WEEK, *items, language=Language.VI, **facts):
    return mail(*items, reader=replace(DESK, language=language), day=MONDAY, overview=week, **facts)


def seen(rendered):
    """The text and the HTML alike: a row's label and value stand with a colon between them in the text only."""
    return [words.replace(": ", " ") for words in both(rendered)]


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        (
            Language.VI,
            "Tình hình theo dõi đầu tuần – Phòng LĐ-TB&XH huyện Kon Rẫy",
            [
                "Kính gửi Phòng Lao động - Thương binh và Xã hội",
                "Tổng hợp đến 07 giờ 00 ngày 18/11/2024",
                "Báo cáo chờ tiếp nhận 03",
                "Đề nghị gia hạn chờ trả lời 01",
                "Khó khăn, vướng mắc chưa trả lời 12",
                "Thư gửi không thành công trong 07 ngày qua 02",
                "Hết thứ Năm, ngày 21/11/2024 Báo cáo năm (Kế hoạch truyền thông giảm nghèo), còn 03 đơn vị chưa gửi.",
                "Hết thứ Sáu, ngày 29/11/2024 Kế hoạch năm 2025 (Kế hoạch khác), còn 01 đơn vị chưa gửi.",
                "Hệ thống hoạt động bình thường.",
                "laodong@konray.example vì Phòng LĐ-TB&XH huyện Kon Rẫy theo dõi, đôn đốc, tổng hợp",
            ],
        ),
        (
            Language.EN,
            "The week ahead – Phòng LĐ-TB&XH huyện Kon Rẫy",
            [
                "As of 07:00 on 18 Nov 2024",
                "Reports waiting to be received 3",
                "Requests for more time waiting for an answer 1",
                "Difficulties not yet answered 12",
                "Mails that could not be delivered in the last 7 days 2",
                "By the end of Thursday, 21 November 2024 Báo cáo năm (Kế hoạch truyền thông giảm nghèo), 3 units",
                "Kế hoạch năm 2025 (Kế hoạch khác), 1 unit still to send.",
                "The system is working normally.",
            ],
        ),
    ],
)
def test_an_overview_alone_is_a_whole_mail(language, subject, said):
    rendered = overview(language=language)
    assert rendered.subject == subject
    for words in seen(rendered):
        for part in said:
            assert part in words
        for unfit in ("None", "Đơn vị nhận thư này", "Lãnh đạo Phòng", "the head of", "hôm nay", "[]"):
            assert unfit not in words
    assert "TUẦN TỪ THỨ HAI, NGÀY 18/11/2024" in overview().text
    assert "Tình hình đầu tuần (tuần từ thứ Hai, ngày 18/11/2024)" in overview().html


def test_a_quiet_week_counts_no_zeros():
    for words in seen(overview(QUIET)):
        assert "Báo cáo chờ tiếp nhận không có" in words
        assert "Sắp đến hạn trong 10 ngày làm việc tới không có" in words
        assert "Hệ thống hoạt động bình thường." in words
        assert " 00 -" not in words
    for words in seen(overview(QUIET, language=Language.EN)):
        assert "Due in the next 10 working days none" in words


def test_what_the_check_found_is_listed_and_nothing_is_called_normal():
    faults = ("Lượt quét ngày 15/11/2024 chưa chạy", "<b>Máy chủ thư không nhận thư.</b>")
    rendered = overview(replace(WEEK, faults=faults))
    for words in both(rendered):
        assert "Hệ thống có nội dung cần kiểm tra:" in words
        assert "Lượt quét ngày 15/11/2024 chưa chạy." in words
        assert "bình thường" not in words
    assert "<b>" not in rendered.html
    for words in both(overview(replace(WEEK, faults=faults), language=Language.EN)):
        assert "The system needs attention:" in words
        assert "normally" not in words


def test_units_whose_mails_come_back_are_named_apart_from_faults():
    lost = ("Ủy ban nhân dân xã Đăk Kôi", "<b>Xã khác</b>")
    rendered = overview(replace(WEEK, unreachable=lost))
    for words in both(rendered):
        assert "Địa chỉ thư của các đơn vị sau không nhận được thư (thư bị trả lại), cần cập nhật:" in words
        assert "Ủy ban nhân dân xã Đăk Kôi." in words
        assert "Hệ thống hoạt động bình thường." in words
    assert "<b>" not in rendered.html
    for words in both(overview(replace(WEEK, unreachable=lost), language=Language.EN)):
        assert "Mails to these units come back from an address that needs to be corrected:" in words
    assert all("trả lại" not in words for words in both(overview()))


@pytest.mark.parametrize(
    ("items", "late_lists", "subject", "first"),
    [
        ([REPORT], (), "Hạn 14/11/2024", "Thời hạn gửi Báo cáo năm 2024"),
        ([], (LATE,), "Danh sách 02/07 xã, thị trấn chưa gửi", "Các đơn vị chưa gửi"),
        ([REPORT], (LATE,), "Danh sách 02/07 xã, thị trấn chưa gửi", "Thời hạn gửi Báo cáo năm 2024"),
    ],
)
def test_what_is_more_urgent_keeps_the_subject_and_comes_first(items, late_lists, subject, first):
    rendered = overview(WEEK, *items, late_lists=late_lists)
    assert rendered.subject.startswith(subject)
    for words in both(rendered):
        assert words.index(first) < words.index("Báo cáo chờ tiếp nhận") < words.index("Trân trọng.")


def test_an_overview_beside_an_invitation_keeps_both():
    rendered = overview(WEEK, replace(CONTINUOUS, section=Section.INVITATION))
    assert rendered.subject == "Tình hình theo dõi đầu tuần – Phòng LĐ-TB&XH huyện Kon Rẫy"
    for words in both(rendered):
        assert "trân trọng đề nghị quý cơ quan" in words
        assert "Báo cáo chờ tiếp nhận" in words


@pytest.mark.parametrize(("late_lists", "label"), [((), "Mở trang theo dõi của Phòng"), ((LATE,), "Mở danh sách")])
def test_the_overview_leads_to_the_offices_pages_once(late_lists, label):
    rendered = overview(late_lists=late_lists, links=(OFFICE,))
    assert hrefs(rendered) == [OFFICE.url]
    assert buttons(rendered) == 1
    for words in both(rendered):
        assert words.count(label) == 1


def test_a_mail_without_an_overview_has_no_word_of_it():
    for words in both(mail(late_lists=(LATE,))):
        for unfit in ("đầu tuần", "chờ tiếp nhận", "Hệ thống hoạt động", "không có"):
            assert unfit not in words
