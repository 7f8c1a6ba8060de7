"""One mailbox can serve plans of several offices: each sentence names the office that follows its own item up."""

from dataclasses import replace
from datetime import date

import pytest

from notifications.content import Language, Section
from tests.unit.mail_cast import CONTINUOUS, DAK_PNE, LATE, OVERDUE, PHONG, PLAN, READER, REPORT, SENDER, both, mail

SO = "Sở Giáo dục và Đào tạo"
OTHER_PLAN = replace(PLAN, title="Phổ cập giáo dục", short_title="Kế hoạch phổ cập")
FOREIGN = {"collector_name": SO, "collector_word": "Sở", "recipient_name": SO, "plan": OTHER_PLAN}
LANGUAGES = pytest.mark.parametrize("reader", [READER, replace(READER, language=Language.EN)])


@LANGUAGES
@pytest.mark.parametrize("section", [section for section in Section if section is not Section.ESCALATION])
def test_no_sentence_names_the_senders_office_for_an_item_of_another(section, reader):
    item = replace(OVERDUE, section=section, **FOREIGN)
    for words in both(mail(item, day=date(2024, 11, 15), reader=reader)):
        assert SO in words
        assert PHONG not in words
        assert "Phòng kịp" not in words
        assert "Lãnh đạo Phòng" not in words
        assert SENDER.office_short in words  # in the footer


def test_the_offices_word_is_the_collectors():
    for words in both(mail(replace(OVERDUE, **FOREIGN), day=date(2024, 11, 15))):
        assert f"{SO} chưa nhận được báo cáo của đơn vị" in words
        assert "Để Sở kịp tổng hợp" in words
        assert "trình Lãnh đạo Sở xem xét, đôn đốc" in words


@LANGUAGES
def test_two_offices_in_one_mail_are_named_each_at_its_own_item(reader):
    for words in both(mail(OVERDUE, replace(DAK_PNE, **FOREIGN), day=date(2024, 11, 15), reader=reader)):
        first, second = words.split("Đăk Pne", 1)
        assert PHONG in first
        assert SO in second
        assert f"{PHONG} thông tin" not in words
        assert f"{PHONG} informs" not in words
        assert "dưới đây, nhiệm vụ của đơn vị như sau:" in words or "your unit's tasks are as follows:" in words


@LANGUAGES
def test_a_late_list_names_its_own_collector(reader):
    late = replace(LATE, collector_name=SO, collector_word="Sở", listed_from=date(2024, 12, 2))
    for to_head in (True, False):
        for words in both(mail(late_lists=(replace(late, to_head=to_head),), day=date(2024, 11, 19), reader=reader)):
            assert SO in words
            assert PHONG not in words
            assert "Lãnh đạo Phòng" not in words


def test_new_tasks_of_one_plan_are_told_by_each_collector_apart():
    new = replace(REPORT, section=Section.NEW)
    rendered = mail(new, replace(new, key="other", collector_name=SO))
    assert rendered.subject == "Nhiệm vụ năm 2024 theo Kế hoạch truyền thông giảm nghèo – UBND xã Đăk Kôi"
    for words in both(rendered):
        assert f"{PHONG} thông báo nhiệm vụ năm 2024 của đơn vị:" in words
        assert f"{SO} thông báo nhiệm vụ năm 2024 của đơn vị:" in words


def test_new_tasks_behind_reminders_name_their_collector():
    for words in both(mail(REPORT, replace(CONTINUOUS, **FOREIGN))):
        assert f"{PHONG} thông tin về nhiệm vụ của đơn vị như sau:" in words
        assert f"{SO} thông báo nhiệm vụ năm 2024 của đơn vị theo Kế hoạch phổ cập:" in words


def test_new_tasks_under_two_plans_are_counted_by_plan():
    new = replace(REPORT, section=Section.NEW)
    assert mail(new, replace(new, **FOREIGN)).subject.startswith("Nhiệm vụ năm 2024 theo 02 Kế hoạch – ")


def test_each_office_asks_for_cooperation_itself():
    invited = replace(CONTINUOUS, section=Section.INVITATION)
    for items in ([], [REPORT]):
        for words in both(mail(*items, invited, replace(invited, **FOREIGN))):
            assert f"{PHONG} trân trọng đề nghị quý cơ quan" in words
            assert f"{SO} trân trọng đề nghị quý cơ quan" in words
