"""What a unit answers on its page: confirmed on the screen, in the journal, with its receipt; done once."""

from datetime import date
from types import SimpleNamespace

import pytest

from models.database import writing
from portal.acting import perform
from rules.lifecycle import ActRefusedError
from services.acts import send_back
from services.extensions import decide
from services.journal import record
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DAK_PNE,
    DUE,
    assignment,
    at,
    events,
    everything,
    messages,
    number_of,
)
from tests.integration.portal_cast import UnitDesk


@pytest.fixture
def desk(sqlite, tmp_path):
    return UnitDesk.opened(sqlite, tmp_path / "files")


@pytest.fixture
def browser(desk):
    return desk.browser(DAK_KOI)


@pytest.fixture
def task(desk):
    return f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_KOI)}"


def receipts(desk, before):
    return [(mail.address, mail.subject) for mail in messages(desk.engine)[before:]]


def test_everything_given_is_acknowledged_by_one_button(desk, browser):
    before = len(messages(desk.engine))
    page = browser.send(browser.get("/don-vi"), "/xac-nhan")
    assert "Đã ghi nhận: đơn vị xác nhận đã nhận nhiệm vụ." in page.text
    assert not [form for form in page.forms if form.action.endswith("/xac-nhan")]
    assert [event.actor for event in events(desk.engine, "acknowledged")] == [f"contact:{desk.contact(DAK_KOI).id}"]
    assert len(receipts(desk, before)) == 1
    assert desk.world.woken


ACTS = {
    "van-ban": ({"number": "45/BC-UBND", "dated": "2024-10-23"}, "receive", "Đã ghi nhận số, ngày văn bản."),
    "gia-han": ({"until": "2024-11-08", "reason": "Mưa lũ"}, "asked for time", "Đã gửi đề nghị gia hạn."),
    "du-kien": ({"on": "2024-10-29", "reason": ""}, "expected", "Đã ghi nhận ngày dự kiến gửi"),
    "vuong-mac": ({"text": "Đài hỏng", "proposal": "Sửa đài"}, "difficulty", "Đã gửi khó khăn, vướng mắc."),
    "chuyen": ({"address": "vp.dak-koi@konray.example", "title": "Văn phòng"}, "passed on", "Đã chuyển nhiệm vụ."),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_confirmed_written_down_and_receipted(desk, browser, task, act):
    typed, action, sentence = ACTS[act]
    before = len(messages(desk.engine))
    page = browser.send(browser.get(task), f"/{act}", **typed)
    assert page.status == 200
    assert page.path == task
    assert sentence in page.text
    (event,) = events(desk.engine, action)
    assert event.actor == f"contact:{desk.contact(DAK_KOI).id}"
    addresses = [address for address, _ in receipts(desk, before)]
    assert desk.contact(DAK_KOI).address in addresses
    assert len(addresses) == (2 if act == "chuyen" else 1)


@pytest.mark.parametrize("act", ACTS)
def test_a_form_that_is_sent_twice_is_done_once(desk, browser, task, act):
    page = browser.get(task)
    browser.send(page, f"/{act}", **ACTS[act][0])
    before = everything(desk.engine)
    again = browser.send(page, f"/{act}", **ACTS[act][0])
    assert ACTS[act][2] in again.text
    assert everything(desk.engine) == before


@pytest.mark.parametrize(
    ("act", "typed", "sentence"),
    [
        # A number without which nobody finds the document.
        ("van-ban", {"number": "  ", "dated": "2024-10-23"}, "Còn ô bắt buộc chưa ghi."),
        # A document that is signed tomorrow has not been sent.
        ("van-ban", {"number": "45/BC-UBND", "dated": "2024-10-25"}, "Ngày văn bản sau ngày hiện tại."),
        ("van-ban", {"number": "45/BC-UBND", "dated": "31/02/2024"}, "Ngày đã nhập không có thật."),
        ("gia-han", {"until": "", "reason": "Mưa lũ"}, "Còn ô bắt buộc chưa ghi."),
        ("gia-han", {"until": "2024-11-08", "reason": " "}, "Còn ô bắt buộc chưa ghi."),
        # The deadline itself is no more time.
        ("gia-han", {"until": "2024-10-31", "reason": "Mưa lũ"}, "không sau thời hạn hiện tại"),
        # The office is due on 21/11/2024 and needs a working day.
        ("gia-han", {"until": "2024-11-21", "reason": "Mưa lũ"}, "Gia hạn chậm nhất đến hết thứ Tư, ngày 20/11/2024"),
        ("du-kien", {"on": "2024-10-23", "reason": "Mưa lũ"}, "Ngày đã nhập đã qua"),
        ("du-kien", {"on": "9999-12-31", "reason": "Mưa lũ"}, "Ngày đã nhập không có thật."),
        ("vuong-mac", {"text": "", "proposal": "Sửa đài"}, "Còn ô bắt buộc chưa ghi."),
        ("chuyen", {"address": "a@gmail.com", "title": "Văn phòng"}, "cùng tên miền"),
        ("chuyen", {"address": "vp@konray.example", "title": ""}, "Còn ô bắt buộc chưa ghi."),
    ],
)
def test_what_cannot_be_taken_comes_back_as_it_was_typed(desk, browser, task, act, typed, sentence):
    page = browser.get(task)
    before = everything(desk.engine)
    answer = browser.send(page, f"/{act}", **typed)
    assert answer.status == 422
    assert sentence in answer.text
    assert f"loi-{act}" in answer.ids
    kept = answer.form(f"/{act}").fields
    assert {name: kept[name].strip() for name in typed} == {name: value.strip() for name, value in typed.items()}
    assert everything(desk.engine) == before


def test_the_latest_possible_day_is_said_before_somebody_asks(browser, task):
    assert "Có thể gia hạn chậm nhất đến hết thứ Tư, ngày 20/11/2024." in browser.get(task).text


def test_what_is_not_possible_is_not_shown(browser, task):
    browser.send(browser.get(task), "/gia-han", **ACTS["gia-han"][0])
    page = browser.get(task)
    assert "đang chờ quyết định" in page.text
    assert not [form for form in page.forms if form.action.endswith("/gia-han")]
    page = browser.send(page, "/van-ban", **ACTS["van-ban"][0])
    assert [form.action for form in page.forms] == ["/don-vi/thoat", "/ngon-ngu"]
    assert "45/BC-UBND, ngày 23/10/2024" in page.text
    assert browser.get(f"{task}/bao-cao").path == task


def test_an_act_that_came_too_late_is_refused_and_shows_what_was_typed(browser, task):
    old = browser.get(task)
    browser.send(browser.get(task), "/van-ban", **ACTS["van-ban"][0])
    answer = browser.send(old, "/gia-han", until="2024-11-08", reason="Mưa lũ kéo dài")
    assert answer.status == 409
    assert "Mưa lũ kéo dài" in answer.text


def test_a_refused_request_shows_its_reason_and_can_be_asked_again(desk, browser, task):
    browser.send(browser.get(task), "/gia-han", **ACTS["gia-han"][0])
    with writing(desk.engine) as session:
        decide(
            session, 1, grant=False, until=None, comment="Phòng cần tổng hợp", actor="test", calendar=CALENDAR,
            desk=desk.world.desk(desk.world.now()), once=None,
        )  # fmt: skip
    page = browser.get(task)
    assert "Chưa chấp thuận gia hạn. Lý do: Phòng cần tổng hợp" in page.text
    assert page.form("/gia-han")


def test_a_returned_report_says_what_is_missing_and_until_when(desk, browser, task):
    number = number_of(desk.engine, DAK_KOI)
    browser.send(browser.get(task), "/van-ban", **ACTS["van-ban"][0])
    with writing(desk.engine) as session:
        send_back(
            session, number, comment="Thiếu số hộ nghèo", again_by=date(2024, 11, 6), acting=None, actor="test",
            now=desk.world.now(), calendar=CALENDAR,
        )  # fmt: skip
    page = browser.get(task)
    assert "Đề nghị bổ sung" in page.text
    assert "Nội dung cần bổ sung: Thiếu số hộ nghèo" in page.text
    assert "06/11/2024" in page.text


def test_an_overdue_report_is_named_without_blame(desk, browser, task):
    desk.world.clock[0] = at(date(2024, 11, 5))
    page = browser.get("/don-vi")
    assert "Quá hạn 03 ngày làm việc – chưa nhận được báo cáo" in page.text
    desk.world.clock[0] = at(DUE)
    assert "Hôm nay là ngày cuối của thời hạn" in browser.get(task).text


def test_a_page_says_why_this_date_and_what_the_plan_says(browser, task):
    page = browser.get(task)
    assert "trước ngày 01/11/2024, tức chậm nhất hết thứ Năm, ngày 31/10/2024" in page.text
    assert "đề xuất, không phải quy định" in page.text
    assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in page.text
    assert "V.4-3" not in page.answer.text
    assert '<blockquote lang="vi">Hàng năm, tổng hợp, báo cáo' in page.answer.text


def test_a_general_difficulty_belongs_to_one_of_the_units_plans(desk, browser):
    page = browser.get("/don-vi/vuong-mac")
    answer = browser.send(page, "/vuong-mac", text="Thiếu kinh phí", proposal="")
    assert answer.path == "/don-vi/vuong-mac"
    assert "Thiếu kinh phí" in answer.text
    before = everything(desk.engine)
    form = answer.form("/vuong-mac").fields
    for plan in ("999", "abc", "", "²"):
        assert browser.post("/don-vi/vuong-mac", form | {"plan": plan, "text": "x"}).status == 404
    assert everything(desk.engine) == before
    assert "Thiếu kinh phí" not in desk.browser(DAK_PNE).get("/don-vi/vuong-mac").text
    assert len(events(desk.engine, "difficulty")) == 1


def test_something_extraordinary_can_be_reported_and_is_never_overdue(desk, browser):
    page = browser.send(browser.get("/don-vi/phat-sinh"), "/phat-sinh", what="Hội thi cấp tỉnh")
    assert page.path.endswith("/bao-cao")
    assert "Đã ghi nhận hoạt động phát sinh." in page.text
    assert "Hội thi cấp tỉnh" in page.text
    desk.go_on(days=20)
    assert "Hội thi cấp tỉnh" in browser.get("/don-vi").text
    (event,) = events(desk.engine, "raised")
    assert event.detail["title"] == "Hội thi cấp tỉnh"


def test_a_doubled_report_of_something_extraordinary_opens_the_same_page(desk, browser):
    page = browser.get("/don-vi/phat-sinh")
    first = browser.send(page, "/phat-sinh", what="Hội thi cấp tỉnh")
    before = everything(desk.engine)
    assert browser.send(page, "/phat-sinh", what="Hội thi cấp tỉnh").path == first.path
    assert everything(desk.engine) == before


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"what": ""}, 422), ({"duty": "", "what": "x"}, 422), ({"duty": "1:V.4-3.a", "what": "x"}, 404)],
)
def test_nothing_is_raised_without_a_name_or_under_another_duty(desk, browser, typed, status):
    page = browser.get("/don-vi/phat-sinh")
    before = everything(desk.engine)
    assert browser.send(page, "/phat-sinh", **typed).status == status
    assert everything(desk.engine) == before


SUBSTITUTE = {
    "address": "vp.dak-koi@konray.example", "title": "Văn phòng", "first": "2024-10-25", "last": "2024-10-30",
}  # fmt: skip


def test_a_substitute_is_named_and_ended(desk, browser):
    before = len(messages(desk.engine))
    page = browser.send(browser.get("/don-vi/nguoi-lam-thay"), "/nguoi-lam-thay", **SUBSTITUTE)
    assert "Đã ghi nhận người làm thay." in page.text
    assert "Làm thay từ ngày 25/10/2024 đến hết ngày 30/10/2024" in page.text
    assert {address for address, _ in receipts(desk, before)} == {SUBSTITUTE["address"], desk.contact(DAK_KOI).address}
    ended = browser.send(page, "/thoi")
    assert "Đã kết thúc." in ended.text
    assert "Làm thay từ ngày" not in ended.text
    assert len(events(desk.engine, "substitute ended")) == 1
    again = browser.send(ended, "/nguoi-lam-thay", **SUBSTITUTE)
    assert "Làm thay từ ngày 25/10/2024" in again.text


def test_a_substitute_is_at_the_units_own_mail_domain(desk, browser):
    before = everything(desk.engine)
    page = browser.get("/don-vi/nguoi-lam-thay")
    answer = browser.send(page, "/nguoi-lam-thay", **SUBSTITUTE | {"address": "ai-do@elsewhere.example"})
    assert answer.status == 422
    assert "ai-do@elsewhere.example" in str(answer.form("/nguoi-lam-thay").fields)
    assert everything(desk.engine) == before


def test_a_colleague_who_is_ended_gives_his_assignments_back(desk, browser, task):
    browser.send(browser.get(task), "/chuyen", **ACTS["chuyen"][0])
    assert assignment(desk.engine, DAK_KOI).contact_id is not None
    page = browser.get("/don-vi/nguoi-lam-thay")
    browser.send(page, "/thoi")
    assert assignment(desk.engine, DAK_KOI).contact_id is None


def test_nobody_else_can_be_ended(desk, browser):
    form = browser.get("/don-vi/nguoi-lam-thay").form("/nguoi-lam-thay").fields
    before = everything(desk.engine)
    for number in (desk.contact(DAK_KOI).id, desk.contact(DAK_PNE).id, 999_999):
        assert browser.post(f"/don-vi/nguoi-lam-thay/{number}/thoi", form).status == 404
    assert everything(desk.engine) == before


def test_of_one_form_sent_twice_at_once_the_later_is_answered_like_the_first(desk):
    """Both looked into the journal before either wrote: the database lets one through, and the other looks again."""
    once, calls = "form-" + "x" * 16, []
    with writing(desk.engine) as session:
        record(session, now=desk.world.now(), actor="test", action="first", subject="x", once=once)

    def act(session):
        calls.append(session)
        if len(calls) == 1:
            record(session, now=desk.world.now(), actor="test", action="second", subject="x", once=once)
        return "done"

    assert perform(SimpleNamespace(world=desk.world), SimpleNamespace(once=once), act) == "done"
    assert len(calls) == 2
    assert events(desk.engine, "second") == []
    with pytest.raises(ActRefusedError):
        perform(SimpleNamespace(world=desk.world), SimpleNamespace(once="form-" + "y" * 16), _refused)


def _refused(_session):
    raise ActRefusedError


def test_what_no_keyboard_types_is_left_out(desk, browser, task):
    browser.send(browser.get(task), "/vuong-mac", text="Đài\x00 hỏng", proposal="")
    assert "Đài hỏng" in browser.get(task).text
    assert "\x00" not in repr(everything(desk.engine))
