import io
from dataclasses import replace
from datetime import date

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.shared import Pt

from documents.report_docx import NO_FIGURE, TO_BE_WRITTEN, DraftFacts, draft_report
from documents.uploads import FileKind, inspect
from plans.schema import UnitKind
from rules.reports import Activity, ActivityForm, Money, MoneySource, Narrative, Report

PLAN = "Kế hoạch số 85/KH-UBND ngày 20/10/2022 của Ủy ban nhân dân huyện Kon Rẫy về truyền thông giảm nghèo bền vững"
PHONG = "Phòng Lao động - Thương binh và Xã hội huyện Kon Rẫy"
DISTRICT = "Ủy ban nhân dân huyện Kon Rẫy"
TALK = Activity(
    form=ActivityForm.TALK,
    day=date(2024, 5, 6),
    place="Thôn 1",
    topic="Chính sách tín dụng",
    sessions=2,
    attendees=1200,
    poor=0,
    cost=3_500_000,
    evidence="Ảnh",
)
REPORT = Report(
    narrative={
        Narrative.RESULTS: "- Đã tổ chức 12 buổi.\n\n- 600 lượt người dự.",
        Narrative.STRENGTHS: "Đúng tiến độ.",
    },
    activities=(
        TALK,
        Activity(form=ActivityForm.TALK, topic="Đối thoại"),
        Activity(form=ActivityForm.PRESS, articles=24),
    ),
    money=(
        Money(source=MoneySource.SUBPROJECT, planned=50_000_000, spent=48_500_000),
        Money(source=MoneySource.OTHER, planned=0),
    ),
)
XA = DraftFacts(
    unit_name="Ủy ban nhân dân xã Đăk Kôi",
    unit_kind="xa",
    issuer_name=DISTRICT,
    duty_title="Báo cáo năm 2024",
    plan_name=PLAN,
    period_words="năm 2024",
    recipient_name=PHONG,
    citation="gạch đầu dòng thứ ba, khoản 4, Mục V",
    report=REPORT,
)
EMPTY = Report(narrative={})


def drafted(**changes):
    return docx.Document(io.BytesIO(draft_report(replace(XA, **changes))))


def said(document):
    """Return every line of the document, cells of tables in their rows."""
    lines = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            lines += [" | ".join(cell.text for cell in row.cells) for row in block.rows]
        else:
            lines.append(block.text)
    return lines


def head(**changes):
    """Return the four corners of the head of page 1."""
    return [cell.text.strip().replace("\u00a0", "") for row in drafted(**changes).tables[0].rows for cell in row.cells]


def end(**changes):
    table = next(table for table in drafted(**changes).tables if table.cell(0, 0).text.startswith("Nơi nhận"))
    return table.cell(0, 0).text.split("\n"), table.cell(0, 1).text.split("\n")


def test_the_page_has_the_measures_of_the_decree():
    page, appendix = drafted().sections
    assert [round(side.mm) for side in (page.page_width, page.page_height)] == [210, 297]
    margins = (page.top_margin, page.right_margin, page.bottom_margin, page.left_margin)
    assert [round(margin.mm) for margin in margins] == [20, 20, 20, 30]
    assert (appendix.orientation, round(appendix.page_width.mm)) == (WD_ORIENT.LANDSCAPE, 297)


def test_the_face_is_times_in_the_sizes_of_the_decree():
    document = drafted()
    assert document.styles["Normal"].font.name == "Times New Roman"
    sizes = {run.font.size for paragraph in document.paragraphs for run in paragraph.runs if run.text.strip()}
    assert sizes <= {Pt(12), Pt(13), Pt(14)}


def test_pages_are_numbered_from_the_second_and_the_appendix_anew():
    page, appendix = drafted().sections
    assert page.different_first_page_header_footer
    assert "PAGE" in page.header.paragraphs[0]._p.xml
    assert "PAGE" not in page.first_page_header.paragraphs[0]._p.xml
    assert 'w:pgNumType w:start="1"' in appendix._sectPr.xml


@pytest.mark.parametrize(
    ("unit", "kind", "corners"),
    [
        (
            "Ủy ban nhân dân xã Đăk Kôi",
            "xa",
            ["ỦY BAN NHÂN DÂN\nXÃ ĐĂK KÔI", "Số:/BC-UBND", "Đăk Kôi, ngàythángnăm"],
        ),
        (
            "Ủy ban nhân dân thị trấn Đăk Rve",
            "xa",
            ["ỦY BAN NHÂN DÂN\nTHỊ TRẤN ĐĂK RVE", "Số:/BC-UBND", "Đăk Rve, ngàythángnăm"],
        ),
        # A place that is a number keeps its kind.
        ("Ủy ban nhân dân phường 2", "xa", ["ỦY BAN NHÂN DÂN\nPHƯỜNG 2", "Số:/BC-UBND", "Phường 2, ngàythángnăm"]),
        (DISTRICT, "ubnd-huyen", ["ỦY BAN NHÂN DÂN\nHUYỆN KON RẪY", "Số:/BC-UBND", "Kon Rẫy, ngàythángnăm"]),
        # The district's name stands above, and is not said twice.
        (
            PHONG,
            "phong",
            [
                "UBND HUYỆN KON RẪY\nPHÒNG LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI",
                "Số:/BC-[viết tắt]",
                "Kon Rẫy, ngàythángnăm",
            ],
        ),
        (
            "Hội Nông dân huyện Kon Rẫy",
            "doan-the",
            ["HỘI NÔNG DÂN", "Số:/BC-[viết tắt]", "Kon Rẫy, ngàythángnăm"],
        ),
        # Who stands above a Sở, and where it sits, we do not know.
        (
            "Sở Lao động - Thương binh và Xã hội tỉnh Kon Tum",
            "so",
            [
                "[cơ quan chủ quản]\nSỞ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI TỈNH KON TUM",
                "Số:/BC-[viết tắt]",
                "[địa danh], ngàythángnăm",
            ],
        ),
    ],
)
def test_the_head_names_the_body_and_leaves_number_and_day_to_the_clerk(unit, kind, corners):
    issuer, nation, number, day = head(unit_name=unit, unit_kind=kind)
    assert nation == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    assert [issuer, number, day] == corners


@pytest.mark.parametrize(
    ("kind", "signs"),
    [
        ("xa", ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]),
        ("ubnd-huyen", ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]),
        ("phong", ["TRƯỞNG PHÒNG"]),  # never TM.
        ("so", ["GIÁM ĐỐC"]),
        ("don-vi", ["THỦ TRƯỞNG ĐƠN VỊ"]),
        ("mat-tran", ["THỦ TRƯỞNG ĐƠN VỊ"]),
    ],
)
def test_who_signs_follows_from_what_the_body_is(kind, signs):
    assert end(unit_kind=kind)[1] == [*signs, "[Họ và tên]"]


@pytest.mark.parametrize("kind", UnitKind)
def test_every_kind_of_unit_gets_a_draft(kind):
    assert inspect(draft_report(replace(XA, unit_kind=kind)), name="du-thao.docx") is FileKind.DOCX


@pytest.mark.parametrize(
    ("recipient", "addressed", "recipients"),
    [
        (PHONG, False, [f"- {PHONG} (b/c);"]),  # a Phòng is no superior of a commune
        (DISTRICT, True, ["- Như trên;"]),
        ("Sở Lao động - Thương binh và Xã hội tỉnh Kon Tum", True, ["- Như trên;"]),
        (None, False, ["- [nơi nhận];"]),
    ],
)
def test_only_a_report_to_a_superior_says_kinh_gui(recipient, addressed, recipients):
    assert any(line.startswith("Kính gửi:") for line in said(drafted(recipient_name=recipient))) is addressed
    assert end(recipient_name=recipient)[0] == ["Nơi nhận:", *recipients, "- Lưu: VT."]


def test_the_parts_stand_in_the_order_of_a_real_report():
    lines = said(drafted())
    parts = [
        "BÁO CÁO",
        f"Kết quả năm 2024 thực hiện {PLAN}",
        "I. CÔNG TÁC CHỈ ĐẠO, ĐIỀU HÀNH",
        TO_BE_WRITTEN,  # nothing was entered there
        "II. KẾT QUẢ THỰC HIỆN",
        "1. Kết quả chung",
        "- Đã tổ chức 12 buổi.",
        "- 600 lượt người dự.",
        "2. Các hình thức truyền thông đã thực hiện",
        "3. Kinh phí thực hiện",
        "III. ĐÁNH GIÁ CHUNG",
        "1. Mặt tích cực",
        "Đúng tiến độ.",
        "2. Tồn tại, hạn chế và nguyên nhân",
        "3. Khó khăn, vướng mắc",
        "IV. PHƯƠNG HƯỚNG, NHIỆM VỤ THỜI GIAN TỚI",
        "V. KIẾN NGHỊ, ĐỀ XUẤT",
        "Phụ lục",
        "1. Các hoạt động đã thực hiện",
        "2. Kinh phí",
    ]
    places = [lines.index(part) for part in parts]
    assert places == sorted(places)


def test_the_opening_names_the_plan_and_the_clause():
    opening = f"Thực hiện {PLAN} (gạch đầu dòng thứ ba, khoản 4, Mục V), Ủy ban nhân dân xã Đăk Kôi báo cáo"
    assert any(line.startswith(opening) for line in said(drafted()))


@pytest.mark.parametrize("recipient", [PHONG, DISTRICT, None])
def test_the_text_ends_as_the_decree_wants(recipient):
    assert sum(line.endswith("./.") for line in said(drafted(recipient_name=recipient))) == 1


def test_figures_are_summed_by_form_and_what_is_missing_is_said():
    lines = said(drafted())
    assert "Báo chí, xuất bản phẩm | 1 | – | – | – | 24" in lines
    assert "Nói chuyện, đối thoại với hộ nghèo | 2 | 2 (*) | 1.200 (*) | 0 (*) | –" in lines
    assert "Tổng cộng | 3 | 2 (*) | 1.200 (*) | 0 (*) | 24 (*)" in lines
    assert "(*) Chưa gồm các hoạt động chưa có số liệu." in lines


def test_complete_figures_bear_no_mark():
    lines = said(drafted(report=replace(REPORT, activities=(replace(TALK, articles=0),))))
    assert "Tổng cộng | 1 | 2 | 1.200 | 0 | 0" in lines
    assert not any("(*)" in line for line in lines)


def test_the_appendix_shows_each_activity_with_a_dash_where_nothing_was_entered():
    lines = said(drafted())
    talk = "06/5/2024 | Thôn 1 | Chính sách tín dụng | 2 | 1.200 | 0 | – | 3.500.000 | Ảnh"
    assert f"1 | Nói chuyện, đối thoại với hộ nghèo | {talk}" in lines
    assert "3 | Báo chí, xuất bản phẩm | – | – | – | – | – | – | 24 | – | –" in lines


def test_money_that_was_not_entered_is_not_nought_and_not_summed():
    lines = said(drafted())
    assert "2 | Các nguồn kinh phí hợp pháp khác | 0 | chưa có số liệu" in lines
    assert f" | Tổng cộng | 50.000.000 | {NO_FIGURE}" in lines
    assert "- Các nguồn kinh phí hợp pháp khác. Được giao: 0 đồng; đã thực hiện: chưa có số liệu." in lines


def test_a_report_without_anything_keeps_every_part_and_shows_what_is_open():
    lines = said(drafted(report=EMPTY))
    assert lines.count(TO_BE_WRITTEN) == 9  # seven sections, the forms, the money
    assert f" | {TO_BE_WRITTEN} |  |  |  | – | – | – | – | – | " in lines


def test_a_report_within_another_names_that_one():
    lines = said(drafted(report=replace(EMPTY, nested_in="Báo cáo số 15/BC-UBND ngày 20/11/2024")))
    assert "Nội dung được lồng ghép trong Báo cáo số 15/BC-UBND ngày 20/11/2024." in lines
    assert "[nội dung đã nêu trong báo cáo nói trên; đơn vị bổ sung nếu cần]" in lines


def test_marks_stand_at_the_head_of_every_page():
    for section in drafted(marks=("Dữ liệu giả lập", "Chạy thử")).sections:
        assert section.first_page_header.paragraphs[0].text == "Dữ liệu giả lập · Chạy thử"
        assert "Dữ liệu giả lập · Chạy thử" in section.header.paragraphs[0].text


def test_without_marks_the_first_page_has_an_empty_head():
    assert drafted().sections[0].first_page_header.paragraphs[0].text == ""


def test_what_no_document_can_hold_is_left_out():
    # A null, a line break of Word's own, a letter that is none.
    lines = said(drafted(report=Report(narrative={Narrative.RESULTS: "một\x00hai\x0bba\ufffe"})))
    assert {"mộthai", "ba"} <= set(lines)


def test_equal_facts_give_equal_bytes():
    assert draft_report(XA) == draft_report(replace(XA))


def test_the_file_tells_nothing_of_the_machine_that_made_it():
    properties = drafted().core_properties
    assert (properties.author, properties.comments, properties.created.year) == ("", "", 1980)
    assert properties.title == "Báo cáo năm 2024 – Ủy ban nhân dân xã Đăk Kôi"
