"""No sentence of the pages lacks its English, and no English stands for a sentence with other gaps than its own."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from documents import words as document_words
from documents.refusals import SENTENCES as UPLOAD_SENTENCES
from documents.report_form import FormRefusedError
from portal import office_words, refusals, words
from portal.pages import english

_TEMPLATES = Path(refusals.__file__).parent / "templates"
_GAP = re.compile(r"%\(\w+\)s|\{\w+\}")


def in_template(path: Path) -> list[str]:
    found = extract_from_file("jinja2.ext:babel_extract", path, keywords={"_": None}, options={"encoding": "utf-8"})
    return [message for _, message, _, _ in found]


def in_tables(module: object) -> list[str]:
    tables = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, dict)]
    return [text for table in tables for text in table.values() if type(text) is str]


def spoken() -> list[str]:
    """Every Vietnamese sentence that the pages can show, but for what people and plans wrote."""
    templates = [text for path in sorted(_TEMPLATES.rglob("*.html")) for text in in_template(path)]
    tables = [text for module in (words, office_words, document_words) for text in in_tables(module)]
    refused = [text for _, text in refusals.SENTENCES.values()]
    faults = [refusals._NO_PAGE, refusals._BAD_INPUT, refusals._FAULT, refusals._TOO_LATE]
    beside = [document_words.NESTED_IN, words._OTHER_ACT, FormRefusedError.__doc__ or "", "Hoạt động"]
    return [*templates, *tables, *refused, *faults, *beside, *UPLOAD_SENTENCES.values()]


def test_every_sentence_has_its_english():
    catalog = english()
    missing = {text for text in spoken() if (found := catalog.get(text)) is None or not found.string}
    assert missing == set()


def test_english_and_vietnamese_have_the_same_gaps():
    for message in english():
        if message.id:
            assert set(_GAP.findall(message.id)) == set(_GAP.findall(message.string)), message.id


def test_words_that_a_machine_or_a_court_would_say_stand_nowhere():
    """WORDING.md, "Words on the screens", the column "not"."""
    forbidden = re.compile(
        r"deadline|hạn chót|bản nộp|nộp bài|vi phạm|leo thang|cảnh cáo|sự cố|điều phối viên|bàn làm việc|dashboard"
        r"|V\.\d-\d",
        re.IGNORECASE,
    )
    assert [text for text in spoken() if forbidden.search(text)] == []


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("reason", "Lý do"),
        ("activities-2-attendees", "Hoạt động 3: Số người dự"),
        ("money-other-spent", "Kinh phí đã thực hiện (đồng)"),
        ("unheard-of", "unheard-of"),
    ],
)
def test_a_field_goes_by_its_label(name, label):
    assert words.field_name(name) == label
