"""How a plan's text is counted into items, whatever its shape."""

from pathlib import Path

import pytest

from plans.outline import outline

KONRAY = Path(__file__).parents[2] / "examples" / "konray" / "konray-2022-2025.txt"


def ids(text: str) -> list[str]:
    return [item.id for item in outline(text)]


def texts(text: str) -> dict[str, str]:
    return {item.id: item.text for item in outline(text)}


@pytest.fixture(scope="module")
def konray():
    return {item.id: item for item in outline(KONRAY.read_text("utf-8"))}


def test_section_v_has_15_bullets_and_a_closing_paragraph(konray):
    items = [item.id for item in konray.values() if item.id.startswith("V.") and not item.heading]
    assert items == [
        *("V.1-1", "V.1-2"),
        *("V.2-1", "V.2-2", "V.2-3", "V.2-4"),
        *("V.3-1", "V.3-2", "V.3-3"),
        *("V.4-1", "V.4-2", "V.4-3"),
        *("V.5-1", "V.5-2", "V.5-3"),
        "V.KET",
    ]


def test_an_item_knows_its_line_and_whole_text(konray):
    item = konray["V.4-3"]
    assert item.text.startswith("Hàng năm, tổng hợp, báo cáo tình hình")
    assert KONRAY.read_text("utf-8").splitlines()[item.line - 1].startswith("- Hàng năm, tổng hợp")


def test_a_sentence_cut_by_a_page_break_is_one_again(konray):
    assert "đề xuất Ủy ban nhân dân huyện và các cơ quan" in konray["V.1-2"].text
    assert "chủ trương, định hướng, cơ chế" in konray["I.2-2"].text


def test_the_closing_paragraph_ends_before_the_recipients_and_without_the_end_sign(konray):
    assert konray["V.KET"].text.startswith("Căn cứ nội dung Kế hoạch")
    assert konray["V.KET"].text.endswith("xem xét, điều chỉnh phù hợp.")
    assert not any("Lưu: VT" in item.text for item in konray.values())


def test_marks_of_italics_are_left_out(konray):
    assert "*" not in "".join(item.text for item in konray.values())


def test_points_follow_the_vietnamese_alphabet(konray):
    assert [item for item in konray if item.startswith("III.3.")] == [f"III.3.{letter}" for letter in "abcdđe"]


SHAPES = [
    # Bullets directly under a section.
    ("II. YÊU CẦU\n- Một.\n- Hai.\n", ["II", "II-1", "II-2"]),
    # Points with bullets, then back to a point.
    ("I. A\n1. B\na) Một:\n- x;\n- y.\nb) Hai.\n", ["I", "I.1", "I.1.a", "I.1.a-1", "I.1.a-2", "I.1.b"]),
    # A point behind a dash, as some extractions leave it.
    ("I. A\n1. B\n- a) Một.\n- b) Hai.\n", ["I", "I.1", "I.1.a", "I.1.b"]),
    # Points directly under a section; a section closes the one before it.
    ("I. A\na) Một.\nđ) Hai.\nII. B\n- Ba.\n", ["I", "I.a", "I.đ", "II", "II-1"]),
    # Sub-clauses name the clause they lie below.
    ("I. A\n1. B\n1.1. C\n- Một.\n1.2. D.\n2. E.\n", ["I", "I.1", "I.1.1", "I.1.1-1", "I.1.2", "I.2"]),
    # Sections that a machine put into lower case.
    ("Ii. yêu cầu\n- Một.\nIii. tổ chức\n- Hai.\n", ["II", "II-1", "III", "III-1"]),
    # No sections at all, and bullets of the preamble before the first item.
    ("- Căn cứ Luật A;\n1. Sở A:\n- Một.\n2. Sở B: hai.\n", ["1", "1-1", "2"]),
    # Details of a bullet belong to it.
    ("I. A\n- Một:\n+ chi tiết;\n+ chi tiết khác.\n- Hai.\n", ["I", "I-1", "I-2"]),
    # A paragraph between bullets belongs to the one above it; behind the last one it closes the section.
    ("I. A\n- Một.\nThêm.\n- Hai.\n\nYêu cầu các đơn vị thực hiện.\nII. B.\n", ["I", "I-1", "I-2", "I.KET", "II"]),
    # A clause that is only a name has its text below it, and may be followed by a closing paragraph.
    ("I. A\n1. Sở B\n\nLàm việc.\n\nYêu cầu thực hiện.\n", ["I", "I.1", "I.KET"]),
    # Appendices and signatures are no items.
    ("I. A\n- Một.\nTM. ỦY BAN NHÂN DÂN\n- Hai.\n", ["I", "I-1"]),
]


@pytest.mark.parametrize(("text", "expected"), SHAPES)
def test_plans_of_other_shapes_are_counted(text, expected):
    assert ids(text) == expected


def test_lines_broken_at_the_margin_and_page_numbers_are_joined():
    text = "I. A\n- Chế độ báo cáo theo\n--- trang 2 ---\n2\nNghị định số 1 và các\nquy định khác.\n- Hai.\n"
    assert texts(text)["I-1"] == "Chế độ báo cáo theo Nghị định số 1 và các quy định khác."


def test_a_clause_with_a_text_of_its_own_is_no_mere_heading():
    items = {item.id: item for item in outline("I. A\n1. Sở B\n- Một.\n2. Sở C:\n\nChủ trì việc sau.\n- Hai.\n")}
    assert items["I.1"].heading
    assert not items["I.2"].heading
    assert items["I.2"].text == "Sở C: Chủ trì việc sau."


def test_windows_line_ends_and_no_break_spaces_change_nothing():
    text = "I. A\n- Một hai.\n"
    assert texts(text.replace("\n", "\r\n").replace("Một hai", "Một\u00a0hai")) == texts(text)


def test_a_text_without_items_has_none():
    assert ids("Kính gửi: các đơn vị.\n") == []
