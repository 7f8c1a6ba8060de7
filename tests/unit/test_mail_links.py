"""Where there are pages, every mail leads to them, once and plainly; where there are none, no mail speaks of one."""

from dataclasses import replace
from datetime import date

import pytest

from notifications.changed import render_changed
from notifications.content import Changed, Language, NoteKind, Section
from rules.vocabulary import Nature
from tests.unit.mail_cast import (
    CONTINUOUS,
    DAK_PNE,
    DUE,
    LATE,
    OFFICE,
    OVERDUE,
    OWN,
    READER,
    REPORT,
    SECOND,
    SENDER,
    at,
    both,
    buttons,
    hrefs,
    mail,
    note,
)

NEW = replace(REPORT, section=Section.NEW)
INVITED = replace(CONTINUOUS, section=Section.INVITATION)
CHANGED = replace(REPORT, section=Section.CHANGED, previous_final=date(2024, 10, 31))
PRIVATE = "đề nghị không chuyển tiếp ra ngoài."


def changed(**facts):
    return render_changed(
        Changed(**{"reader": READER, "sender": SENDER, "as_of": at(date(2024, 10, 21)), "items": (CHANGED,)} | facts)
    )


def all_mails(language, **facts):
    reader = replace(READER, language=language)
    return [
        *(mail(*items, reader=reader, **facts) for items in ([REPORT], [DUE], [OVERDUE], [NEW, CONTINUOUS], [INVITED])),
        mail(REPORT, NEW, INVITED, reader=reader, **facts),
        changed(reader=reader, **facts),
        note(NoteKind.ACCEPTED, reader=reader, what="Báo cáo năm 2024", **facts),
    ]


@pytest.mark.parametrize("language", list(Language))
def test_every_mail_has_one_button_and_its_address_stands_whole_on_a_line_of_its_own(language):
    for rendered in all_mails(language, links=(OWN,)):
        assert hrefs(rendered) == [OWN.url]
        assert buttons(rendered) == 1
        lines = rendered.text.splitlines()
        assert lines.count(OWN.url) == 1
        assert rendered.text.count("https://") == 1
        label = lines[lines.index(OWN.url) - 1]
        assert label.endswith(":")
        assert f">{label[:-1]}<" in rendered.html.replace("&#39;", "'")
        assert "a=1&amp;b=2" in rendered.html
        assert "a=1&b=2" not in rendered.html
        assert "utm_" not in rendered.html


@pytest.mark.parametrize("language", list(Language))
def test_without_pages_no_mail_has_a_link_or_speaks_of_one(language):
    for rendered in all_mails(language):
        for words in (rendered.text, rendered.html):
            for unfit in ("href", "http", "trang", "Mở ", "iên kết", "link", " page", PRIVATE):
                assert unfit not in words


def test_with_a_page_nothing_asks_to_reply_to_the_mail():
    for rendered in all_mails(Language.VI, links=(OWN,)):
        for words in both(rendered):
            assert "trả lời thư này" not in words
            assert "thư trả lời" not in words
            assert PRIVATE in words
    for rendered in all_mails(Language.EN, links=(OWN,)):
        for words in both(rendered):
            assert "reply" not in words
            assert "please do not forward it." in words


@pytest.mark.parametrize(
    ("item", "said", "unsaid"),
    [
        (
            REPORT,
            [
                "Đề cương, biểu số liệu và nơi gửi có tại trang nhiệm vụ của đơn vị.",
                "Nếu đề nghị gia hạn hoặc có khó khăn, vướng mắc, xin cho biết tại trang này trước khi hết hạn.",
                "Nếu đã gửi qua Hệ thống quản lý văn bản và điều hành, đề nghị cho biết số, ngày văn bản",
            ],
            ["xác nhận đã nhận"],
        ),
        (  # the date has passed: nothing can be said before it
            OVERDUE,
            ["hoặc cho biết lý do và ngày dự kiến gửi tại trang nhiệm vụ của đơn vị."],
            ["trước khi hết hạn"],
        ),
        (
            NEW,
            [
                "Đề nghị đơn vị xác nhận đã nhận và cập nhật cán bộ đầu mối tại trang nhiệm vụ của đơn vị.",
                "Đề cương, biểu số liệu và nơi gửi cũng có tại trang này",
            ],
            ["gia hạn"],
        ),
        (  # a body that is not subordinate has a page of another name
            INVITED,
            ["cung cấp kết quả tại trang dưới đây", "Mở trang phối hợp", "dành riêng cho quý cơ quan"],
            ["nhiệm vụ của đơn vị", "hạn,", "trả lời thư"],
        ),
    ],
)
def test_each_part_says_what_its_page_is_for(item, said, unsaid):
    for words in both(mail(item, links=(OWN,))):
        for sentence in said:
            assert sentence in words
        for sentence in unsaid:
            assert sentence not in words


def test_the_button_stands_with_the_most_urgent_part():
    for words in both(mail(REPORT, NEW, links=(OWN,))):
        assert (
            words.index("thôi nhắc") < words.index("Mở trang nhiệm vụ của đơn vị") < words.index("thông báo nhiệm vụ")
        )
        assert words.count("Đề cương") == 1


def test_several_units_have_a_line_each_that_names_the_unit_and_no_button():
    rendered = mail(REPORT, DAK_PNE, links=(OWN, SECOND))
    assert hrefs(rendered) == [OWN.url, SECOND.url]
    assert buttons(rendered) == 0
    for words in both(rendered):
        assert "Mở trang nhiệm vụ của UBND xã Đăk Kôi" in words
        assert "Mở trang nhiệm vụ của UBND xã Đăk Pne" in words
        assert "dành riêng cho từng đơn vị, đề nghị không chuyển tiếp ra ngoài." in words
    assert [line for line in rendered.text.splitlines() if line.startswith("https://")] == [OWN.url, SECOND.url]


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"late_lists": (LATE,)}, "Mở danh sách"),
        ({"late_lists": (replace(LATE, to_head=False),)}, "Mở danh sách"),
        ({"late_lists": (LATE,), "reader": replace(READER, language=Language.EN)}, "Open the list"),
    ],
)
def test_the_office_is_led_to_its_own_pages_which_are_no_secret(facts, label):
    rendered = mail(links=(OFFICE,), day=date(2024, 11, 19), **facts)
    assert hrefs(rendered) == [OFFICE.url]
    assert buttons(rendered) == 1
    for words in both(rendered):
        assert label in words
        assert PRIVATE not in words
        assert "do not forward" not in words


def test_an_office_that_also_reports_has_both_links_and_one_button():
    rendered = mail(REPORT, late_lists=(LATE,), links=(OWN, OFFICE), day=date(2024, 11, 7))
    assert hrefs(rendered) == [OFFICE.url, OWN.url]
    assert buttons(rendered) == 1
    assert f'bgcolor="#7a1f1f" style="border-radius:4px"><a href="{OFFICE.url}"' in rendered.html
    for words in both(rendered):
        assert words.index("Mở danh sách") < words.index("Mở trang nhiệm vụ của đơn vị")
        assert PRIVATE in words


def test_an_office_without_a_page_for_its_own_task_is_still_asked_to_reply():
    for words in both(mail(REPORT, links=(OFFICE,))):
        assert "trả lời thư này" in words
        assert "Mở trang theo dõi của Phòng" in words
        assert "trang nhiệm vụ" not in words


def test_an_office_of_another_name_is_called_by_it():
    item = replace(REPORT, collector_word="Sở")
    for rendered in (
        mail(item, links=(OFFICE,)),
        changed(items=(replace(CHANGED, collector_word="Sở"),), links=(OFFICE,)),
    ):
        for words in both(rendered):
            assert "Mở trang theo dõi của Sở" in words


def test_a_link_that_no_part_of_the_mail_mentions_still_stands_in_it():
    rendered = mail(late_lists=(LATE,), links=(OWN, OFFICE))
    assert sorted(hrefs(rendered)) == sorted([OWN.url, OFFICE.url])
    assert buttons(rendered) == 1
    assert hrefs(mail(REPORT, links=(OWN, OFFICE))) == [OWN.url, OFFICE.url]


def test_an_address_cannot_break_out_of_its_attribute():
    evil = replace(OWN, url='https://x.example/"><script>', unit_name='<b>"')
    rendered = mail(REPORT, DAK_PNE, links=(evil, SECOND))
    assert "<script" not in rendered.html
    assert "<b>" not in rendered.html
    assert hrefs(rendered)[0] == evil.url
    assert evil.url in rendered.text


def test_a_remark_of_a_unit_ends_its_row_once():
    first, second = LATE.late
    late = replace(LATE, late=(first, replace(second, remark="Dự kiến gửi ngày 20/11/2024 (đơn vị tự nêu).")))
    text = mail(late_lists=(late,), day=date(2024, 11, 19)).text
    assert "ý kiến của đơn vị: Dự kiến gửi ngày 20/11/2024 (đơn vị tự nêu).\n" in text
    assert "ý kiến của đơn vị: Chưa phản hồi.\n" in text


def test_on_event_tasks_alone_also_lead_to_the_page():
    event = replace(CONTINUOUS, nature=Nature.ON_EVENT)
    assert hrefs(mail(event, links=(OWN,))) == [OWN.url]


@pytest.mark.parametrize("language", list(Language))
def test_a_list_of_thousands_names_the_first_and_leads_to_the_rest(language):
    units = tuple(replace(LATE.late[0], unit_name=f"UBND xã số {number}") for number in range(3_321))
    late = replace(LATE, late=units, expected=3_321, received=0)
    reader = replace(READER, language=language)
    for rendered, whole in ((mail(late_lists=(late,), links=(OFFICE,), reader=reader), True),
                            (mail(late_lists=(late,), reader=reader), False)):  # fmt: skip
        for words in both(rendered):
            assert "UBND xã số 199" in words
            assert "UBND xã số 200" not in words
            assert ("Và 3121 xã, thị trấn khác" if language is Language.VI else "And 3121 more") in words
            assert ("danh sách đầy đủ" in words or "the whole list" in words) is whole
        assert "3321" in rendered.subject
