from dataclasses import replace
from datetime import date

import pytest

from notifications.content import DeadlineFacts, Section
from rules.vocabulary import Nature
from tests.unit.mail_cast import BASE, CONTINUOUS, DAK_PNE, DRAFT, DUE, LATE, OVERDUE, PHONG, PLAN, REPORT, both, mail


@pytest.mark.parametrize(
    ("items", "late_lists", "subject"),
    [
        ([REPORT], [], "Hạn 14/11/2024 (còn 05 ngày làm việc): Báo cáo năm 2024 – UBND xã Đăk Kôi"),
        ([DUE], [], "Đến hạn thứ Năm, 14/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi"),
        ([OVERDUE], [], "Chưa nhận được Báo cáo năm 2024 (thời hạn 14/11/2024) – UBND xã Đăk Kôi"),
        (  # what is missing of a plan is the plan, not its title
            [replace(DRAFT, section=Section.OVERDUE)],
            [],
            "Chưa nhận được kế hoạch năm 2024 (thời hạn 14/11/2024) – UBND xã Đăk Kôi",
        ),
        (
            [replace(REPORT, section=Section.NEW), CONTINUOUS],
            [],
            "Nhiệm vụ năm 2024 theo Kế hoạch truyền thông giảm nghèo – UBND xã Đăk Kôi",
        ),
        ([REPORT, DRAFT], [], "02 nhiệm vụ sắp đến hạn, gần nhất 14/11/2024 – UBND xã Đăk Kôi"),
        ([DUE, replace(DRAFT, section=Section.DUE)], [], "02 nhiệm vụ đến hạn thứ Năm, 14/11/2024 – UBND xã Đăk Kôi"),
        (  # the most urgent first, the others counted
            [DRAFT, OVERDUE],
            [],
            "Chưa nhận được Báo cáo năm 2024 (thời hạn 14/11/2024) và 01 nhiệm vụ khác – UBND xã Đăk Kôi",
        ),
        ([REPORT, DAK_PNE], [], "02 nhiệm vụ sắp đến hạn, gần nhất 14/11/2024 – 02 đơn vị"),
        (
            [replace(REPORT, section=Section.CHANGED, previous_final=date(2024, 10, 31))],
            [],
            "Điều chỉnh thời hạn từ 31/10/2024 thành 14/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi",
        ),
        ([REPORT], [LATE], "Danh sách 02/07 xã, thị trấn chưa gửi Báo cáo năm 2024 (đến 07/11/2024)"),
        ([], [LATE, LATE], "02 danh sách đơn vị chưa gửi báo cáo (đến 07/11/2024)"),
        (
            [replace(CONTINUOUS, section=Section.INVITATION)],
            [],
            "Đề nghị phối hợp thực hiện Kế hoạch truyền thông giảm nghèo năm 2024",
        ),
    ],
)
def test_the_subject_names_what_is_most_urgent(items, late_lists, subject):
    assert mail(*items, late_lists=tuple(late_lists)).subject == subject
    marked = mail(*items, late_lists=tuple(late_lists), rehearsal=True).subject
    assert marked == f"[Chạy thử] {subject}"


@pytest.mark.parametrize("item", [REPORT, DUE, OVERDUE, replace(REPORT, section=Section.NEW)])
def test_every_dated_item_says_until_when_why_by_what_clause_and_to_whom(item):
    for words in both(mail(item, day=date(2024, 11, 14))):
        assert "rước ngày 15/11/2024, tức chậm nhất hết thứ Năm, ngày 14/11/2024" in words
        assert "Công văn số 12/LĐTBXH: trước ngày 15/11/2024." in words
        assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in words
        assert PHONG in words
        assert "Kính gửi: Ủy ban nhân dân xã Đăk Kôi" in words
        assert "dakkoi@konray.example" in words
        assert "Thư này được gửi tự động để thông tin, nhắc việc, không thay thế văn bản hành chính" in words
        assert "điện thoại 0260 000 000" in words


@pytest.mark.parametrize(
    "rendered",
    [
        mail(REPORT, DRAFT),
        mail(DUE, day=date(2024, 11, 14)),
        mail(OVERDUE, day=date(2024, 11, 15)),
        mail(late_lists=(LATE,), day=date(2024, 11, 19)),
        mail(replace(REPORT, section=Section.NEW), CONTINUOUS),
    ],
)
def test_no_mail_speaks_like_a_document_or_of_today_or_of_blame(rendered):
    for words in [rendered.subject, *both(rendered)]:
        for unfit in ("hôm nay", "ngày mai", "CỘNG HÒA", "./.", "vi phạm", "cảnh cáo", "trễ", "V.4-3", "None", "số …"):
            assert unfit not in words


def test_a_reminder_says_how_many_working_days_are_left():
    for words in both(mail(REPORT)):
        assert "Đến 07 giờ 00 ngày 07/11/2024, Phòng Lao động - Thương binh và Xã hội chưa nhận được báo cáo" in words
        assert "còn 05 ngày làm việc" in words
        assert "trả lời thư này, cho biết số, ngày văn bản" in words


def test_an_overdue_report_is_asked_for_with_the_reason_and_the_day_of_the_list():
    for words in both(mail(OVERDUE, day=date(2024, 11, 15))):
        assert "(quá hạn 01 ngày làm việc)" in words
        assert "Để Phòng kịp tổng hợp, báo cáo chung chậm nhất hết thứ Năm, ngày 21/11/2024" in words
        assert "đề nghị đơn vị khẩn trương gửi báo cáo, hoặc trả lời thư này, cho biết lý do" in words
        assert "Từ ngày 19/11/2024, các đơn vị chưa gửi được đưa vào danh sách trình Lãnh đạo Phòng" in words


def test_dates_that_have_passed_are_not_announced():
    for words in both(mail(OVERDUE, day=date(2024, 11, 22))):
        assert "21/11/2024" not in words
        assert "19/11/2024" not in words


def test_the_head_of_a_unit_is_asked_to_see_to_it():
    for words in both(mail(replace(OVERDUE, to_head=True), day=date(2024, 11, 15))):
        assert "Kính gửi: Lãnh đạo Ủy ban nhân dân xã Đăk Kôi" in words
        assert "đề nghị đồng chí quan tâm, chỉ đạo đơn vị khẩn trương gửi báo cáo" in words
        assert "Thư này gửi đến lãnh đạo đơn vị" in words


def test_a_report_to_another_recipient_names_both_and_is_only_noted():
    item = replace(REPORT, recipient_name="Sở Lao động - Thương binh và Xã hội")
    for words in both(mail(item)):
        assert "Nơi nhận: Sở Lao động" in words.replace("Nơi nhận Sở", "Nơi nhận: Sở")
        assert f"{PHONG} chưa ghi nhận báo cáo của đơn vị" in words
        assert "Theo dõi, tổng hợp" in words


def test_a_mailbox_that_is_not_only_the_heads_is_greeted_as_the_unit():
    for words in both(mail(replace(OVERDUE, to_head=True), REPORT)):
        assert "Kính gửi: Ủy ban nhân dân xã Đăk Kôi" in words


def test_no_working_day_left_before_a_day_off_is_not_counted():
    rendered = mail(replace(REPORT, working_days_left=0))
    assert rendered.subject == "Hạn 14/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi"
    for words in both(rendered):
        assert "giảm nghèo là hết thứ Năm, ngày 14/11/2024." in words


def test_a_deadline_on_a_day_off_names_the_last_working_day_before_it():
    saturday = replace(BASE, day=date(2024, 11, 16), written=date(2024, 11, 17))
    item = replace(DUE, deadline=DeadlineFacts(final=date(2024, 11, 16), steps=(saturday,)))
    for words in both(mail(item, day=date(2024, 11, 15))):
        assert "Thứ Bảy, ngày 16/11/2024 là ngày cuối của thời hạn" in words
        assert "Ngày làm việc cuối cùng trước thời hạn là thứ Sáu, ngày 15/11/2024." in words
        assert "Đề nghị đơn vị gửi báo cáo trong ngày 15/11/2024." in words


def test_a_year_whose_days_off_are_not_decided_says_so():
    for words in both(mail(replace(REPORT, provisional=True))):
        assert "05 ngày làm việc (lịch nghỉ dự kiến)" in words


def test_the_late_list_is_one_table_with_what_was_done_and_what_to_decide():
    rendered = mail(late_lists=(LATE,), day=date(2024, 11, 19))
    for words in both(rendered):
        assert "đã ghi nhận 05/07 Báo cáo năm 2024 của các xã, thị trấn" in words
        assert "UBND xã A" in words
        assert "04 lần, gần nhất 15/11/2024" in words
        assert "Chưa phản hồi" in words
        assert "Chưa nhắc" in words
        assert "Dự kiến gửi ngày 20/11/2024" in words
        assert "hết thứ Năm, ngày 21/11/2024, còn 02 ngày làm việc" in words
        assert "Kính đề nghị Lãnh đạo Phòng cho ý kiến" in words
    assert rendered.html.count("<th ") == 5


def test_the_officer_is_not_asked_to_decide_for_the_head():
    late = replace(LATE, to_head=False, listed_from=date(2024, 11, 19))
    for words in both(mail(late_lists=(late,), day=date(2024, 11, 15))):
        assert "Kính đề nghị Lãnh đạo" not in words
        assert "Từ ngày 19/11/2024, danh sách các đơn vị chưa gửi được trình Lãnh đạo Phòng" in words


def test_new_tasks_stand_by_nature_and_grouped_by_clause():
    second = replace(CONTINUOUS, duty_title="Chỉ đạo kiểm tra, giám sát")
    undated = replace(DRAFT, section=Section.NEW, deadline=None)
    event = replace(CONTINUOUS, nature=Nature.ON_EVENT, duty_title="Báo cáo vướng mắc", citation="đoạn kết Mục V")
    for words in both(mail(event, CONTINUOUS, second, undated, replace(REPORT, section=Section.NEW))):
        order = [
            "thông báo nhiệm vụ năm 2024 của đơn vị:",
            "1. Có thời hạn",
            "2. Chưa ấn định thời hạn",
            "3. Thường xuyên",
            "Gạch đầu dòng thứ hai, khoản 4, Mục V: Bố trí nguồn lực; Chỉ đạo kiểm tra, giám sát.",
            "Kết quả nêu trong báo cáo năm.",
            "4. Khi phát sinh hoặc có khó khăn, vướng mắc",
            "Đoạn kết Mục V: Báo cáo vướng mắc.",
        ]
        places = [words.index(part) for part in order]
        assert places == sorted(places)


def test_an_invitation_asks_courteously_and_counts_nothing_down():
    rendered = mail(replace(CONTINUOUS, section=Section.INVITATION))
    for words in both(rendered):
        assert "trân trọng đề nghị quý cơ quan quan tâm, phối hợp thực hiện" in words
        assert "Trân trọng cảm ơn sự phối hợp của quý cơ quan." in words
        for unfit in ("hạn", "nhắc", "đôn đốc", "danh sách", "ngày làm việc"):
            assert unfit not in words


def test_an_invitation_beside_other_work_keeps_its_own_section():
    for words in both(mail(REPORT, replace(CONTINUOUS, section=Section.INVITATION))):
        assert "trân trọng đề nghị quý cơ quan quan tâm" in words
        assert "còn 05 ngày làm việc" in words


def test_several_plans_and_units_are_named_at_each_item():
    other = replace(DAK_PNE, plan=replace(PLAN, short_title="Kế hoạch khác", number="85/KH-UBND"))
    for words in both(mail(REPORT, other)):
        assert "các Kế hoạch nêu tại từng nhiệm vụ dưới đây" in words
        assert "Kế hoạch số 85/KH-UBND của UBND huyện Kon Rẫy về triển khai" in words
        assert "Ủy ban nhân dân xã Đăk Pne" in words


def test_a_number_and_a_date_that_nobody_has_entered_leave_no_gap():
    assert "Thực hiện Kế hoạch của UBND huyện Kon Rẫy về triển khai các hoạt động" in mail(REPORT).text
    plan = replace(PLAN, number="85/KH-UBND", issued_on=date(2022, 9, 20))
    text = mail(replace(REPORT, plan=plan)).text
    assert "Thực hiện Kế hoạch số 85/KH-UBND ngày 20/9/2022 của UBND huyện Kon Rẫy về triển khai" in text
