"""A report that came and must be completed is never called missing, in no part of any mail."""

from dataclasses import replace
from datetime import date

import pytest

from notifications.content import DeadlineFacts, Language, Section
from rules.deadlines import Form, Step, StepKind
from rules.vocabulary import Deliverable
from tests.unit.mail_cast import BASE, DRAFT, LATE, OVERDUE, PHONG, READER, REPORT, both, mail

ENGLISH = replace(READER, language=Language.EN)
BACK = Step(kind=StepKind.RETURNED, day=date(2024, 11, 4), form=Form.LATEST, written=date(2024, 11, 4), basis="thiếu")
AGAIN = DeadlineFacts(final=date(2024, 11, 4), steps=(BASE, BACK), version=2)
RETURNED = replace(OVERDUE, deadline=AGAIN, returned=True, unit_short="UBND xã A")
WAITING = replace(RETURNED, working_days_overdue=None, working_days_left=5)
TUESDAY = date(2024, 11, 5)
FIRST, SECOND = LATE.late


@pytest.mark.parametrize(
    ("item", "subject"),
    [
        (RETURNED, "Đề nghị bổ sung Báo cáo năm 2024 (thời hạn gửi lại 04/11/2024) – UBND xã A"),
        (
            replace(WAITING, section=Section.DUE),
            "Đến hạn gửi lại thứ Hai, 04/11/2024: Báo cáo năm 2024 – UBND xã A",
        ),
        (
            replace(WAITING, section=Section.APPROACHING),
            "Hạn gửi lại 04/11/2024 (còn 05 ngày làm việc): Báo cáo năm 2024 – UBND xã A",
        ),
        (
            replace(RETURNED, deliverable=Deliverable.PLAN, duty_title="Xây dựng kế hoạch"),
            "Đề nghị bổ sung kế hoạch năm 2024 (thời hạn gửi lại 04/11/2024) – UBND xã A",
        ),
    ],
)
def test_the_subject_asks_for_the_completion(item, subject):
    assert mail(item, day=TUESDAY).subject == subject


def test_an_overdue_completion_is_asked_for_as_such():
    for words in both(mail(RETURNED, day=TUESDAY)):
        assert (
            f"{PHONG} đã đề nghị bổ sung báo cáo của đơn vị; thời hạn gửi lại là hết thứ Hai, ngày 04/11/2024; "
            "đến 07 giờ 00 ngày 05/11/2024, chưa nhận được báo cáo bổ sung (quá hạn 01 ngày làm việc)."
        ) in words
        assert "đề nghị đơn vị khẩn trương gửi lại báo cáo" in words
        assert "các đơn vị chưa gửi lại được đưa vào danh sách" in words


@pytest.mark.parametrize("deliverable", list(Deliverable))
@pytest.mark.parametrize("section", [Section.OVERDUE, Section.DUE, Section.APPROACHING, Section.CHANGED, Section.NEW])
def test_nothing_says_that_no_report_came(section, deliverable):
    item = replace(RETURNED, section=section, deliverable=deliverable)
    rendered = mail(item, day=TUESDAY)
    for words in (rendered.subject, *both(rendered)):
        rest = words.lower().replace(" bổ sung", "+")
        for missing in ("chưa nhận được báo cáo ", "chưa nhận được báo cáo.", "chưa ghi nhận", "của đơn vị chưa"):
            assert missing not in rest
    assert "Chưa nhận được" not in rendered.subject
    english = mail(item, day=TUESDAY, reader=ENGLISH)
    for words in (english.subject, *both(english)):
        for missing in ("not received", "Not yet received", "no record", "not yet received"):
            assert missing not in words


def test_the_heading_over_a_returned_report_does_not_call_it_missing():
    for words in both(mail(RETURNED, OVERDUE, day=TUESDAY)):
        assert "– chưa nhận được báo cáo" not in words.lower()
    assert "QUÁ HẠN – CHƯA NHẬN ĐƯỢC BÁO CÁO" in mail(OVERDUE, day=TUESDAY).text


def test_an_extension_of_the_completion_is_about_sending_again():
    longer = Step(kind=StepKind.EXTENDED, day=date(2024, 11, 8), form=Form.LATEST, written=date(2024, 11, 8))
    facts = DeadlineFacts(final=date(2024, 11, 8), steps=(BASE, BACK, longer), version=3)
    item = replace(WAITING, section=Section.CHANGED, deadline=facts, previous_final=date(2024, 11, 4))
    for words in both(mail(item, day=date(2024, 11, 1))):
        assert "Thời hạn gửi lại Báo cáo năm 2024" in words
        assert "(thời hạn trước đó: hết thứ Hai, ngày 04/11/2024)" in words


def test_a_returned_report_in_english():
    rendered = mail(RETURNED, day=TUESDAY, reader=ENGLISH)
    assert rendered.subject == "Please complete and send again: Báo cáo năm, 2024 (due 4 Nov 2024) – UBND xã A"
    for words in both(rendered):
        assert (
            f"{PHONG} has asked for your unit's report to be completed and sent again by the end of Monday, "
            "4 November 2024; as of 07:00 on 5 Nov 2024, the completed report has not arrived (1 working day overdue)."
        ) in words


@pytest.mark.parametrize(
    ("units", "subject", "heading"),
    [
        ((FIRST, SECOND), "xã, thị trấn chưa gửi Báo cáo", "Danh sách đơn vị chưa gửi báo cáo"),
        (
            (FIRST, replace(SECOND, returned=True)),
            "xã, thị trấn chưa gửi hoặc chưa gửi lại Báo cáo",
            "Danh sách đơn vị chưa gửi hoặc chưa gửi lại báo cáo",
        ),
        (
            (replace(SECOND, returned=True),),
            "xã, thị trấn chưa gửi lại Báo cáo",
            "Danh sách đơn vị chưa gửi lại báo cáo",
        ),
    ],
)
def test_the_list_says_which_units_only_have_to_complete_theirs(units, subject, heading):
    rendered = mail(late_lists=(replace(LATE, late=units),), day=date(2024, 11, 19))
    assert subject in rendered.subject
    assert heading.upper() in rendered.text
    returned = any(unit.returned for unit in units)
    for words in both(rendered):
        assert ("UBND xã B (đã đề nghị bổ sung, chưa gửi lại)" in words) == returned
        assert ("không tính báo cáo đã đề nghị bổ sung" in words) == returned
        assert "UBND xã A (đã đề nghị" not in words


def test_the_list_says_so_in_english_too():
    late = replace(LATE, late=(FIRST, replace(SECOND, returned=True)), group_name="communes")
    rendered = mail(late_lists=(late,), day=date(2024, 11, 19), reader=ENGLISH)
    assert rendered.subject == "2 of 7 communes have not sent or resent Báo cáo năm, 2024 (as of 19 Nov 2024)"
    for words in both(rendered):
        assert "UBND xã B (asked for completion, not yet sent again)" in words
        assert "ot yet received" not in words


def test_several_lists_with_a_returned_report_are_not_called_unsent():
    late = replace(LATE, late=(replace(SECOND, returned=True),))
    assert mail(late_lists=(LATE, late)).subject.startswith("02 danh sách đơn vị chưa gửi hoặc chưa gửi lại báo cáo")


@pytest.mark.parametrize(
    ("language", "own", "one", "heading"),
    [
        (Language.VI, ("14/11/2024", "18/11/2024"), "thời hạn hết thứ Năm", "thời hạn của từng đơn vị"),
        (Language.EN, ("14 Nov", "18 Nov"), "due by the end of Thursday, 14 November 2024)", "each unit's deadline"),
    ],
)
def test_each_row_has_its_own_deadline_where_they_differ(language, own, one, heading):
    reader = replace(READER, language=language)
    late = replace(LATE, late=(FIRST, replace(SECOND, final=date(2024, 11, 18))))
    rendered = mail(late_lists=(late,), reader=reader, day=date(2024, 11, 19))
    for words in both(rendered):
        assert heading in words
        for day in own:
            assert day in words
    assert f"({LATE.citation} {LATE.plan.short_title}; {one}" not in rendered.text
    assert one not in both(rendered)[1]
    assert rendered.html.count("<th ") == 6
    for words in both(mail(late_lists=(LATE,), reader=reader, day=date(2024, 11, 19))):
        assert one in words
        assert heading not in words


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (REPORT, "đề nghị đơn vị gửi trong thời gian sớm nhất hoặc cho biết ngày dự kiến gửi."),
        (DRAFT, "đề nghị đơn vị hoàn thành trong thời gian sớm nhất hoặc cho biết ngày dự kiến hoàn thành."),
    ],
)
def test_a_new_task_whose_date_has_passed_counts_nothing_down(item, said):
    late = replace(item, section=Section.NEW, working_days_left=None, working_days_overdue=3)
    for words in both(mail(late, day=date(2024, 11, 19))):
        assert f"; thời hạn này đã qua; {said}" in words
        assert "(còn" not in words
    for words in both(mail(late, day=date(2024, 11, 19), reader=ENGLISH)):
        assert "this date has passed; please" in words
        assert "left)" not in words
    for words in both(mail(replace(item, section=Section.NEW))):
        assert "đã qua" not in words
