"""Words that are made once for many mails are the words that each would have had by itself."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from notifications import alike
from notifications.changed import render_changed
from notifications.content import Changed, Language, Morning, PageLink, Section
from notifications.morning import render_morning
from tests.unit.mail_cast import LATE, PHONG, READER, REPORT, SENDER, at

DAY = date(2024, 11, 7)
OTHER = {"unit_name": "Ủy ban nhân dân xã <Tân> & Lập", "unit_short": "UBND xã <Tân> & Lập"}
SECTIONS = [section for section in Section if section is not Section.ESCALATION]
ITEMS = {
    "plain": {},
    "overdue": {"section": Section.OVERDUE, "working_days_left": None, "working_days_overdue": 1, "listed_from": DAY},
    "changed": {"section": Section.CHANGED, "previous_final": date(2024, 10, 31)},
    "to the head": {"to_head": True},
    "returned": {"returned": True},
    "undated": {"deadline": None, "section": Section.NEW, "working_days_left": None},
    "the office's own": {"unit_name": PHONG, "unit_short": "Phòng LĐ-TB&XH"},
    "recipient unknown": {"recipient_name": None},
}
LINKS = {0: (), 1: ("https://a.example/l/1?<x>",), 2: ("https://a.example/l/1", "https://a.example/l/2")}


def mail_of(items, *, links=(), language=Language.VI, reader=READER, **more):
    pages = tuple(PageLink(url=url, unit_name=item.unit_name) for url, item in zip(links, items * 2, strict=False))
    return Morning(
        reader=replace(reader, language=language), sender=SENDER, as_of=at(DAY), items=items, links=pages, **more
    )


@pytest.mark.parametrize(("section", "kind", "links", "language"), list(product(SECTIONS, ITEMS, LINKS, Language)))
def test_each_reader_gets_the_words_he_would_have_got_alone(section, kind, links, language):
    first = replace(REPORT, **({"section": section} | ITEMS[kind]))
    second = replace(first, key="another", notice_keys=("notice/9",), **(OTHER if kind != "the office's own" else {}))
    for item, display in ((first, "Ủy ban nhân dân xã Đăk Kôi"), (second, "UBND <xã> & khác")):
        reader = replace(READER, display=display, address=f"{len(display)}@konray.example")
        mail = mail_of((item,), links=LINKS[links], language=language, reader=reader)
        assert alike.rendered(mail, render_morning) == render_morning(mail)


def test_several_units_and_lists_of_the_office_are_rendered_as_they_are():
    several = mail_of((REPORT, replace(REPORT, key="another", **OTHER)))
    lists = mail_of((REPORT,), late_lists=(LATE,))
    for mail in (several, lists):
        assert alike.rendered(mail, render_morning) == render_morning(mail)


def test_a_changed_date_too():
    for item in (REPORT, replace(REPORT, **OTHER)):
        mail = Changed(reader=READER, sender=SENDER, as_of=at(DAY), items=(replace(item, section=Section.CHANGED),))
        assert alike.rendered(mail, render_changed) == render_changed(mail)
