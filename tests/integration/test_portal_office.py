"""The labour office at its pages: every act on the screen, in the journal, and in a mail that waits to be sent."""

from datetime import date

import pytest

from models import Submission
from tests.integration.cast import (
    CALENDAR,
    CONSOLIDATED,
    DAK_KOI,
    DAK_PNE,
    OFFICE,
    TAN_LAP,
    assignment,
    assignments,
    events,
    everything,
    messages,
    notices,
    number_of,
    sweep,
)
from tests.integration.office_cast import (
    APPROVER,
    COORDINATOR,
    ONLY_COORDINATOR,
    REVIEWER,
    VIEWER,
    OfficeDesk,
    again,
)
from tests.integration.portal_cast import TODAY, speak_english


@pytest.fixture
def desk(sqlite, tmp_path):
    return OfficeDesk.opened(sqlite, tmp_path)


@pytest.fixture
def officer(desk):
    """The real plan's officer: coordinator and reviewer in one."""
    return desk.staff(COORDINATOR)


def path_of(identifier: int) -> str:
    return f"/phong/nhiem-vu/{identifier}"


def test_the_overview_counts_what_waits_and_names_what_is_near(desk, officer):
    desk.handed_in(DAK_KOI)
    desk.asked_for_time(DAK_PNE, date(2024, 11, 5))
    desk.difficulty(TAN_LAP, "Thiếu kinh phí")
    page = officer.get("/phong")
    for words in ("01 báo cáo chờ tiếp nhận", "01 đề nghị gia hạn", "01 khó khăn, vướng mắc chưa trả lời"):
        assert words in page.text
    assert "Còn 05 ngày làm việc" in page.text
    assert "Đã nhận 01/07" in page.text


def test_the_board_says_in_words_where_every_unit_stands(desk, officer):
    desk.handed_in(DAK_KOI)
    page = officer.get("/phong/bang")
    assert "Đã gửi, chờ tiếp nhận" in page.text
    assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in page.text
    assert path_of(number_of(desk.engine, DAK_KOI)) in page.links
    assert "V.4-3" not in page.text


@pytest.mark.parametrize("query", ["ke-hoach=khong-co", "nam=2031"])
def test_a_plan_or_year_that_is_not_followed_up_here_is_no_page(officer, query):
    assert officer.get(f"/phong/bang?{query}").status == 404


def test_an_accepted_report_is_on_the_screen_in_the_journal_and_in_a_mail(desk, officer):
    identifier = desk.handed_in(DAK_KOI)
    page = officer.get(path_of(identifier))
    assert "Đã tổ chức 12 buổi truyền thông." in page.text
    assert "1.200" in page.text
    first, second = again(officer, page, "/tiep-nhan", comment="Đủ nội dung")
    assert "Đã tiếp nhận. Đơn vị được thông báo qua thư." in first.text
    assert second.status == 200
    assert assignment(desk.engine, DAK_KOI).state == "accepted"
    assert len(events(desk.engine, "accept")) == 1
    assert messages(desk.engine)[-1].subject.startswith("Đã tiếp nhận")
    assert desk.world.woken
    assert not [form for form in first.forms if form.action.endswith(("/tiep-nhan", "/tra-lai"))]


def test_a_returned_report_starts_the_ladder_again(desk, officer):
    identifier = desk.handed_in(DAK_KOI)
    page = officer.get(path_of(identifier))
    done = officer.send(page, "/tra-lai", comment="Bổ sung biểu 2", again_by="2024-10-30")
    assert "Đã đề nghị bổ sung" in done.text
    assert "Bổ sung biểu 2" in done.text
    found = assignment(desk.engine, DAK_KOI)
    assert (found.state, found.version, found.final) == ("returned", 2, date(2024, 10, 30))
    assert "v2 changed contact owed" in notices(desk.engine, DAK_KOI)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"comment": "", "again_by": "2024-10-30"}, 422),  # nothing says what is missing
        ({"comment": "Bổ sung", "again_by": "2024-10-01"}, 422),  # a day that has gone
        ({"comment": "Bổ sung", "again_by": "31/02/2024"}, 422),  # no such day
        ({"comment": "Bổ sung", "again_by": ""}, 422),
    ],
)
def test_a_return_that_cannot_be_changes_nothing_and_shows_what_was_typed(desk, officer, typed, status):
    page = officer.get(path_of(desk.handed_in(DAK_KOI)))
    before = everything(desk.engine)
    refused = officer.send(page, "/tra-lai", **typed)
    assert refused.status == status
    assert all(value in refused.text for value in typed.values())
    assert everything(desk.engine) == before


def test_the_second_of_two_reviewers_is_told_so_and_writes_nothing(desk, officer):
    page = officer.get(path_of(desk.handed_in(DAK_KOI)))
    other = desk.staff(REVIEWER)
    same = other.get(page.path)
    officer.send(page, "/tiep-nhan")
    before = everything(desk.engine)
    late = other.send(same, "/tra-lai", comment="Bổ sung", again_by="2024-10-30")
    assert late.status == 409
    assert "Đề nghị xem lại" in late.text
    assert "Bổ sung" in late.text  # what was typed is not lost
    assert everything(desk.engine) == before


def test_a_report_that_came_meanwhile_is_not_decided_unseen(desk, officer):
    identifier = desk.handed_in(DAK_KOI)
    page = officer.get(path_of(identifier))
    officer.send(page, "/tra-lai", comment="Bổ sung", again_by="2024-10-30")
    desk.handed_in(DAK_KOI, number="46/BC-UBND")
    late = desk.staff(REVIEWER)
    before = everything(desk.engine)
    form = page.form("/tiep-nhan")
    fresh = late.get(path_of(identifier)).form("/tiep-nhan").fields
    refused = late.post(form.action, {**fresh, "seen": form.fields["seen"]})
    assert refused.status == 409
    assert "bản mới hơn" in refused.text
    assert everything(desk.engine) == before


def test_a_wrong_mark_of_lateness_is_put_right_with_a_reason(desk):
    desk.go_on(days=8)  # the deadline has passed
    officer = desk.staff(COORDINATOR)
    identifier = desk.handed_in(DAK_KOI)
    page = officer.get(path_of(identifier))
    assert "Sau thời hạn" in page.text
    done = officer.send(page, "/ngay-den", arrived_on="2024-10-30", reason="Văn thư nhận ngày 30/10")
    assert "Đúng hạn" in done.text
    assert "Văn thư nhận ngày 30/10" in done.text
    assert events(desk.engine, "arrival corrected")[0].detail["arrived_on"] == "2024-10-30"
    assert "Văn thư nhận ngày 30/10" in messages(desk.engine)[-1].text


def test_a_letter_lets_the_reminders_rest(desk, officer):
    identifier = number_of(desk.engine, DAK_KOI)
    done = officer.send(officer.get(path_of(identifier)), "/cong-van", number="30/LĐTBXH", dated="2024-10-24")
    assert "30/LĐTBXH" in done.text
    assert assignment(desk.engine, DAK_KOI).resting_until == CALENDAR.shift(TODAY, 5)


def test_the_history_names_each_mail_its_reason_and_its_outcome(desk, officer):
    sweep(desk.engine, TODAY)
    page = officer.get(path_of(number_of(desk.engine, DAK_KOI)))
    assert "Nhắc việc trước thời hạn 05 ngày làm việc (gửi cán bộ đầu mối)" in page.text
    assert "Được thay bằng lần nhắc sau" in page.text


def test_several_documents_are_recorded_at_once_and_reminders_stop(desk, officer):
    koi, pne = number_of(desk.engine, DAK_KOI), number_of(desk.engine, DAK_PNE)
    page = officer.get(f"/phong/van-ban-den?bao-cao={koi}")
    typed = {f"number-{koi}": "45/BC-UBND", f"dated-{koi}": "2024-10-22", f"number-{pne}": "12/BC-UBND"}
    first, second = again(officer, page, "/van-ban-den", **typed)
    assert "Đã ghi nhận văn bản đến" in first.text
    assert second.status == 200
    assert [assignment(desk.engine, unit).state for unit in (DAK_KOI, DAK_PNE, TAN_LAP)] == [
        "submitted", "submitted", "open",
    ]  # fmt: skip
    assert sorted(row.number for row in desk.rows(Submission)) == ["12/BC-UBND", "45/BC-UBND"]
    assert len(events(desk.engine, "receive")) == 2


def test_one_wrong_row_keeps_all_rows_out_and_all_that_was_typed_in(desk, officer):
    koi, pne = number_of(desk.engine, DAK_KOI), number_of(desk.engine, DAK_PNE)
    page = officer.get(f"/phong/van-ban-den?bao-cao={koi}")
    before = everything(desk.engine)
    typed = {f"number-{koi}": "45/BC-UBND", f"number-{pne}": "12/BC-UBND", f"dated-{pne}": "2025-01-01"}
    refused = officer.send(page, "/van-ban-den", **typed)
    assert refused.status == 422
    assert "UBND xã Đăk Pne: Ngày sau ngày hiện tại" in refused.text
    assert "UBND xã Đăk Kôi: " not in refused.text
    assert refused.form("/van-ban-den").fields.items() >= typed.items()
    assert everything(desk.engine) == before


def test_a_row_for_a_unit_that_sent_it_meanwhile_is_named(desk, officer):
    koi = number_of(desk.engine, DAK_KOI)
    page = officer.get(f"/phong/van-ban-den?bao-cao={koi}")
    desk.handed_in(DAK_KOI)
    refused = officer.send(page, "/van-ban-den", **{f"number-{koi}": "45/BC-UBND"})
    assert refused.status == 422
    assert "UBND xã Đăk Kôi: Văn bản của đơn vị này đã được ghi nhận trước đó" in refused.text


@pytest.mark.parametrize(
    ("who", "path", "typed"),
    [
        (VIEWER, "/tiep-nhan", {}),
        (ONLY_COORDINATOR, "/tiep-nhan", {}),
        (REVIEWER, "/cong-van", {"number": "1", "dated": "2024-10-24"}),
        (APPROVER, "/tra-lai", {"comment": "x", "again_by": "2024-10-30"}),
    ],
)
def test_a_role_without_the_right_is_refused(desk, who, path, typed):
    identifier = desk.handed_in(DAK_KOI)
    browser = desk.staff(who)
    page = browser.get(path_of(identifier))
    assert not [form for form in page.forms if form.action.endswith(path)]
    before = everything(desk.engine)
    key = page.form("/thoat").fields
    seen = str(desk.rows(Submission)[0].id)
    assert browser.post(path_of(identifier) + path, {**key, "seen": seen, **typed}).status == 403
    assert everything(desk.engine) == before


def test_what_another_office_follows_up_does_not_exist_here(desk, officer):
    identifier = desk.handed_in(DAK_KOI)
    page = officer.get(path_of(identifier))
    desk.to_another_office()
    before = everything(desk.engine)
    assert officer.get(path_of(identifier)).status == 404
    assert officer.get(f"{path_of(identifier)}/bao-cao.docx").status == 404
    assert officer.send(page, "/tiep-nhan").status == 404
    assert everything(desk.engine) == before


def test_what_was_handed_in_comes_as_a_word_file_and_nothing_else_does(desk, officer):
    answer = officer.get(f"{path_of(desk.handed_in(DAK_KOI))}/bao-cao.docx").answer
    assert answer.content.startswith(b"PK")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert officer.get(f"{path_of(number_of(desk.engine, DAK_PNE))}/bao-cao.docx").status == 404


def test_every_sentence_of_a_page_that_is_confirmed_is_one_of_ours(officer):
    page = officer.get("/phong?da=<script>alert(1)</script>")
    assert "<script>" not in page.answer.text
    assert 'role="status"' not in page.answer.text


def test_what_was_typed_while_the_session_ended_is_not_lost(desk, officer):
    page = officer.get(path_of(desk.handed_in(DAK_KOI)))
    desk.go_on(hours=13)
    before = everything(desk.engine)
    refused = officer.send(page, "/tra-lai", comment="Bổ sung biểu 2, biểu 3", again_by="2024-10-30")
    assert refused.status == 403
    assert "Bổ sung biểu 2, biểu 3" in refused.text
    assert "/phong/dang-nhap" in refused.links
    assert everything(desk.engine) == before


def test_what_is_addressed_to_somebody_else_can_only_be_noted(desk, officer):
    (own, _) = assignments(desk.engine, OFFICE, duty=CONSOLIDATED)  # to UBND huyện, and to Sở
    arrived = officer.get(f"/phong/van-ban-den?bao-cao={own.id}")
    officer.send(arrived, "/van-ban-den", **{f"number-{own.id}": "9/BC-LĐTBXH"})
    page = officer.get(path_of(own.id))
    assert "Phòng chỉ ghi nhận" in page.text
    form = page.form("/ghi-nhan")
    for act in ("tiep-nhan", "tra-lai"):
        data = {**form.fields, "comment": "x", "again_by": "2024-10-30"}
        assert officer.post(f"{path_of(own.id)}/{act}", data).status == 409
    assert "Đã ghi nhận. Đơn vị được thông báo qua thư." in officer.send(page, "/ghi-nhan").text
    assert [row.state for row in assignments(desk.engine, OFFICE, duty=CONSOLIDATED)] == ["noted", "open"]


def test_the_pages_speak_english_to_those_who_choose_it(desk, officer):
    identifier = desk.handed_in(DAK_KOI)
    speak_english(officer)
    page = officer.get(path_of(identifier))
    for words in ("Progress board", "To be accepted", "Decision", "Date of arrival"):
        assert words.casefold() in page.text.casefold()
