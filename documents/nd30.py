"""What does an administrative document look like? The form of NĐ 30/2020/NĐ-CP, Phụ lục I, in Word.

Nothing here knows what a report says: it sets the page, the letterhead, headings, tables and the signing block.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Length, Mm, Pt, RGBColor
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from documents.text import printable

FONT = "Times New Roman"
BODY = 14  # points; the decree allows 13 or 14
HEADER = 12  # points: Quốc hiệu and issuing body; the tiêu ngữ is one larger
SMALL = 11  # points: the list of recipients, and wide tables

_PAGE = (Mm(210), Mm(297))
_TOP = _BOTTOM = Mm(20)
_LEFT, _RIGHT = Mm(30), Mm(20)
_LEFT_COLUMN, _RIGHT_COLUMN = Mm(65), Mm(95)
_FIRST_LINE = Mm(12.7)
_MOTTO = "Độc lập - Tự do - Hạnh phúc"
_MOTTO_LINE = Mm(57)  # the motto's own length in 13 points bold
_SUBJECT_LINE = Mm(50)
#: The average bold capital of Times New Roman, in ems: enough to draw a line of a third to a half of a name's length.
_CAPITAL = 0.7
_BLANK = "\u00a0" * 6  # where the clerk stamps a number, a day or a month
#: Only days below 10 and the months 1 and 2 take a leading zero (Phụ lục I, phần II, mục 4).
_LAST_PADDED_MONTH = 2
#: No clock: equal facts give equal bytes. The day is the first that a ZIP archive can name.
_MADE = datetime(1980, 1, 1, tzinfo=UTC)

CENTRE, JUSTIFIED, LEFT, RIGHT = (
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.RIGHT,
)


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """The head of page 1. `parent` stands above a body that has a superior body; `symbol` is "BC-UBND"."""

    issuer: tuple[str, ...]
    symbol: str
    place: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table, its width in millimetres."""

    title: str
    width: float
    centred: bool = False


def in_figures(day: date) -> str:
    """07/11/2024, 29/3/2024, 15/02/2024."""
    month = f"{day.month:02}" if day.month <= _LAST_PADDED_MONTH else f"{day.month}"
    return f"{day.day:02}/{month}/{day.year}"


def grouped(number: int) -> str:
    """Return 1.200.000: thousands by dots, as Vietnamese writes them."""
    return f"{number:,}".replace(",", ".")


def new_document(title: str, *, marks: Sequence[str] = ()) -> Document:
    """Return an empty A4 document; `marks` stand at the head of every page, the page number from page 2."""
    document = docx.Document()
    _set_properties(document, title)
    _set_normal_style(document)
    section = document.sections[0]
    _set_page(section, landscape=False)
    _set_headers(section, marks)
    return document


def letterhead(document: Document, head: Letterhead) -> None:
    """Write issuing body and Quốc hiệu side by side, number and date below them."""
    table = _side_by_side(document, rows=2)
    _write_issuer(table.cell(0, 0), head)
    _write_nation(table.cell(0, 1))
    line(table.cell(1, 0).paragraphs[0], f"Số:{_BLANK * 2}/{head.symbol}", size=HEADER + 1, align=CENTRE, before=6)
    dated = f"{head.place}, ngày{_BLANK}tháng{_BLANK}năm{_BLANK}"
    line(table.cell(1, 1).paragraphs[0], dated, size=HEADER + 1, italic=True, align=CENTRE, before=6)


def name_and_subject(document: Document, name: str, subject: str) -> None:
    """Write what kind of document it is, and what about, with the short line below."""
    line(document.add_paragraph(), name, size=BODY, bold=True, align=CENTRE, before=12)
    line(document.add_paragraph(), subject, size=BODY, bold=True, align=CENTRE)
    _rule(document.add_paragraph(), _text_width(document), _SUBJECT_LINE, after=8)


def body(document: Document, text: str, *, italic: bool = False) -> None:
    """Write one paragraph of the text: justified, its first line set in."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.first_line_indent = _FIRST_LINE
    line(paragraph, text, size=BODY, italic=italic, align=JUSTIFIED, after=6)


def heading(document: Document, text: str) -> None:
    """Write a heading of the text ("I. …", "1. …"): bold, never alone at the foot of a page."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.first_line_indent = _FIRST_LINE
    paragraph.paragraph_format.keep_with_next = True
    line(paragraph, text, size=BODY, bold=True, align=JUSTIFIED, before=6, after=6)


def addressed_to(document: Document, recipient: str) -> None:
    line(document.add_paragraph(), f"Kính gửi: {recipient}", size=BODY, align=CENTRE, before=6, after=6)


def closing(document: Document, *, recipients: Sequence[str], signs: Sequence[str], signer: str) -> None:
    """Write "Nơi nhận" on the left, and on the right who signs, with room for signature and stamp."""
    document.add_paragraph().paragraph_format.space_after = Pt(0)
    table = _side_by_side(document, rows=1)
    left, right = table.rows[0].cells
    line(left.paragraphs[0], "Nơi nhận:", size=HEADER, bold=True, italic=True)
    for recipient in recipients:
        line(left.add_paragraph(), f"- {recipient}", size=SMALL)
    for index, words in enumerate(signs):
        paragraph = right.paragraphs[0] if index == 0 else right.add_paragraph()
        line(paragraph, words, size=BODY, bold=True, align=CENTRE)
    line(right.add_paragraph(), signer, size=BODY, bold=True, align=CENTRE, before=72)


def appendix(document: Document, *, title: str, belongs_to: str) -> None:
    """Begin the appendix in a landscape section of its own; its pages are counted anew."""
    _set_page(document.add_section(WD_SECTION.NEW_PAGE), landscape=True)
    numbering = OxmlElement("w:pgNumType")
    numbering.set(qn("w:start"), "1")
    document.element.body.sectPr.insert_element_before(numbering, "w:cols", "w:titlePg", "w:docGrid")
    line(document.add_paragraph(), "Phụ lục", size=BODY, bold=True, align=CENTRE)
    line(document.add_paragraph(), title, size=BODY, bold=True, align=CENTRE)
    line(document.add_paragraph(), belongs_to, size=BODY, italic=True, align=CENTRE, after=6)


def attached_to(symbol: str, issuer: str) -> str:
    """Return the line that ties an appendix to its document, number and day left to the clerk."""
    return f"(Kèm theo Báo cáo số{_BLANK}/{symbol} ngày{_BLANK}tháng{_BLANK}năm{_BLANK}của {issuer})"


def caption(document: Document, text: str) -> None:
    """Write what the table below it shows."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    line(paragraph, text, size=BODY - 1, bold=True, before=6, after=3)


def note(document: Document, text: str) -> None:
    line(document.add_paragraph(), text, size=HEADER, italic=True, before=3, after=6)


def table(
    document: Document, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, totals: Sequence[str] = ()
) -> None:
    """Write a ruled table; its head repeats on each page, its rows are never torn, `totals` stand bold at its end."""
    grid = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    _set_widths(grid, [Mm(column.width) for column in columns])
    _fill(grid.rows[0], [column.title for column in columns], columns, bold=True, centred=True)
    _mark_row(grid.rows[0], "w:tblHeader")
    for values in rows:
        _fill(grid.add_row(), values, columns)
    if totals:
        _fill(grid.add_row(), totals, columns, bold=True)


def to_bytes(document: Document) -> bytes:
    """Return the file. Every entry bears the same date: the library would write the clock's."""
    made = io.BytesIO()
    document.save(made)
    settled = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            fixed = zipfile.ZipInfo(entry.filename, date_time=_MADE.timetuple()[:6])
            fixed.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(fixed, source.read(entry))
    return settled.getvalue()


def line(
    paragraph: Paragraph,
    text: str,
    *,
    size: float,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH = LEFT,
    before: float = 0,
    after: float = 0,
) -> Run:
    """Write one paragraph in one face; sizes and spaces in points."""
    paragraph.alignment = align
    paragraph.paragraph_format.space_before = Pt(before)
    paragraph.paragraph_format.space_after = Pt(after)
    run = paragraph.add_run(printable(text))
    run.font.size = Pt(size)
    # Setting what holds anyway costs half of the time of a long table.
    if bold:
        run.bold = True
    if italic:
        run.italic = True
    return run


def _set_properties(document: Document, title: str) -> None:
    properties = document.core_properties
    properties.title, properties.language = printable(title)[:255], "vi-VN"
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _MADE
    properties.revision = 1


def _set_normal_style(document: Document) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(BODY), RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    style.element.get_or_add_rPr().append(language)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = 1.0


def _set_page(section: Section, *, landscape: bool) -> None:
    """Set paper and margins. Turned, the sheet keeps its binding edge: the old left margin lies on top."""
    width, height = reversed(_PAGE) if landscape else _PAGE
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = width, height
    margins = (_LEFT, _RIGHT, _TOP, _BOTTOM) if landscape else (_TOP, _BOTTOM, _LEFT, _RIGHT)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = margins
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = True


def _set_headers(section: Section, marks: Sequence[str]) -> None:
    first, others = section.first_page_header.paragraphs[0], section.header.paragraphs[0]
    _add_page_number(others)
    for paragraph, text in ((first, " · ".join(marks)), (others, "".join(f" · {mark}" for mark in marks))):
        line(paragraph, text, size=BODY - 1, bold=True, align=CENTRE)


def _add_page_number(paragraph: Paragraph) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    field.append(_xml(line(paragraph, "", size=BODY - 1, align=CENTRE)))
    _xml(paragraph).append(field)


def _xml(part: Paragraph | Run | _Row) -> Any:
    """Return the element itself: what the decree asks for and python-docx has no word for is set in its XML."""
    return part._element  # noqa: SLF001


def _side_by_side(document: Document, *, rows: int) -> Table:
    """Return a table without rules, as wide as the text."""
    grid: Table = document.add_table(rows=rows, cols=2)
    _set_widths(grid, [_LEFT_COLUMN, _RIGHT_COLUMN])
    for row in grid.rows:
        _mark_row(row, "w:cantSplit")
    return grid


def _set_widths(grid: Table, widths: Sequence[Length]) -> None:
    """Set the widths of columns and cells: LibreOffice reads the ones, Word the others; new rows take them over."""
    grid.autofit = False
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for row in grid.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width


def _mark_row(row: _Row, mark: str) -> None:
    _xml(row).get_or_add_trPr().append(OxmlElement(mark))


def _write_issuer(cell: _Cell, head: Letterhead) -> None:
    paragraph = cell.paragraphs[0]
    if head.parent:
        line(paragraph, head.parent, size=HEADER, align=CENTRE)
        paragraph = cell.add_paragraph()
    for index, words in enumerate(head.issuer):
        line(paragraph if index == 0 else cell.add_paragraph(), words, size=HEADER, bold=True, align=CENTRE)
    longest = min(max(len(words) for words in head.issuer) * _CAPITAL * Pt(HEADER), _LEFT_COLUMN)
    _rule(cell.add_paragraph(), _LEFT_COLUMN, Length(int(longest * 0.45)))


def _write_nation(cell: _Cell) -> None:
    nation = cell.paragraphs[0]
    line(nation, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=HEADER, bold=True, align=CENTRE)
    line(cell.add_paragraph(), _MOTTO, size=HEADER + 1, bold=True, align=CENTRE)
    _rule(cell.add_paragraph(), _RIGHT_COLUMN, _MOTTO_LINE)


def _text_width(document: Document) -> Length:
    section = document.sections[-1]
    assert section.page_width is not None
    assert section.left_margin is not None
    assert section.right_margin is not None
    return Length(section.page_width - section.left_margin - section.right_margin)


def _rule(paragraph: Paragraph, width: Length, length: Length, *, after: float = 0) -> None:
    """Draw a line of this length in the middle: the upper border of an empty paragraph, set in on both sides."""
    shape = paragraph.paragraph_format
    shape.left_indent = shape.right_indent = Length(max(0, (width - length) // 2))
    shape.line_spacing = Pt(4)
    line(paragraph, "", size=2, align=CENTRE, before=2, after=after)
    borders, top = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    _xml(paragraph).get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _fill(
    row: _Row, values: Sequence[str], columns: Sequence[Column], *, bold: bool = False, centred: bool = False
) -> None:
    _mark_row(row, "w:cantSplit")
    for cell, value, column in zip(row.cells, values, columns, strict=True):
        align = CENTRE if centred or column.centred else LEFT
        line(cell.paragraphs[0], value, size=SMALL, bold=bold, align=align, before=1, after=1)
