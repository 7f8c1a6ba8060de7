"""The immediate mail that answers one act: what was recorded, what holds now, and nothing that was not said."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from notifications.content import Language, NoteKind
from notifications.naming import matter, product, short_unit
from tests.unit.mail_cast import OFFICE, OWN, PHONG, READER, both, buttons, hrefs, note

ENGLISH = replace(READER, language=Language.EN)
FULL = {
    "unit_name": "Ủy ban nhân dân xã Đăk Kôi",
    "what": "Báo cáo năm 2024",
    "citation": "gạch đầu dòng thứ ba, khoản 4, Mục V",
    "number": "45/BC-UBND",
    "dated": date(2024, 11, 7),
    "day": date(2024, 11, 22),
    "last_day": date(2024, 11, 29),
    "final": date(2024, 11, 14),
    "text": "Thiếu biểu số liệu\ncủa 02 thôn.\n\n  Đề nghị hướng dẫn  thêm ",
    "subject": "Tình hình gửi báo cáo năm 2024",
    "person": "Công chức Văn hóa - xã hội",
    # 14 giờ 05 in Vietnam
    "at": datetime(2024, 11, 8, 7, 5, tzinfo=UTC),
    "ends_at": datetime(2024, 12, 23, 10, 0, tzinfo=UTC),
}
UNIT = " – UBND xã Đăk Kôi"
AT = "14 giờ 05 thứ Sáu, ngày 08/11/2024"
STILL = "hạn vẫn là hết thứ Năm, ngày 14/11/2024"
TWENTY_SECOND = "thứ Sáu, ngày 22/11/2024"
REPORT = "Báo cáo năm 2024 (số 45/BC-UBND ngày 07/11/2024)"
NOTHING_MORE = "Không phải thực hiện thêm việc gì"


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        (
            NoteKind.HANDED_IN,
            f"Đã nhận Báo cáo năm 2024{UNIT}",
            [f"{PHONG} đã ghi nhận {REPORT} của đơn vị lúc {AT}. {NOTHING_MORE} cho đến khi có phản hồi.", "Người gửi"],
        ),
        (
            NoteKind.DOCUMENT_NAMED,
            f"Đã ghi nhận số, ngày văn bản: Báo cáo năm 2024{UNIT}",
            [f"{REPORT} đã gửi qua Hệ thống quản lý văn bản và điều hành. {NOTHING_MORE}"],
        ),
        (
            NoteKind.ACKNOWLEDGED,
            f"Đã ghi nhận việc nhận nhiệm vụ: Báo cáo năm 2024{UNIT}",
            ["việc đơn vị xác nhận đã nhận nhiệm vụ: Báo cáo năm 2024. Thời hạn: hết thứ Năm, ngày 14/11/2024."],
        ),
        (
            NoteKind.EXTENSION_ASKED,
            f"Đã nhận đề nghị gia hạn: Báo cáo năm 2024{UNIT}",
            [
                f"Lúc {AT}, {PHONG} đã nhận đề nghị gia hạn đến hết {TWENTY_SECOND} đối với Báo cáo năm 2024",
                f"trong khi chờ quyết định, thời {STILL}.",
                "Lý do đơn vị nêu:",
            ],
        ),
        (
            NoteKind.EXPECTED,
            f"Đã ghi nhận ngày dự kiến gửi 22/11/2024: Báo cáo năm 2024{UNIT}",
            [f"đơn vị dự kiến gửi Báo cáo năm 2024 vào {TWENTY_SECOND}; thời {STILL}."],
        ),
        (
            NoteKind.DIFFICULTY_RAISED,
            f"Đã ghi nhận khó khăn, vướng mắc: Báo cáo năm 2024{UNIT}",
            ["Phòng sẽ xem xét, trả lời đơn vị", f"thời {STILL}.", "Nội dung đơn vị nêu:"],
        ),
        (
            NoteKind.PASSED_ON,
            f"Chuyển thực hiện: Báo cáo năm 2024{UNIT}",
            ["Ủy ban nhân dân xã Đăk Kôi chuyển đến Công chức Văn hóa - xã hội nội dung công việc dưới đây"],
        ),
        (
            NoteKind.SUBSTITUTE_NAMED,
            f"Làm thay cán bộ đầu mối từ 22/11/2024 đến hết 29/11/2024{UNIT}",
            [
                "Ủy ban nhân dân xã Đăk Kôi cử Công chức Văn hóa - xã hội làm thay cán bộ đầu mối",
                f"từ {TWENTY_SECOND} đến hết thứ Sáu, ngày 29/11/2024.",
            ],
        ),
        (
            NoteKind.ACCEPTED,
            f"Đã tiếp nhận Báo cáo năm 2024{UNIT}",
            [f"{PHONG} đã tiếp nhận {REPORT} của đơn vị lúc {AT}. {NOTHING_MORE}.", "Ý kiến của Phòng:"],
        ),
        (
            NoteKind.NOTED,
            f"Đã ghi nhận Báo cáo năm 2024{UNIT}",
            [f"đã ghi nhận {REPORT} của đơn vị", "nơi nhận theo Kế hoạch là cơ quan khác, Phòng chỉ ghi nhận"],
        ),
        (
            NoteKind.EXTENSION_REFUSED,
            f"Chưa chấp thuận gia hạn: Báo cáo năm 2024{UNIT}",
            [
                "Chưa chấp thuận gia hạn. Lý do: Thiếu biểu số liệu của 02 thôn. Đề nghị hướng dẫn thêm. Thời hạn vẫn",
                f"Thời {STILL}.",
            ],
        ),
        (
            NoteKind.DIFFICULTY_ANSWERED,
            f"Trả lời khó khăn, vướng mắc: Báo cáo năm 2024{UNIT}",
            [f"{PHONG} trả lời khó khăn, vướng mắc của đơn vị liên quan đến Báo cáo năm 2024", "như sau: Thiếu biểu"],
        ),
        (
            NoteKind.ARRIVAL_CORRECTED,
            f"Đính chính ngày văn bản đến: Báo cáo năm 2024{UNIT}",
            [f"ngày đến của {REPORT} do đơn vị gửi: ghi nhận là {TWENTY_SECOND}. Lý do: Thiếu biểu số liệu của 02"],
        ),
        (
            NoteKind.FRESH_LINK,
            f"Liên kết mới đến trang nhiệm vụ của đơn vị{UNIT}",
            [
                f"Theo yêu cầu lúc {AT}, {PHONG} gửi liên kết mới đến trang nhiệm vụ của đơn vị, có hiệu lực",
                "có hiệu lực đến 17 giờ 00 thứ Hai, ngày 23/12/2024. Không cần dùng liên kết cũ nữa.",
                "Nếu đơn vị không yêu cầu, xin bỏ qua thư này.",
            ],
        ),
        (
            NoteKind.SIGN_IN,
            "Đăng nhập trang theo dõi – Phòng LĐ-TB&XH huyện Kon Rẫy",
            [
                "dùng một lần, có hiệu lực đến 17 giờ 00 thứ Hai, ngày 23/12/2024",
                "Nếu không yêu cầu đăng nhập, xin bỏ qua thư này, không có gì thay đổi.",
            ],
        ),
        (
            NoteKind.TEST,
            f"Thư thử (không có nội dung đến hạn){UNIT}",
            [
                "Đây là thư thử",
                "không giao việc, không có nội dung nào đến hạn.",
                "ngoài ra không phải thực hiện việc gì",
            ],
        ),
        (
            NoteKind.UPWARD,
            "Tình hình gửi báo cáo năm 2024",
            ["Kính gửi: Ủy ban nhân dân xã Đăk Kôi Thiếu biểu số liệu của 02 thôn. Đề nghị hướng dẫn thêm Trân trọng."],
        ),
    ],
)
def test_each_act_is_answered_in_its_own_words(kind, subject, said):
    rendered = note(kind, **FULL)
    assert rendered.subject == subject
    for words in both(rendered):
        for sentence in said:
            assert sentence in words


@pytest.mark.parametrize(
    ("kind", "subject", "sentence"),
    [
        (NoteKind.HANDED_IN, "Đã nhận văn bản", f"{PHONG} đã ghi nhận văn bản của đơn vị. {NOTHING_MORE}"),
        (NoteKind.DOCUMENT_NAMED, "Đã ghi nhận số, ngày văn bản", "thông tin của đơn vị: văn bản đã gửi qua Hệ thống"),
        (NoteKind.ACKNOWLEDGED, "Đã ghi nhận việc nhận nhiệm vụ", "xác nhận đã nhận nhiệm vụ. Trân"),
        (
            NoteKind.EXTENSION_ASKED,
            "Đã nhận đề nghị gia hạn",
            "đã nhận đề nghị gia hạn của đơn vị; trong khi chờ quyết định, thời hạn không thay đổi.",
        ),
        (NoteKind.EXPECTED, "Đã ghi nhận ngày dự kiến gửi", "dự kiến gửi văn bản; thời hạn không thay đổi."),
        (NoteKind.DIFFICULTY_RAISED, "Đã ghi nhận khó khăn, vướng mắc", "Phòng sẽ xem xét, trả lời đơn vị."),
        (NoteKind.PASSED_ON, "Chuyển thực hiện nội dung công việc", "đồng chí trong đơn vị một nội dung công việc"),
        (NoteKind.SUBSTITUTE_NAMED, "Làm thay cán bộ đầu mối", "Đơn vị cử người làm thay cán bộ đầu mối"),
        (NoteKind.ACCEPTED, "Đã tiếp nhận văn bản", f"đã tiếp nhận văn bản của đơn vị. {NOTHING_MORE}."),
        (NoteKind.NOTED, "Đã ghi nhận văn bản", "đã ghi nhận văn bản của đơn vị. Do nơi nhận"),
        (NoteKind.EXTENSION_REFUSED, "Chưa chấp thuận gia hạn", "Chưa chấp thuận gia hạn. Thời hạn không thay đổi."),
        (NoteKind.DIFFICULTY_ANSWERED, "Trả lời khó khăn, vướng mắc", "đã xem xét khó khăn, vướng mắc của đơn vị. Nếu"),
        (NoteKind.ARRIVAL_CORRECTED, "Đính chính ngày văn bản đến", "ngày đến của văn bản do đơn vị gửi. Nếu"),
        (NoteKind.FRESH_LINK, "Liên kết mới đến trang nhiệm vụ của đơn vị", f"Theo yêu cầu, {PHONG} gửi liên kết mới"),
        (NoteKind.TEST, "Thư thử (không có nội dung đến hạn)", "Đề nghị trả lời thư này để xác nhận"),
        (
            NoteKind.UPWARD,
            "Báo cáo của Phòng LĐ-TB&XH huyện Kon Rẫy",
            "Kính gửi: Ủy ban nhân dân xã Đăk Kôi Trân trọng.",
        ),
    ],
)
def test_what_is_not_known_leaves_no_gap(kind, subject, sentence):
    rendered = note(kind)
    assert rendered.subject == subject
    for words in both(rendered):
        assert sentence in words


#: A space too many, a sign without its word, a bracket around nothing.
GAPS = re.compile(r"None|\{\{|\(\)|“”|\s[.,;:)](\s|$)|[.,;:][.,;]")
EMPTY_PARTS = re.compile(r"<(p|td|li|div)\b[^>]*>\s*</\1>")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(NoteKind))
@pytest.mark.parametrize("links", [(), (OWN,)])
def test_every_note_is_whole_whatever_is_left_out(kind, language, links):
    minimal = {name: FULL[name] for name in FULL if links and name == "unit_name"}
    one_less = [{name: value for name, value in FULL.items() if name != left_out} for left_out in FULL if not links]
    for facts in (FULL, minimal, *one_less):
        rendered = note(kind, reader=replace(READER, language=language), links=links, **facts)
        assert rendered.subject == " ".join(rendered.subject.split())
        assert not rendered.subject.endswith((":", "–", " "))
        assert "  " not in rendered.text
        assert not re.search(r"(?m)^- [^:]*: *$", rendered.text)
        assert not EMPTY_PARTS.search(rendered.html)
        assert f'<html lang="{language}">' in rendered.html
        for words in (rendered.subject, *both(rendered)):
            assert not GAPS.search(words)


@pytest.mark.parametrize("kind", list(NoteKind))
def test_no_note_speaks_like_a_document_or_of_today_or_of_blame(kind):
    rendered = note(kind, links=(OWN,), **FULL)
    for words in (rendered.subject, *both(rendered)):
        for unfit in (
            "hôm nay",
            "ngày mai",
            "CỘNG HÒA",
            "./.",
            "vi phạm",
            "trễ",
            "Số: ",
            "quá hạn",
            "chậm",
            "phê duyệt",
        ):
            assert unfit not in words.replace("chậm nhất", "").replace("Chưa nhận được", "")
        assert "từ chối" not in words


@pytest.mark.parametrize("kind", list(NoteKind))
def test_a_note_leads_to_its_page_once(kind):
    rendered = note(kind, links=(OWN,), **FULL)
    assert hrefs(rendered) == [OWN.url]
    assert buttons(rendered) == 1
    assert rendered.text.splitlines().count(OWN.url) == 1
    for words in both(rendered):
        assert "đề nghị không chuyển tiếp ra ngoài." in words
        assert "trả lời thư này" not in words


@pytest.mark.parametrize("kind", [kind for kind in NoteKind if kind not in (NoteKind.FRESH_LINK, NoteKind.SIGN_IN)])
@pytest.mark.parametrize("language", list(Language))
def test_without_a_page_a_note_speaks_of_none(kind, language):
    rendered = note(kind, reader=replace(READER, language=language), **FULL)
    for words in (rendered.text, rendered.html):
        for unfit in ("href", "http", "trang ", "Mở ", "iên kết", "link", " page"):
            assert unfit not in words


def test_the_sign_in_link_says_what_it_does_and_is_no_units_own():
    rendered = note(NoteKind.SIGN_IN, links=(OFFICE,), **FULL)
    for words in both(rendered):
        assert "Đăng nhập" in words
        assert "bằng địa chỉ dakkoi@konray.example" in words
        assert "dành riêng cho đơn vị" not in words
        assert "nhắc việc" not in words
    assert "\nĐăng nhập:\nhttps://nhacviec.example/phong\n" in rendered.text


@pytest.mark.parametrize("kind", [NoteKind.FRESH_LINK, NoteKind.SIGN_IN, NoteKind.TEST])
def test_a_mail_about_a_link_says_nothing_of_a_task(kind):
    for words in both(note(kind, links=(OWN,), **FULL)):
        for unfit in ("Báo cáo năm 2024", "Mục V", "45/BC-UBND", "02 thôn", "14/11/2024"):
            assert unfit not in words


def test_a_letter_upward_is_only_the_letter():
    rendered = note(NoteKind.UPWARD, **FULL)
    for words in both(rendered):
        for unfit in ("Mục V", "45/BC-UBND", "nhắc việc", "đơn vị:", "14/11/2024"):
            assert unfit not in words
        assert "sau khi Lãnh đạo Phòng duyệt gửi" in words
        assert "không thay thế văn bản hành chính" in words
    assert "Thiếu biểu số liệu\ncủa 02 thôn.\n\nĐề nghị hướng dẫn thêm\n" in rendered.text
    assert "Thiếu biểu số liệu<br>của 02 thôn." in rendered.html


@pytest.mark.parametrize("kind", [NoteKind.PASSED_ON, NoteKind.SUBSTITUTE_NAMED])
def test_what_was_passed_on_reads_rightly_for_both_who_get_it(kind):
    for words in both(note(kind, links=(OWN,), **FULL)):
        assert "đồng chí" not in words
        assert "địa chỉ nhận: dakkoi@konray.example" in words


def test_what_people_wrote_cannot_become_markup():
    facts = FULL | {"text": "<script>a</script>\n\n<b>b</b>", "person": "<i>c</i>", "what": "<u>d</u>"}
    for kind in NoteKind:
        rendered = note(kind, **facts)
        assert not re.search(r"<(script|b|i|u)>", rendered.html)
        assert "&amp;lt;" not in rendered.html


def test_a_rehearsal_is_marked():
    rendered = note(NoteKind.ACCEPTED, rehearsal=True, trial=True, **FULL)
    assert rendered.subject.startswith("[Chạy thử] Đã tiếp nhận")
    for words in both(rendered):
        assert "Dữ liệu giả lập" in words
        assert "Vận hành thử" in words


def test_an_english_receipt():
    rendered = note(NoteKind.EXTENSION_ASKED, reader=ENGLISH, links=(OWN,), **FULL | {"what": "Yearly report, 2024"})
    assert rendered.subject == "Request for more time received: Yearly report, 2024 – UBND xã Đăk Kôi"
    for words in both(rendered):
        assert (
            f"At 14:05 on Friday, 8 November 2024, {PHONG} received your unit's request for more time until the end of "
            "Friday, 22 November 2024 for “Yearly report, 2024”; until it is decided, the deadline is still the end of "
            "Thursday, 14 November 2024."
        ) in words
        assert "Kính gửi" not in words


@pytest.mark.parametrize(
    ("what", "named", "sent"),
    [
        ("Báo cáo năm 2024", "Báo cáo năm 2024", "Báo cáo năm 2024"),
        ("kế hoạch năm 2024", "kế hoạch năm 2024", "kế hoạch năm 2024"),
        # work is not sent, its result is
        ("Xây dựng kế hoạch năm 2024", "“Xây dựng kế hoạch năm 2024”", "kết quả “Xây dựng kế hoạch năm 2024”"),
        ("“Bố trí nguồn lực năm 2024”", "“Bố trí nguồn lực năm 2024”", "kết quả “Bố trí nguồn lực năm 2024”"),
    ],
)
def test_a_task_is_named_so_that_the_sentence_holds(what, named, sent):
    assert matter(what, Language.VI) == named
    assert product(what, Language.VI) == sent


def test_a_unit_is_shortened_as_the_offices_do():
    assert short_unit("Ủy ban nhân dân xã Đăk Kôi") == "UBND xã Đăk Kôi"
    assert short_unit("Phòng Lao động - Thương binh và Xã hội huyện Kon Rẫy") == "Phòng LĐ-TB&XH huyện Kon Rẫy"
    assert short_unit("Hội Nông dân huyện") == "Hội Nông dân huyện"
