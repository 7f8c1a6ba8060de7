"""A title names its period wherever it is printed, in both languages."""

from dataclasses import replace
from datetime import date

import pytest
from icalendar import Calendar

from notifications.changed import render_changed
from notifications.content import Changed, Language, Section
from notifications.ics import deadlines_ics
from notifications.naming import thing, titled
from rules.vocabulary import Deliverable
from tests.unit.mail_cast import CONTINUOUS, DRAFT, LATE, OVERDUE, PHONG, READER, REPORT, SENDER, at, both, mail

ENGLISH = replace(READER, language=Language.EN)
QUARTER = replace(REPORT, duty_title="Báo cáo quý", period="2024-Q3")


@pytest.mark.parametrize(
    ("title", "period", "said"),
    [
        ("Báo cáo quý", "2024-Q3", "Báo cáo quý III năm 2024"),
        ("Báo cáo quý", "2024-Q1", "Báo cáo quý I năm 2024"),
        ("Báo cáo quý IV", "2024-Q4", "Báo cáo quý IV năm 2024"),
        ("Báo cáo hằng quý", "2024-Q2", "Báo cáo quý II năm 2024"),
        ("Báo cáo", "2024-Q3", "Báo cáo quý III năm 2024"),
        ("Báo cáo quý III năm 2024", "2024-Q3", "Báo cáo quý III năm 2024"),
        ("Báo cáo 6 tháng", "2024-H1", "Báo cáo 6 tháng đầu năm 2024"),
        ("Báo cáo 6 tháng đầu năm", "2024-H1", "Báo cáo 6 tháng đầu năm 2024"),
        ("Báo cáo sáu tháng", "2024-H2", "Báo cáo 6 tháng cuối năm 2024"),
        ("Báo cáo tháng", "2024-M07", "Báo cáo tháng 7 năm 2024"),
        ("Báo cáo định kỳ hàng tháng", "2024-M12", "Báo cáo định kỳ tháng 12 năm 2024"),
        ("Báo cáo quý, 6 tháng, năm", "2024-H1", "Báo cáo 6 tháng đầu năm 2024"),
        ("Báo cáo quý về công tác giảm nghèo", "2024-Q3", "Báo cáo quý III năm 2024 về công tác giảm nghèo"),
        # a word that only looks like a period stays
        ("Báo cáo Tháng hành động", "2024-M07", "Báo cáo Tháng hành động tháng 7 năm 2024"),
        ("Xây dựng kế hoạch", "2024-Q3", "Xây dựng kế hoạch quý III năm 2024"),
        # the whole year
        ("Báo cáo năm", "2024", "Báo cáo năm 2024"),
        ("Báo cáo năm", "", "Báo cáo năm 2024"),
        ("Báo cáo 6 tháng cuối năm", "2024", "Báo cáo 6 tháng cuối năm 2024"),
    ],
)
def test_a_title_names_its_period_once(title, period, said):
    assert titled(replace(REPORT, duty_title=title, period=period), Language.VI) == said


@pytest.mark.parametrize(
    ("title", "period", "said"),
    [
        ("Quarterly report", "2024-Q3", "Quarterly report, Q3 2024"),
        ("Report, Q3 2024", "2024-Q3", "Report, Q3 2024"),
        ("Half-yearly report", "2024-H1", "Half-yearly report, first half of 2024"),
        ("Monthly report", "2024-M07", "Monthly report, July 2024"),
        ("Yearly report", "2024", "Yearly report, 2024"),
    ],
)
def test_an_english_title_names_its_period_once(title, period, said):
    assert titled(replace(REPORT, duty_title=title, period=period), Language.EN) == said


def test_a_plan_of_a_quarter_is_called_by_its_quarter():
    draft = replace(DRAFT, period="2024-Q3")
    assert (thing(draft, Language.VI), thing(draft, Language.EN)) == (
        "kế hoạch quý III năm 2024",
        "the plan for Q3 2024",
    )


@pytest.mark.parametrize("section", [Section.OVERDUE, Section.DUE, Section.APPROACHING, Section.CHANGED, Section.NEW])
def test_every_section_prints_the_period(section):
    item = replace(OVERDUE, section=section, duty_title="Báo cáo quý", period="2024-Q3")
    rendered = mail(item)
    if section is not Section.NEW:
        assert "Báo cáo quý III năm 2024" in rendered.subject
    for words in both(rendered):
        assert "Báo cáo quý III năm 2024" in words
        assert "quý quý" not in words
        assert "Báo cáo năm" not in words


def test_the_late_list_prints_the_period_in_its_subject_and_its_text():
    late = replace(LATE, duty_title="Báo cáo quý", period="2024-Q3")
    rendered = mail(late_lists=(late,), day=date(2024, 11, 19))
    assert rendered.subject == "Danh sách 02/07 xã, thị trấn chưa gửi Báo cáo quý III năm 2024 (đến 19/11/2024)"
    for words in both(rendered):
        assert "05/07 Báo cáo quý III năm 2024 của các xã, thị trấn" in words
    english = mail(late_lists=(replace(late, duty_title="Quarterly report"),), reader=ENGLISH)
    assert "Quarterly report, Q3 2024" in english.subject


def test_the_immediate_mail_and_the_calendar_print_the_period():
    changed = replace(QUARTER, section=Section.CHANGED, previous_final=date(2024, 10, 31))
    letter = Changed(reader=READER, sender=SENDER, as_of=at(date(2024, 10, 21)), items=(changed,))
    assert "thành 14/11/2024: Báo cáo quý III năm 2024 – UBND xã Đăk Kôi" in render_changed(letter).subject
    content = deadlines_ics([QUARTER], reader=READER, sender=SENDER, as_of=at(date(2024, 10, 21)))
    assert content is not None
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert event["summary"] == "Hạn: Báo cáo quý III năm 2024 – UBND xã Đăk Kôi"


def test_undated_reports_of_a_year_are_listed_each_with_its_quarter():
    quarters = [replace(QUARTER, section=Section.NEW, deadline=None, period=f"2024-Q{number}") for number in (1, 2)]
    for words in both(mail(*quarters, CONTINUOUS)):
        assert "Mục V: Báo cáo quý I năm 2024; Báo cáo quý II năm 2024." in words
        assert "Mục V: Bố trí nguồn lực." in words
        assert "Kết quả nêu trong báo cáo năm" not in words  # there is none
        assert PHONG in words


def test_every_deliverable_has_a_name_for_its_period():
    for deliverable in Deliverable:
        assert "quý III năm 2024" in thing(replace(QUARTER, deliverable=deliverable), Language.VI)
        assert "Q3 2024" in thing(replace(QUARTER, deliverable=deliverable), Language.EN)
