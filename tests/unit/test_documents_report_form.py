import io
import zipfile
from datetime import date, datetime
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from openpyxl import Workbook, load_workbook

from documents.report_form import (
    ACTIVITIES,
    GUIDE,
    LARGEST_FORM,
    MONEY,
    NARRATIVE,
    FormRefusedError,
    read_form,
    write_form,
)
from documents.words import ACTIVITY_FORMS
from rules.reports import MOST_ACTIVITIES, ActivityForm, FaultKind, Narrative, fields_of, read_report
from tests.unit.test_reports import WINDOW, reports

HEADING = ("Biểu số liệu Báo cáo năm 2024", "Ủy ban nhân dân xã Đăk Kôi")
EMPTY = write_form(heading=HEADING, raw={})
#: One of each kind of cell.
FILLED = {
    "results": "- Đã tổ chức 12 buổi.\n- 600 lượt người dự.",
    "activities-0-form": "meeting",
    "activities-0-day": "2024-05-06",
    "activities-0-place": "Thôn 1",
    "activities-0-attendees": "120",
    "activities-0-cost": "3500000",
    "money-subproject-planned": "50000000",
    "nested_in": "Báo cáo số 15/BC-UBND",
}


def saved(book):
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def filled_in(changes, *, form=EMPTY):
    """Type into cells of the form, as a person does: {"Hoạt động!F2": 12}."""
    book = load_workbook(io.BytesIO(form))
    for where, value in changes.items():
        sheet, _, cell = where.partition("!")
        book[sheet][cell] = value
    return saved(book)


def with_part(content, name, change):
    """Return the same package with one part changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            part = source.read(entry)
            target.writestr(entry.filename, change(part) if entry.filename == name else part)
    return made.getvalue()


@settings(max_examples=25)
@given(report=reports)
def test_a_report_survives_the_form(report):
    reading = read_form(write_form(heading=HEADING, raw=dict(fields_of(report))))
    assert read_report(reading.raw, window=WINDOW).report == report


def test_an_empty_form_says_nothing():
    assert read_form(EMPTY).raw == {}


def test_the_form_has_its_sheets_its_heading_and_sixty_prepared_rows():
    book = load_workbook(io.BytesIO(EMPTY))
    assert book.sheetnames == [GUIDE, NARRATIVE, ACTIVITIES, MONEY]
    assert [book[GUIDE]["A1"].value, book[GUIDE]["A2"].value] == list(HEADING)
    assert book[ACTIVITIES]["A61"].value == 60
    assert book[ACTIVITIES].max_row == 61


def test_the_list_of_forms_points_at_every_form():
    book = load_workbook(io.BytesIO(EMPTY))
    choice = next(rule for rule in book[ACTIVITIES].data_validations.dataValidation if rule.type == "list")
    sheet, _, cells = choice.formula1.replace("$", "").rpartition("!")
    assert [row[0].value for row in book[sheet.strip("'")][cells]] == list(ACTIVITY_FORMS.values())
    assert str(choice.sqref) == "B2:B61"


def test_every_field_knows_its_cell():
    cells = read_form(write_form(heading=HEADING, raw=FILLED)).cells
    assert cells["results"] == "Thuyết minh!B3"
    assert cells["activities-0-form"] == "Hoạt động!B2"
    assert cells["activities-0-sessions"] == "Hoạt động!F2"  # empty, and yet a fault may fall on it
    assert cells["money-other-spent"] == "Kinh phí!C3"
    assert cells["activities"] == "Hoạt động"
    assert "activities-1-form" not in cells


@pytest.mark.parametrize(
    ("cell", "typed", "field", "read"),
    [
        ("Hoạt động!F2", 12, "activities-0-sessions", "12"),
        ("Hoạt động!F2", 12.0, "activities-0-sessions", "12"),  # what Excel makes of every number
        ("Hoạt động!F2", 12.5, "activities-0-sessions", "12,5"),  # a fault, under the number that was typed
        ("Hoạt động!F2", 1.234, "activities-0-sessions", "1,234"),  # a mean, and never 1234
        ("Hoạt động!F2", "12 buổi", "activities-0-sessions", "12 buổi"),
        ("Hoạt động!F2", True, "activities-0-sessions", "TRUE"),
        ("Hoạt động!F2", 0, "activities-0-sessions", "0"),
        ("Hoạt động!C2", datetime(2024, 5, 6), "activities-0-day", "2024-05-06"),  # noqa: DTZ001
        ("Hoạt động!C2", date(2024, 5, 6), "activities-0-day", "2024-05-06"),
        ("Hoạt động!C2", "6/5/2024", "activities-0-day", "6/5/2024"),
        ("Hoạt động!C2", "tháng 5", "activities-0-day", "tháng 5"),
        ("Hoạt động!B2", "Cuộc thi", "activities-0-form", "contest"),
        ("Hoạt động!B2", "  cuộc  THI ", "activities-0-form", "contest"),
        ("Hoạt động!B2", "contest", "activities-0-form", "contest"),
        ("Hoạt động!B2", "Hội thi", "activities-0-form", "Hội thi"),  # unknown: as it was typed
        ("Hoạt động!K61", "Ảnh", "activities-59-evidence", "Ảnh"),
        ("Hoạt động!D90", "Thôn 2", "activities-88-place", "Thôn 2"),  # below the prepared rows
        ("Kinh phí!C3", 48_500_000, "money-other-spent", "48500000"),
        ("Thuyết minh!B2", normalize("NFD", "Đã chỉ đạo"), "leadership", "Đã chỉ đạo"),
        ("Thuyết minh!B2", "một_x000D_\nhai", "leadership", "một\nhai"),  # pasted from Windows
        ("Thuyết minh!B9", "Báo cáo số 15", "nested_in", "Báo cáo số 15"),
    ],
)
def test_a_cell_is_read_as_it_was_typed(cell, typed, field, read):
    reading = read_form(filled_in({cell: typed}))
    assert reading.raw == {field: read}
    assert reading.cells[field] == cell


def test_a_decimal_is_a_fault_and_never_a_thousand():
    raw = read_form(filled_in({"Hoạt động!F2": 1.234})).raw
    assert [fault.kind for fault in read_report(raw, window=WINDOW).faults] == [FaultKind.NOT_A_NUMBER]


def test_a_day_in_the_form_stays_text_so_that_no_excel_turns_it_round():
    book = load_workbook(io.BytesIO(write_form(heading=HEADING, raw=FILLED)))
    assert book[ACTIVITIES]["C2"].value == "06/05/2024"
    assert book[ACTIVITIES]["C2"].number_format == book[ACTIVITIES]["C3"].number_format == "@"


def test_what_cannot_stand_is_shown_again_as_it_was_typed():
    raw = {"activities-0-day": "31/11/2024", "activities-0-cost": "ba triệu", "activities-0-form": "hội thi"}
    assert read_form(write_form(heading=HEADING, raw=raw)).raw == raw


@pytest.mark.parametrize("text", ["=1+1", "=cmd|'/c calc'!A1", "+84 123", "@SUM(A1)", "-5 người", "#N/A", "\x07chuông"])
def test_a_text_that_looks_like_a_formula_stays_a_text(text):
    content = write_form(heading=HEADING, raw={"results": text})
    assert load_workbook(io.BytesIO(content))[NARRATIVE]["B3"].data_type == "s"
    assert read_form(content).raw == {"results": text.lstrip("\x07")}


def test_rows_are_closed_up_when_a_form_is_filled_in_advance():
    raw = {"activities-3-place": "Thôn 3", "activities-250-place": "Thôn 9"}
    assert read_form(write_form(heading=HEADING, raw=raw)).raw == {
        "activities-0-place": "Thôn 3",
        "activities-1-place": "Thôn 9",
    }


def test_more_rows_than_a_report_takes_are_read_far_enough_to_be_named():
    changes = {f"Hoạt động!D{row}": "Thôn" for row in range(2, MOST_ACTIVITIES + 3)}
    faults = read_report(read_form(filled_in(changes)).raw, window=WINDOW).faults
    assert [fault.kind for fault in faults] == [FaultKind.TOO_MANY]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Hoạt động!F7": "=SUM(F2:F6)"}, "Hoạt động!F7"),
        ({"Thuyết minh!B3": "=1+1"}, "Thuyết minh!B3"),
        ({"Kinh phí!B2": "=B3*2"}, "Kinh phí!B2"),
        ({"Hoạt động!C1": "Ngày dương lịch"}, "Hoạt động!C1"),  # the head was changed
        ({"Hoạt động!C1": "=A1"}, "Hoạt động!C1"),
        ({"Thuyết minh!A3": "Mặt tích cực"}, "Thuyết minh!A3"),  # rows were moved
        ({"Kinh phí!A2": None}, "Kinh phí!A2"),
    ],
)
def test_a_form_that_cannot_be_trusted_is_refused_by_its_cell(changes, named):
    with pytest.raises(FormRefusedError, match=named):
        read_form(filled_in(changes))


def test_formulas_in_the_column_of_numbers_do_no_harm():
    changes = {"Hoạt động!A2": "=ROW()-1", "Hoạt động!D2": "Thôn 1"}
    assert read_form(filled_in(changes)).raw == {"activities-0-place": "Thôn 1"}


@pytest.mark.parametrize("name", [NARRATIVE, ACTIVITIES, MONEY])
def test_a_form_without_one_of_its_sheets_is_refused_by_its_name(name):
    book = load_workbook(io.BytesIO(EMPTY))
    del book[name]
    with pytest.raises(FormRefusedError, match=name):
        read_form(saved(book))


def test_a_form_without_its_guide_is_read():
    book = load_workbook(io.BytesIO(EMPTY))
    del book[GUIDE]
    book.create_sheet("Ghi chú")["A1"] = "=1+1"
    assert read_form(saved(book)).raw == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7 ...",
        b"PK\x03\x04" + b"\0" * 50,
        EMPTY[: len(EMPTY) // 2],  # cut off on the way
        saved(Workbook()),  # a workbook, but none of ours
        EMPTY + b"\0" * LARGEST_FORM,
        with_part(EMPTY, "xl/workbook.xml", lambda _: b"<workbook"),
        with_part(EMPTY, "xl/worksheets/sheet2.xml", lambda part: part.replace(b"<row ", b'<row x="', 1)),
        with_part(EMPTY, "xl/worksheets/sheet2.xml", lambda part: part.replace(b'r="B2"', b'r="!!"')),
        # The billion laughs, told to the reader of cells.
        with_part(EMPTY, "xl/worksheets/sheet2.xml", lambda part: b'<!DOCTYPE x [<!ENTITY a "ha">]>' + part),
    ],
)
def test_what_is_no_form_is_refused_in_vietnamese(content):
    with pytest.raises(FormRefusedError, match=r"ệ"):
        read_form(content)


def test_a_row_far_below_costs_no_time():
    far = with_part(EMPTY, "xl/worksheets/sheet3.xml", lambda part: part.replace(b'<row r="61"', b'<row r="999999999"'))
    assert read_form(far).raw == {}


def test_the_longest_narrative_fits_into_its_cell():
    raw = {str(Narrative.RESULTS): "ạ" * 20_000}
    assert read_form(write_form(heading=HEADING, raw=raw)).raw == raw


def test_every_form_of_communication_can_be_chosen_by_its_words():
    changes = {f"Hoạt động!B{row}": words for row, words in enumerate(ACTIVITY_FORMS.values(), start=2)}
    raw = read_form(filled_in(changes)).raw
    assert list(raw.values()) == list(ActivityForm)
