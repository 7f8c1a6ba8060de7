import re
from dataclasses import replace
from datetime import date

import pytest

from notifications.content import Language, Morning, Section
from notifications.rendering import TemplateFaultyError, render
from rules.vocabulary import Deliverable
from tests.unit.mail_cast import CONTINUOUS, DRAFT, LATE, OVERDUE, READER, REPORT, SENDER, at, both, mail


def test_a_rehearsal_and_a_trial_say_so_at_the_top():
    for words in both(mail(REPORT, rehearsal=True, trial=True)):
        assert "Dữ liệu giả lập – thư chạy thử, không phải thư thật" in words
        assert "Vận hành thử" in words
    for words in both(mail(REPORT)):
        assert "giả lập" not in words
        assert "Vận hành thử" not in words


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("section", [section for section in Section if section is not Section.ESCALATION])
def test_no_mail_has_a_link_or_speaks_of_one(language, section):
    reader = replace(READER, language=language)
    rendered = mail(replace(OVERDUE, section=section), CONTINUOUS, late_lists=(LATE,), reader=reader)
    for words in (rendered.text, rendered.html):
        for unfit in ("href", "http", "Mở trang", "Liên kết", "liên kết", "Open your", "link"):
            assert unfit not in words


def test_what_others_wrote_cannot_become_markup():
    rendered = mail(
        replace(REPORT, clause_text="<script>a</script> & b", duty_title="<b>Báo cáo</b>", unit_short="<i>"),
        reader=replace(READER, display="<img src=x>"),
    )
    for tag in ("<script", "<b>", "<i>", "<img"):
        assert tag not in rendered.html
        assert tag in rendered.text
    assert "&lt;script&gt;a&lt;/script&gt; &amp; b" in rendered.html
    assert "&amp;amp;" not in rendered.html


def test_an_english_reader_gets_english_words_and_unmistakable_dates():
    reader = replace(READER, language=Language.EN)
    rendered = mail(replace(REPORT, duty_title="Yearly report"), reader=reader, rehearsal=True)
    assert (
        rendered.subject == "[Rehearsal] Due 14 Nov 2024 (5 working days left): Yearly report, 2024 – UBND xã Đăk Kôi"
    )
    for words in both(rendered):
        assert "Before 15 Nov 2024, that is by the end of Thursday, 14 November 2024" in words
        assert "simulated data" in words
        assert "Kính gửi" not in words
    assert '<html lang="en">' in rendered.html
    late = mail(late_lists=(replace(LATE, group_name="communes"),), reader=reader, day=date(2024, 11, 19))
    assert late.subject == "2 of 7 communes have not sent Báo cáo năm, 2024 (as of 19 Nov 2024)"


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("section", [section for section in Section if section is not Section.ESCALATION])
@pytest.mark.parametrize("deliverable", list(Deliverable))
def test_every_section_renders_in_every_language(language, section, deliverable):
    item = replace(OVERDUE, section=section, deliverable=deliverable, working_days_left=3)
    rendered = mail(item, CONTINUOUS, late_lists=(LATE,), reader=replace(READER, language=language))
    assert "  " not in rendered.subject
    for words in both(rendered):
        assert not re.search(r"None|\{\{|\s[.,;:](\s|$)", words)


def test_a_missing_variable_is_an_error_that_names_the_template(tmp_path):
    (tmp_path / "broken").mkdir()
    for name in ("subject.txt", "body.txt", "body.html"):
        (tmp_path / "broken" / name).write_text("{{ nobody.name }}", encoding="utf-8")
    with pytest.raises(TemplateFaultyError, match=r"broken/subject\.txt cannot be rendered: 'nobody' is undefined"):
        render("broken", Language.VI, {}, folder=tmp_path)


def test_a_mail_without_a_template_is_an_error_too(tmp_path):
    with pytest.raises(TemplateFaultyError, match=r"absent/subject\.txt"):
        render("absent", Language.VI, {}, folder=tmp_path)


def test_the_mail_carries_the_keys_of_all_its_notices_once():
    letter = Morning(
        reader=READER, sender=SENDER, as_of=at(date(2024, 11, 7)), items=(REPORT, DRAFT, REPORT), late_lists=(LATE,)
    )
    assert letter.notice_keys == ("notice/8", "notice/9", "notice/1", "notice/2")
