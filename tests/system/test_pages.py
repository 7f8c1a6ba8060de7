"""A year's answers in a real browser: a commune officer's phone, the labour office's desk, and the mails between."""

from datetime import date

import pytest
from playwright.sync_api import expect

from tests.integration.cast import COMMUNES, DAK_KOI, DAK_PNE, OFFICER, TAN_LAP, contact_of, number_of
from tests.integration.office_cast import PDF
from tests.integration.portal_cast import TODAY
from tests.system.pages import DESK, link_in, text_of

pytestmark = pytest.mark.system

REPORT = "Báo cáo năm 2024"
RETURNED_BY, ASKED_UNTIL = "2024-10-30", "2024-11-08"


@pytest.fixture(scope="module", autouse=True)
def _reminded(office):
    """The second reminder of the communes' report has come by mail."""
    office.morning(TODAY)


@pytest.fixture
def phone(browser, office):
    """Open a phone on a unit's page, by the link of the newest mail that it got."""
    with browser.visitor(office) as phone:

        def opened(unit):
            phone.open(link_in(office.post(contact_of(unit))[-1]))
            return phone

        yield opened


@pytest.fixture(scope="module")
def signed_in(browser, office):
    """Sign the office's officer in, by the link that is mailed to him; returns his cookies."""
    with browser.visitor(office, size=DESK) as desk:
        desk.open("/phong")
        desk.stands_at("/phong/dang-nhap")
        desk.page.get_by_label("Địa chỉ thư").fill(OFFICER)
        with office.awaited(OFFICER) as came:
            desk.press("Gửi liên kết đăng nhập")
        desk.open(link_in(came[0]))
        desk.press("Đăng nhập")
        desk.stands_at("/phong")
        return desk.context.cookies()


@pytest.fixture
def desk(browser, office, signed_in):
    """The officer's desk."""
    with browser.visitor(office, size=DESK) as desk:
        desk.context.add_cookies(signed_in)
        desk.open("/phong")
        yield desk


def hand_in(phone, office, unit):
    """Fill in what a report must hold, and hand it in."""
    phone.open(f"/don-vi/nhiem-vu/{number_of(office.engine, unit)}/bao-cao")
    phone.page.get_by_label("Kết quả thực hiện", exact=True).fill("Đã tổ chức 12 buổi truyền thông.")
    phone.page.get_by_label("Người gửi (họ và tên)").fill("Người gửi thử")
    with office.awaited(contact_of(unit)) as came:
        phone.press("Gửi báo cáo")
    return came[0]


def test_a_unit_reports_from_its_reminder_on_a_phone_and_is_accepted(phone, desk, office):
    unit = phone(DAK_KOI)
    unit.stands_at("/don-vi")
    unit.sees("Nhiệm vụ của đơn vị")

    unit.press("Xác nhận đã nhận")
    unit.sees("Đã ghi nhận: đơn vị xác nhận đã nhận nhiệm vụ.")
    assert unit.page.get_by_role("button", name="Xác nhận đã nhận").count() == 0

    unit.follow(REPORT)
    unit.follow("Gửi báo cáo")
    sheet = unit.page
    sheet.get_by_label("Kết quả thực hiện", exact=True).fill("Đã tổ chức truyền thông tại 05 thôn.")
    first = sheet.get_by_role("group", name="Hoạt động 1")
    first.get_by_label("Hình thức").select_option("meeting")
    first.get_by_label("Ngày tổ chức").fill("2024-05-20")
    first.get_by_label("Địa điểm (thôn, làng)").fill("Nhà rông thôn 1")
    first.get_by_label("Nội dung", exact=True).fill("Chính sách giảm nghèo")
    first.get_by_label("Số người dự").fill("sáu mươi")
    sheet.get_by_label("Người gửi (họ và tên)").fill("Người gửi thử")
    unit.press("Gửi báo cáo")

    # What is wrong is named and marked; what was typed stands there.
    expect(sheet.get_by_role("alert")).to_contain_text("Còn 01 chỗ cần xem lại")
    wrong = first.get_by_label("Số người dự")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_value("sáu mươi")
    expect(first.get_by_label("Địa điểm (thôn, làng)")).to_have_value("Nhà rông thôn 1")
    expect(sheet.get_by_label("Kết quả thực hiện", exact=True)).to_have_value("Đã tổ chức truyền thông tại 05 thôn.")

    sheet.get_by_role("alert").get_by_role("link").click()
    wrong.fill("60")
    sheet.get_by_label("Thêm tệp").set_input_files({"name": "ảnh.pdf", "mimeType": "application/pdf", "buffer": PDF})
    unit.press("Đính kèm tệp")
    unit.sees("Đã đính kèm tệp và lưu bản nháp.")
    unit.unfold("Hoạt động 1")
    expect(wrong).to_have_value("60")
    with office.awaited(contact_of(DAK_KOI)) as receipts:
        unit.press("Gửi báo cáo")
    unit.sees("Đã gửi. Đơn vị không phải thực hiện thêm việc gì cho đến khi có phản hồi.")
    assert "Không phải thực hiện thêm việc gì" in text_of(receipts[0])

    desk.follow("Chờ tiếp nhận")
    desk.follow("xã Đăk Kôi")
    desk.sees("Nhà rông thôn 1", "ảnh.pdf", "Đúng hạn")
    with office.awaited(contact_of(DAK_KOI)) as accepted:
        desk.press("Tiếp nhận")
    desk.sees("Đã tiếp nhận. Đơn vị được thông báo qua thư.")
    unit.open(link_in(accepted[0]))
    unit.sees(f"{REPORT} – Đã tiếp nhận")


def test_the_office_returns_a_report_and_the_unit_hands_in_again(phone, desk, office):
    unit = phone(DAK_PNE)
    hand_in(unit, office, DAK_PNE)
    desk.open(f"/phong/nhiem-vu/{number_of(office.engine, DAK_PNE)}")
    desk.unfold("Đề nghị bổ sung")
    desk.page.get_by_label("Nội dung cần bổ sung").fill("Bổ sung số hộ nghèo dự")
    desk.page.get_by_label("Đề nghị gửi lại chậm nhất hết ngày").fill(RETURNED_BY)
    with office.awaited(contact_of(DAK_PNE)) as came:
        desk.press("Đề nghị bổ sung")
    desk.sees("Đã đề nghị bổ sung.")
    assert "Bổ sung số hộ nghèo dự" in text_of(came[0])
    assert "30/10/2024" in text_of(came[0])

    unit.open(link_in(came[0]))
    unit.follow(REPORT)
    unit.sees("Nội dung cần bổ sung: Bổ sung số hộ nghèo dự")
    again = hand_in(unit, office, DAK_PNE)
    assert "Không phải thực hiện thêm việc gì" in text_of(again)
    unit.sees("Đã gửi, chờ tiếp nhận")


def test_a_unit_asks_for_more_time_and_the_office_grants_it(phone, desk, office):
    unit = phone(TAN_LAP)
    unit.follow(REPORT)
    unit.unfold("Đề nghị gia hạn")
    unit.page.get_by_label("Đề nghị gia hạn đến hết ngày").fill(ASKED_UNTIL)
    unit.page.get_by_role("textbox", name="Lý do", exact=True).first.fill("Đang rà soát số liệu")
    with office.awaited(contact_of(TAN_LAP)):
        unit.press("Gửi đề nghị gia hạn")
    unit.sees("Đã gửi đề nghị gia hạn.")

    desk.follow("Gia hạn")
    desk.sees("Đang rà soát số liệu")
    with office.awaited(contact_of(TAN_LAP)) as came:
        desk.press("Chấp thuận")
    desk.sees("Đã chấp thuận gia hạn.")
    assert "08/11/2024" in text_of(came[0])
    unit.open(link_in(came[0]))
    unit.sees("Hạn gửi: chậm nhất hết thứ Sáu, ngày 08/11/2024")


def test_a_difficulty_is_raised_answered_and_mailed(phone, desk, office):
    unit = phone(TAN_LAP)
    unit.page.get_by_role("navigation").get_by_role("link", name="Khó khăn, vướng mắc").click()
    unit.page.get_by_label("Nội dung", exact=True).fill("Loa truyền thanh thôn 3 hỏng")
    with office.awaited(contact_of(TAN_LAP)):
        unit.press("Gửi khó khăn, vướng mắc")
    unit.sees("chờ trả lời")

    desk.page.get_by_role("navigation").get_by_role("link", name="Khó khăn, vướng mắc").click()
    desk.unfold("Trả lời, xếp nhóm")
    desk.page.get_by_label("Trả lời", exact=True).fill("Phòng đề nghị sửa chữa trong tháng 11")
    with office.awaited(contact_of(TAN_LAP)) as came:
        desk.press("Lưu")
    desk.sees("Đã ghi nhận trả lời.")
    assert "Phòng đề nghị sửa chữa trong tháng 11" in text_of(came[0])
    unit.page.reload()
    unit.sees("Trả lời ngày 24/10/2024: Phòng đề nghị sửa chữa trong tháng 11")


def test_something_ad_hoc_is_given_to_two_units_and_stands_on_their_pages(phone, desk):
    desk.follow("Nhiệm vụ đột xuất")
    form = desk.page
    form.get_by_label("Thuộc nội dung công việc").select_option(index=1)
    form.get_by_label("Tên nhiệm vụ").fill("Cuộc thi tìm hiểu chính sách giảm nghèo")
    form.get_by_label("Căn cứ (văn bản số, ngày, cơ quan ban hành)").fill("Công văn số 12/SLĐTBXH ngày 22/10/2024")
    form.get_by_label("Thời hạn: chậm nhất hết ngày").fill("2024-11-15")
    given = ("UBND xã Đăk Ruồng", "UBND xã Đăk Tờ Re")
    for unit in given:
        form.get_by_label(unit, exact=True).check()
    desk.press("Giao nhiệm vụ đột xuất")
    desk.sees("Đã giao nhiệm vụ đột xuất.")
    for unit in ("xa-dak-ruong", "xa-dak-to-re"):
        page = phone(unit)
        page.follow("Cuộc thi tìm hiểu chính sách giảm nghèo")
        page.sees("Hạn gửi: chậm nhất hết thứ Sáu, ngày 15/11/2024")
        page.sees("Công văn số 12/SLĐTBXH ngày 22/10/2024")


def test_documents_of_two_units_are_recorded_at_once_and_their_reminders_stop(desk, office):
    units = {"tt-dak-rve": "UBND thị trấn Đăk Rve", "xa-dak-to-lung": "UBND xã Đăk Tơ Lung"}
    desk.page.get_by_role("navigation").get_by_role("link", name="Ghi nhận văn bản đến").click()
    desk.page.get_by_label("Báo cáo", exact=True).select_option(str(_example(desk)))
    desk.press("Chọn")
    # From a unit's own page the same list opens, with the same report chosen.
    desk.open(f"/phong/van-ban-den?bao-cao={number_of(office.engine, 'xa-dak-to-lung')}")
    expect(desk.page.get_by_label("Báo cáo", exact=True)).to_have_value(str(_example(desk)))
    for number, name in enumerate(units.values(), 45):
        desk.page.get_by_label(f"Số, ký hiệu văn bản: {name}").fill(f"{number}/BC-UBND")
        desk.page.get_by_label(f"Ngày văn bản: {name}").fill("2024-10-23")
    desk.press("Ghi nhận văn bản đến")
    desk.sees("Đã ghi nhận văn bản đến. Hệ thống dừng nhắc các đơn vị này.")

    reminded = {unit: len(office.post(contact_of(unit))) for unit in COMMUNES}
    office.morning(date(2024, 10, 31))
    office.set_clock(TODAY)
    told = {unit for unit in COMMUNES if len(office.post(contact_of(unit))) > reminded[unit]}
    assert told.isdisjoint(units)
    assert told >= {"xa-dak-ruong", "xa-dak-to-re"}


def _example(desk):
    """Return the choice of the yearly report in the list of reports that are waited for."""
    return desk.page.locator("#bao-cao option", has_text=REPORT).first.get_attribute("value")


def test_everything_works_without_scripts(browser, office):
    with browser.visitor(office, scripts=False) as phone:
        phone.open(link_in(office.post(contact_of("xa-dak-to-re"))[0]))
        phone.press("Xác nhận đã nhận")
        phone.sees("Đã ghi nhận: đơn vị xác nhận đã nhận nhiệm vụ.")
        phone.press("English")
        expect(phone.page.locator("html")).to_have_attribute("lang", "en")
        phone.press("Tiếng Việt")
        phone.follow(REPORT)
        phone.unfold("Cho biết ngày dự kiến gửi")
        phone.page.get_by_label("Ngày dự kiến gửi").fill("2024-10-29")
        phone.press("Ghi nhận ngày dự kiến")
        phone.sees("Đơn vị dự kiến gửi ngày 29/10/2024")
        hand_in(phone, office, "xa-dak-to-re")
        phone.sees("Đã gửi, chờ tiếp nhận")
