"""How does a unit fill in its report in Excel? The form that it downloads, and the reading of what comes back.

The form and the page have the same flat fields (rules.reports): a cell is a field. Reading judges nothing but the
form itself; what was typed is kept as it was typed, and `cells` says where, so that a fault can name its cell.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from documents.packages import PackageKind, inspect_package, is_package
from documents.refusals import UploadRefusedError
from documents.text import printable
from documents.words import (
    ACTIVITY_COLUMNS,
    ACTIVITY_FORMS,
    MONEY_COLUMNS,
    MONEY_SOURCES,
    NARRATIVES,
    NESTED_IN,
    form_named,
)
from rules.errors import DondocError
from rules.reports import (
    LARGEST_NUMBER,
    MOST_ACTIVITIES,
    ActivityForm,
    MoneySource,
    activity_field,
    activity_rows,
    money_field,
    read_day,
)

GUIDE, NARRATIVE, ACTIVITIES, MONEY = "Hướng dẫn", "Thuyết minh", "Hoạt động", "Kinh phí"
PREPARED_ROWS = 60
#: The last row of activities that is looked at: more than rules.reports takes, so that it can say that there are more.
LAST_ROW = 1 + MOST_ACTIVITIES + PREPARED_ROWS
#: Bytes, packed and unpacked, of a form: the whole of a year's activities takes less than a tenth.
LARGEST_FORM = 5 * 1024 * 1024
_LARGEST_UNPACKED = 20 * 1024 * 1024

_NUMBER_FIELDS = frozenset({"sessions", "attendees", "poor", "articles", "cost"})
_LONGEST_NUMBER = 15  # digits that a spreadsheet keeps exactly
_NARRATIVE_HEAD = ("Nội dung", "Phần đơn vị ghi")
#: The fields of each row, and the words in its first column.
_NARRATIVE_ROWS: dict[tuple[str, ...], str] = {
    **{(str(section),): words for section, words in NARRATIVES.items()},
    ("nested_in",): NESTED_IN,
}
_MONEY_ROWS = {
    tuple(money_field(source, name) for name in MONEY_COLUMNS): MONEY_SOURCES[source] for source in MoneySource
}
_ACTIVITY_HEAD = ("STT", *ACTIVITY_COLUMNS.values())
_MONEY_HEAD = ("Nguồn kinh phí", *MONEY_COLUMNS.values())
#: Widths in characters.
_NARRATIVE_WIDTHS = (38, 100)
_ACTIVITY_WIDTHS = (6, 34, 14, 26, 40, 10, 12, 16, 10, 18, 28)
_MONEY_WIDTHS = (60, 28, 28)
_GUIDE_WIDTH = 110
_NARRATIVE_HEIGHT = 90  # points

_GUIDE = (
    "1. Ghi vào các trang “Thuyết minh”, “Hoạt động”, “Kinh phí”; không đổi tên trang, dòng tiêu đề, cột đầu.",
    "2. Mỗi hoạt động một dòng; chọn hình thức trong danh sách (xem cuối trang này).",
    "3. Ngày ghi theo ngày/tháng/năm, ví dụ 06/5/2024. Số ghi số nguyên; kinh phí tính bằng đồng.",
    "4. Chưa có số liệu thì để trống, không ghi 0. Không dùng công thức; nếu chép từ tệp khác, dán dạng giá trị.",
    "5. Lưu tệp dạng .xlsx và gửi lại tại trang nhiệm vụ của đơn vị; tệp này không thay báo cáo đã ký.",
)

_FACE = Font(name="Times New Roman", size=13)
_BOLD = Font(name="Times New Roman", size=13, bold=True)
_SHADE = PatternFill("solid", fgColor="E7E6E6")
_THIN = Side(style="thin", color="808080")
_RULED = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_CENTRED = Alignment(wrap_text=True, horizontal="center", vertical="center")
_WHOLE = "#,##0"
_AS_TYPED = "@"  # text: a line that begins with a dash is no formula, and a day stays as it was typed
#: How Excel stores the carriage return of text pasted from Windows.
_PASTED_RETURN = "_x000D_"


class FormRefusedError(DondocError):
    """Tệp không phải biểu số liệu của báo cáo; đề nghị dùng biểu tải từ trang nhiệm vụ của đơn vị."""


@dataclass(frozen=True, kw_only=True)
class FormReading:
    """What was typed, by field, and the cell of each field ("Hoạt động!F7")."""

    raw: dict[str, str]
    cells: dict[str, str]


def write_form(*, heading: tuple[str, ...], raw: Mapping[str, str]) -> bytes:
    """Return the form under these lines, filled with what is already known."""
    book = Workbook()
    guide = book.active
    assert isinstance(guide, Worksheet)
    _write_guide(guide, heading)
    _write_narrative(book.create_sheet(NARRATIVE), raw)
    _write_activities(book.create_sheet(ACTIVITIES), raw, _forms_range(guide))
    _write_money(book.create_sheet(MONEY), raw)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def read_form(content: bytes) -> FormReading:
    """Return what was typed into the form, or raise FormRefusedError if the file is no form of ours."""
    grids = _grids(content)
    fields = dict(
        (
            *_labelled(NARRATIVE, grids, _NARRATIVE_HEAD, _NARRATIVE_ROWS),
            *_activities(grids),
            *_labelled(MONEY, grids, _MONEY_HEAD, _MONEY_ROWS),
        )
    )
    computed = [found.where for found in fields.values() if found.text is None]
    if computed:
        raise FormRefusedError(f"Ô {', '.join(computed[:3])} có công thức; đề nghị dán giá trị thay cho công thức.")
    return FormReading(
        raw={field: found.text for field, found in fields.items() if found.text},
        cells={field: found.where for field, found in fields.items()} | {"activities": ACTIVITIES},
    )


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """What stands in one cell; no text where it is a formula."""

    where: str
    text: str | None


#: A sheet's cells, row by row, as text; None is a formula.
_Grid = Sequence[Sequence[str | None]]


def _write_guide(sheet: Worksheet, heading: Sequence[str]) -> None:
    sheet.title = GUIDE
    sheet.column_dimensions["A"].width = _GUIDE_WIDTH
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    lines = (*heading, "", *_GUIDE, "", "Danh sách hình thức:", *ACTIVITY_FORMS.values())
    for row, line in enumerate(lines, start=1):
        _put(sheet, row, 1, line, font=_BOLD if row <= len(heading) else _FACE)


def _forms_range(sheet: Worksheet) -> str:
    """Return where the guide lists the forms: a list inside the rule itself would break at their commas."""
    last = sheet.max_row
    return f"'{GUIDE}'!$A${last - len(ACTIVITY_FORMS) + 1}:$A${last}"


def _write_narrative(sheet: Worksheet, raw: Mapping[str, str]) -> None:
    _write_head(sheet, _NARRATIVE_HEAD, _NARRATIVE_WIDTHS)
    for row, ((field,), words) in enumerate(_NARRATIVE_ROWS.items(), start=2):
        _put(sheet, row, 1, words, font=_BOLD, ruled=True)
        _put(sheet, row, 2, raw.get(field, ""), ruled=True, number_format=_AS_TYPED)
        sheet.row_dimensions[row].height = _NARRATIVE_HEIGHT


def _write_activities(sheet: Worksheet, raw: Mapping[str, str], forms: str) -> None:
    _write_head(sheet, _ACTIVITY_HEAD, _ACTIVITY_WIDTHS)
    filled = activity_rows(raw)[: LAST_ROW - 1]
    last = max(PREPARED_ROWS, len(filled)) + 1
    for row in range(2, last + 1):
        _put(sheet, row, 1, row - 1, ruled=True)
        for column, field in enumerate(ACTIVITY_COLUMNS, start=2):
            typed = raw.get(activity_field(filled[row - 2], field), "") if row - 2 < len(filled) else ""
            number_format = _WHOLE if field in _NUMBER_FIELDS else _AS_TYPED
            _put(sheet, row, column, _prefilled(field, typed), ruled=True, number_format=number_format)
    _add_rules(sheet, last, forms)


def _add_rules(sheet: Worksheet, last: int, forms: str) -> None:
    """Let Excel itself say what a cell takes."""
    choice = DataValidation(type="list", formula1=forms, allow_blank=True, showErrorMessage=True)
    choice.error = "Đề nghị chọn hình thức trong danh sách."
    whole = _whole_number_rule()
    for column, field in enumerate(ACTIVITY_COLUMNS, start=2):
        letter = get_column_letter(column)
        if field == "form" or field in _NUMBER_FIELDS:
            (choice if field == "form" else whole).add(f"{letter}2:{letter}{last}")
    sheet.add_data_validation(choice)
    sheet.add_data_validation(whole)


def _whole_number_rule() -> DataValidation:
    rule = DataValidation(
        type="whole",
        operator="between",
        formula1="0",
        formula2=str(LARGEST_NUMBER),
        allow_blank=True,
        showErrorMessage=True,
    )
    rule.error = "Đề nghị ghi số nguyên từ 0 trở lên; chưa có số liệu thì để trống."
    return rule


def _write_money(sheet: Worksheet, raw: Mapping[str, str]) -> None:
    _write_head(sheet, _MONEY_HEAD, _MONEY_WIDTHS)
    for row, (fields, words) in enumerate(_MONEY_ROWS.items(), start=2):
        _put(sheet, row, 1, words, ruled=True)
        for column, field in enumerate(fields, start=2):
            _put(sheet, row, column, _number(raw.get(field, "")), ruled=True, number_format=_WHOLE)
    rule = _whole_number_rule()
    rule.add(f"B2:C{1 + len(MONEY_SOURCES)}")
    sheet.add_data_validation(rule)


def _write_head(sheet: Worksheet, head: Sequence[str], widths: Sequence[int]) -> None:
    for column, (words, width) in enumerate(zip(head, widths, strict=True), start=1):
        cell = _put(sheet, 1, column, words, font=_BOLD, ruled=True)
        cell.fill, cell.alignment = _SHADE, _CENTRED
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "B2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _put(
    sheet: Worksheet,
    row: int,
    column: int,
    value: str | int,
    *,
    font: Font = _FACE,
    ruled: bool = False,
    number_format: str = "General",
) -> Cell:
    """Set one cell; a text stays a text, even one that begins with an equals sign."""
    cell = sheet.cell(row=row, column=column)
    assert isinstance(cell, Cell)
    if value != "":
        cell.value = printable(value) if isinstance(value, str) else value
        cell.data_type = "s" if isinstance(value, str) else "n"
    cell.font, cell.alignment, cell.number_format = font, _WRAPPED, number_format
    if ruled:
        cell.border = _RULED
    return cell


def _prefilled(field: str, typed: str) -> str | int:
    """Return what the form shows for what was typed on the page.

    A day stays text: an Excel set to American English would take a typed 05/11/2024 for the 11th of May, unseen.
    """
    if field == "form":
        return ACTIVITY_FORMS.get(ActivityForm(typed), typed) if typed in set(ActivityForm) else typed
    if field == "day":
        day = read_day(typed)
        return f"{day:%d/%m}/{day.year:04}" if day else typed
    return _number(typed) if field in _NUMBER_FIELDS else typed


def _number(typed: str) -> str | int:
    plain = typed.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= _LONGEST_NUMBER else typed


def _grids(content: bytes) -> dict[str, _Grid]:
    """Return what stands on our sheets; everything that a forged workbook can do to its reader ends here."""
    _require_workbook(content)
    try:
        return _unchecked_grids(content)
    except Exception as error:  # openpyxl raises whatever a forged part leads it to: KeyError, TypeError, …
        raise FormRefusedError from error


def _require_workbook(content: bytes) -> None:
    if not is_package(content) or len(content) > LARGEST_FORM:
        raise FormRefusedError
    try:
        kind = inspect_package(content, most=_LARGEST_UNPACKED)
    except UploadRefusedError as error:
        raise FormRefusedError(str(error)) from error
    if kind is not PackageKind.XLSX:
        raise FormRefusedError


def _unchecked_grids(content: bytes) -> dict[str, _Grid]:
    with warnings.catch_warnings():
        # What openpyxl does not understand of other programs' files is not ours.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        grids: dict[str, _Grid] = {}
        for sheet in book.worksheets:
            width, height = _SIZES.get(name := printable(sheet.title).strip(), (0, 0))
            if width:
                rows = sheet.iter_rows(min_row=1, max_row=height, min_col=1, max_col=width)
                grids[name] = [[_text(cell) for cell in row] for row in rows]
        book.close()
    return grids


_SIZES = {
    NARRATIVE: (len(_NARRATIVE_HEAD), 1 + len(_NARRATIVE_ROWS)),
    ACTIVITIES: (len(_ACTIVITY_HEAD), LAST_ROW),
    MONEY: (len(_MONEY_HEAD), 1 + len(MONEY_SOURCES)),
}


def _text(cell: Any) -> str | None:
    """Return what was typed; a decimal with its comma, since rules.reports takes a dot for one of thousands."""
    if cell.data_type == "f":
        return None
    match cell.value:
        case None:
            return ""
        case bool(value):
            return str(value).upper()
        case datetime() as moment:
            return moment.date().isoformat()
        case float(value):
            return str(int(value)) if value.is_integer() else str(value).replace(".", ",")
        case value:
            return printable(str(value)).replace(_PASTED_RETURN, "").strip()


def _checked(name: str, grids: Mapping[str, _Grid], head: Sequence[str]) -> _Grid:
    """Return the sheet's rows below its head, if both are ours."""
    if not grids.get(name):
        raise FormRefusedError(f"Tệp không có trang “{name}”; đề nghị dùng biểu tải từ trang nhiệm vụ của đơn vị.")
    for column, words in enumerate(head, start=1):
        _require(name, 1, column, grids[name], words)
    return grids[name][1:]


def _require(name: str, row: int, column: int, grid: _Grid, words: str) -> None:
    """Refuse a form whose rows or columns were moved: figures would be taken for others."""
    found = grid[row - 1][column - 1] if row <= len(grid) else ""
    if " ".join((found or "").split()) != words:
        where = _name(name, row, column)
        raise FormRefusedError(f"Ô {where} phải là “{words}”; đề nghị giữ nguyên dòng tiêu đề và cột đầu của biểu.")


def _labelled(
    name: str, grids: Mapping[str, _Grid], head: Sequence[str], rows: Mapping[tuple[str, ...], str]
) -> Iterator[tuple[str, _Typed]]:
    """Yield the fields of a sheet whose first column says what each row is."""
    grid = _checked(name, grids, head)
    for row, (fields, words) in enumerate(rows.items(), start=2):
        _require(name, row, 1, grids[name], words)
        for column, field in enumerate(fields, start=2):
            yield field, _Typed(where=_name(name, row, column), text=grid[row - 2][column - 1])


def _activities(grids: Mapping[str, _Grid]) -> Iterator[tuple[str, _Typed]]:
    """Yield the fields of each row in which anything stands; a form is read by its words."""
    for row, cells in enumerate(_checked(ACTIVITIES, grids, _ACTIVITY_HEAD), start=2):
        if all(text == "" for text in cells[1:]):
            continue
        for column, field in enumerate(ACTIVITY_COLUMNS, start=2):
            text = cells[column - 1]
            if field == "form" and text:
                text = form_named(text) or text
            yield activity_field(row - 2, field), _Typed(where=_name(ACTIVITIES, row, column), text=text)


def _name(sheet: str, row: int, column: int) -> str:
    return f"{sheet}!{get_column_letter(column)}{row}"
