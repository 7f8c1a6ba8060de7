"""The report on the unit's page: kept at any step, handed in once, and nothing that was typed is ever lost."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from models import Draft, Submission
from models.database import reading, writing
from rules.vocabulary import AssignmentState
from services.acts import send_back
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DAK_PNE,
    assignment,
    at,
    events,
    everything,
    messages,
    number_of,
    open_year,
)
from tests.integration.portal_cast import TODAY, UnitDesk, pressing

GOOD = {
    "results": "Đã tổ chức 12 buổi tuyên truyền.",
    "reporter": "Nguyễn Văn A",
    "position": "Công chức Văn hóa - xã hội",
    "number": "45/BC-UBND",
    "dated": "2024-10-23",
    "activities-0-form": "meeting",
    "activities-0-day": "2024-05-06",
    "activities-0-topic": "Chính sách giảm nghèo",
    "activities-0-attendees": "120",
    "activities-0-poor": "45",
    "money-subproject-planned": "10.000.000",
}
BAD = GOOD | {
    "reporter": "",
    "activities-0-attendees": "một trăm",
    "activities-0-poor": "-3",
    "activities-0-day": "2019-05-06",
    "money-subproject-planned": "mười triệu",
}


@pytest.fixture
def desk(sqlite, tmp_path):
    return UnitDesk.opened(sqlite, tmp_path / "files")


@pytest.fixture
def browser(desk):
    return desk.browser(DAK_KOI)


@pytest.fixture
def report(desk):
    return f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_KOI)}/bao-cao"


def drafts(desk):
    with reading(desk.engine) as session:
        return [draft.fields for draft in session.exec(select(Draft))]


def submissions(desk):
    with reading(desk.engine) as session:
        return list(session.exec(select(Submission).order_by(Submission.id)))


def test_a_report_is_handed_in_from_the_page(desk, browser, report):
    before = len(messages(desk.engine))
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **GOOD)
    assert page.path == report.removesuffix("/bao-cao")
    assert "Đã gửi. Đơn vị không phải thực hiện thêm việc gì cho đến khi có phản hồi." in page.text
    assert "Nguyễn Văn A, Công chức Văn hóa - xã hội" in page.text
    assert "45/BC-UBND, ngày 23/10/2024" in page.text
    assert assignment(desk.engine, DAK_KOI).state is AssignmentState.SUBMITTED
    assert [event.detail["number"] for event in events(desk.engine, "submit")] == ["45/BC-UBND"]
    assert [mail.address for mail in messages(desk.engine)[before:]] == [desk.contact(DAK_KOI).address]
    assert drafts(desk) == []


def test_a_doubled_click_hands_in_once(desk, browser, report):
    page = browser.get(report)
    browser.send(page, "/bao-cao", button=pressing("hand-in"), **GOOD)
    before = everything(desk.engine)
    again = browser.send(page, "/bao-cao", button=pressing("hand-in"), **GOOD)
    assert again.path == report.removesuffix("/bao-cao")
    assert everything(desk.engine) == before


def test_an_old_tab_cannot_write_into_what_was_handed_in(desk, browser, report):
    old = browser.get(report)
    browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **GOOD)
    answer = browser.send(old, "/bao-cao", button=pressing("save"), results="Bản khác")
    assert answer.status == 409
    assert "Bản khác" in answer.text
    assert drafts(desk) == []


def test_faults_are_named_at_their_fields_and_everything_typed_is_kept(desk, browser, report):
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **BAD)
    assert page.status == 422
    assert "Còn 05 chỗ cần xem lại" in page.text
    assert "Hoạt động 1 – Số người dự : “một trăm” chưa phải là số nguyên" in page.text
    assert "“-3” là số âm" in page.text
    assert "nằm ngoài kỳ báo cáo" in page.text
    assert 'role="alert"' in page.answer.text
    anchors = [link[1:] for link in page.links if link.startswith("#") and link != "#noi-dung-chinh"]
    assert len(anchors) == 5
    assert set(anchors) <= set(page.ids)
    for anchor in anchors:
        assert f"loi-{anchor}" in page.ids
        assert f'aria-invalid="true" aria-describedby="loi-{anchor}"' in page.answer.text
    kept = page.form("/bao-cao").fields
    assert {name: kept[name] for name in BAD} == BAD
    assert submissions(desk) == []
    again = browser.send(page, "/bao-cao", button=pressing("hand-in"), **GOOD)
    assert "Đã gửi." in again.text


def test_a_report_that_says_nothing_is_not_handed_in_unless_another_contains_it(browser, report):
    said = {"reporter": "A", "position": "B"}
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **said)
    assert page.status == 422
    assert "loi-results" in page.ids
    nested = said | {"nested_in": "Báo cáo số 40/BC-UBND ngày 20/10/2024"}
    assert "Đã gửi." in browser.send(page, "/bao-cao", button=pressing("hand-in"), **nested).text


def test_a_draft_is_kept_right_or_wrong_and_says_so(desk, browser, report):
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("save"), **BAD)
    assert page.status == 200
    assert "Đã lưu bản nháp. Báo cáo chưa được gửi." in page.text
    assert "Bản nháp lưu lúc 08 giờ 30" in page.text
    assert "Trước khi gửi, còn 04 chỗ cần xem lại" in page.text
    kept = page.form("/bao-cao").fields
    assert {name: kept[name] for name in BAD} == BAD
    assert "Đang có bản nháp" in browser.get("/don-vi").text
    assert submissions(desk) == []


def test_more_rows_come_when_they_are_filled(browser, report):
    first = browser.get(report)
    assert rows(first) == 5
    typed = {f"activities-{index}-topic": f"Buổi {index}" for index in range(5)}
    page = browser.send(first, "/bao-cao", button=pressing("more"), **typed)
    assert rows(page) == 8


def rows(page):
    return len([name for name in page.form("/bao-cao").fields if name.endswith("-topic")])


def test_a_day_that_is_none_stays_as_it_was_typed(browser, report):
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("save"), **{"activities-0-day": "31/02/2024"})
    assert page.form("/bao-cao").fields["activities-0-day"] == "31/02/2024"
    page = browser.send(page, "/bao-cao", button=pressing("save"), **{"activities-0-day": "06/5/2024"})
    assert page.form("/bao-cao").fields["activities-0-day"] == "2024-05-06"


@pytest.mark.parametrize("action", ["save", "more", "hand-in", "start"])
def test_a_link_that_ends_while_typing_still_keeps_the_draft_and_nothing_more(desk, browser, report, action):
    page = browser.get(report)
    desk.go_on(days=45, hours=1)
    answer = browser.send(page, "/bao-cao", button=pressing(action), **GOOD)
    assert answer.status == 410
    assert "Nội dung vừa nhập đã được lưu thành bản nháp; chưa gửi báo cáo." in answer.text
    assert [draft["results"] for draft in drafts(desk)] == [GOOD["results"]]
    assert submissions(desk) == []
    before = len(messages(desk.engine))
    browser.send(answer, "/lien-ket-moi")
    assert [mail.address for mail in messages(desk.engine)[before:]] == [desk.contact(DAK_KOI).address]
    fresh = desk.browser(DAK_KOI).get(report)
    assert fresh.form("/bao-cao").fields["results"] == GOOD["results"]


def test_after_a_day_even_the_draft_is_not_taken_but_shown(desk, browser, report):
    page = browser.get(report)
    desk.go_on(days=46, hours=1)
    answer = browser.send(page, "/bao-cao", button=pressing("save"), **GOOD)
    assert answer.status == 410
    assert GOOD["results"] in answer.text
    assert drafts(desk) == []


def test_a_returned_report_is_completed_not_typed_anew(desk, browser, report):
    browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **GOOD)
    with writing(desk.engine) as session:
        send_back(
            session, number_of(desk.engine, DAK_KOI), comment="Thiếu kinh phí", again_by=date(2024, 11, 6), acting=None,
            actor="test", now=desk.world.now(), calendar=CALENDAR,
        )  # fmt: skip
    page = browser.get(report)
    assert page.form("/bao-cao").fields["results"] == GOOD["results"]
    again = browser.send(
        page,
        "/bao-cao",
        button=pressing("hand-in"),
        reporter="B",
        position="C",
        **{"money-subproject-spent": "9000000"},
    )
    assert "Đã gửi." in again.text
    assert [one.reporter for one in submissions(desk)] == ["Nguyễn Văn A", "B"]


def test_last_years_report_can_be_the_start_and_is_marked(desk, browser, report):
    assert not [button for button in browser.get(report).form("/bao-cao").buttons if button.get("value") == "start"]
    browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), **GOOD, leadership="Ban hành kế hoạch")
    open_year(desk.engine, date(2025, 3, 3), text=YEAR_2025)
    desk.world.clock[0] = at(date(2025, 3, 4))
    browser = desk.browser(DAK_KOI)
    report = f"/don-vi/nhiem-vu/{assignment(desk.engine, DAK_KOI, year=2025).id}/bao-cao"
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("start"), results="Chữ mới")
    assert "Đã lấy nội dung báo cáo kỳ trước" in page.text
    assert "Bản nháp này bắt đầu từ báo cáo kỳ trước." in page.text
    kept = page.form("/bao-cao").fields
    assert (kept["leadership"], kept["results"]) == ("Ban hành kế hoạch", "Chữ mới")
    assert kept["activities-0-topic"] == ""


YEAR_2025 = """\
plan: konray-2022-2025
year: 2025
data_close: 2025-05-15
proposed: true
estimated: false
deadlines:
  - duty: V.4-3.a
    before: 2025-06-14
    basis: đề xuất
"""


def test_what_others_write_is_not_seen(desk, browser, report):
    browser.send(browser.get(report), "/bao-cao", button=pressing("save"), **GOOD)
    other = f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_PNE)}/bao-cao"
    assert desk.browser(DAK_PNE).get(other).form("/bao-cao").fields["results"] == ""


def test_markup_is_shown_as_it_was_typed(browser, report):
    nasty = "<script>alert(1)</script> </textarea>\" '"
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("save"), results=nasty, nested_in=nasty)
    assert "<script>" not in page.answer.text
    kept = page.form("/bao-cao").fields
    assert (kept["results"], kept["nested_in"]) == (nasty, nasty)


def test_a_flood_of_text_is_refused(browser, report):
    typed = {f"activities-{index}-topic": "x" * 60_000 for index in range(12)}
    answer = browser.send(browser.get(report), "/bao-cao", button=pressing("save"), **typed)
    assert answer.status == 422
    assert "Nội dung dài hơn mức một báo cáo có thể chứa." in answer.text


def test_the_title_says_that_something_must_be_checked(browser, report):
    page = browser.send(browser.get(report), "/bao-cao", button=pressing("hand-in"), results="")
    assert "<title>Cần xem lại: Báo cáo năm 2024" in page.answer.text


def test_time_left_is_counted_from_the_day(desk, browser, report):
    desk.world.clock[0] = at(TODAY + timedelta(days=1))
    assert "còn 04 ngày làm việc" in browser.get(report.removesuffix("/bao-cao")).text


def test_a_request_invites_and_takes_results_without_a_deadline(desk):
    browser = desk.browser("mttq-huyen")
    bench = browser.get("/don-vi")
    assert "nếu thuận tiện, cung cấp kết quả" in bench.text
    assert "Quá hạn" not in bench.text
    link = next(link for link in bench.links if "/nhiem-vu/" in link)
    page = browser.send(browser.get(f"{link}/bao-cao"), "/bao-cao", button=pressing("hand-in"), **GOOD)
    assert "Đã gửi." in page.text


def test_a_continuous_duty_of_a_commune_has_no_report_of_its_own(desk, browser):
    path = f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_KOI, duty='V.4-1.b')}"
    page = browser.get(path)
    assert [form.action.rpartition("/")[2] for form in page.forms] == ["vuong-mac", "chuyen", "thoat", "ngon-ngu"]
    assert browser.get(f"{path}/bao-cao").path == path
