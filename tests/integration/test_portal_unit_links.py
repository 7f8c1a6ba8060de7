"""Who comes in: good links and dead ones, other people's things, forms that are not ours; looking changes nothing."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import AccessLink, Contact
from models.database import writing
from services.links import revoke_links
from tests.integration.cast import DAK_KOI, DAK_PNE, at, everything, messages, number_of
from tests.integration.portal_cast import TODAY, UnitDesk, cookie_of, speak_english


@pytest.fixture
def desk(sqlite, tmp_path):
    return UnitDesk.opened(sqlite, tmp_path / "files")


def test_a_link_is_exchanged_for_a_cookie_and_a_clean_address(desk):
    browser, secret = desk.stranger(), desk.link(DAK_KOI)
    answer = browser.client.get(f"/l/{secret}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/don-vi")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    page = browser.get("/don-vi")
    assert page.status == 200
    assert secret not in page.answer.text


def test_the_same_link_opens_again_and_again(desk):
    secret = desk.link(DAK_KOI)
    assert [desk.stranger().get(f"/l/{secret}").status for _ in range(3)] == [200, 200, 200]


def test_the_bare_address_says_where_units_and_the_office_go(desk):
    page = desk.stranger().get("/")
    assert page.status == 200
    assert "mở liên kết trong thư nhắc việc" in page.text
    assert 'href="/phong"' in page.answer.text


@pytest.mark.parametrize("spoilt", [lambda s: "x" * len(s), lambda s: s[:-3], lambda s: s + "A", lambda _: "abc"])
def test_a_forged_or_truncated_link_opens_nothing_and_offers_nothing(desk, spoilt):
    page = desk.stranger().get(f"/l/{spoilt(desk.link(DAK_KOI))}")
    assert page.status == 410
    assert "cắt mất một phần" in page.text
    assert not [form for form in page.forms if form.action == "/lien-ket-moi"]


def test_an_expired_link_offers_a_fresh_one_to_the_same_address_only(desk):
    secret, before = desk.link(DAK_KOI), len(messages(desk.engine))
    desk.go_on(days=46)
    browser = desk.stranger()
    page = browser.send(browser.get(f"/l/{secret}"), "/lien-ket-moi")
    assert page.status == 200
    mails = messages(desk.engine)[before:]
    assert [mail.address for mail in mails] == [desk.contact(DAK_KOI).address]


def test_a_revoked_link_is_dead_even_where_it_was_open(desk):
    browser = desk.browser(DAK_KOI)
    with writing(desk.engine) as session:
        revoke_links(session, desk.contact(DAK_KOI).id, actor="test", now=desk.world.now())
    assert browser.get("/don-vi").status == 410


def test_a_link_dies_with_its_contact(desk):
    browser = desk.browser(DAK_KOI)
    with writing(desk.engine) as session:
        contact = session.get_one(Contact, desk.contact(DAK_KOI).id)
        contact.valid_to = TODAY - timedelta(days=1)
    assert browser.get("/don-vi").status == 410


def test_a_stranger_sees_no_page_of_a_unit(desk):
    number = number_of(desk.engine, DAK_KOI)
    for path in pages_of(number):
        page = desk.stranger().get(path)
        assert page.status == 410, path
        assert "Đăk Kôi" not in page.text, path


def test_another_units_assignment_does_not_exist(desk):
    browser, number = desk.browser(DAK_PNE), number_of(desk.engine, DAK_KOI)
    form = browser.get("/don-vi").form("/thoat").fields
    before = everything(desk.engine)
    for ending in ("", "/bao-cao", "/bieu-mau.xlsx", "/bao-cao.docx"):
        assert browser.get(f"/don-vi/nhiem-vu/{number}{ending}").status == 404
    typed = {
        "number": "1/BC",
        "dated": "2024-10-20",
        "until": "2024-11-05",
        "on": "2024-11-05",
        "reason": "x",
        "text": "x",
    }
    typed |= {"address": "a@konray.example", "title": "x", "results": "x", "action": "hand-in"}
    for ending in ("van-ban", "gia-han", "du-kien", "vuong-mac", "chuyen", "bao-cao", "tep/1/bo"):
        assert browser.post(f"/don-vi/nhiem-vu/{number}/{ending}", form | typed).status == 404, ending
    assert everything(desk.engine) == before


def test_a_form_from_elsewhere_is_refused(desk):
    browser = desk.browser(DAK_KOI)
    fields = browser.get("/don-vi").form("/xac-nhan").fields
    before = everything(desk.engine)
    for origin in ("https://evil.example", "null", ""):
        assert browser.post("/don-vi/xac-nhan", fields, origin=origin).status == 403
    for wrong in ({"key": "0" * 64}, {"key": ""}, {"once": "short"}, {"once": "\x00" * 20}):
        assert browser.post("/don-vi/xac-nhan", fields | wrong).status == 403
    assert everything(desk.engine) == before


def test_another_visitors_form_key_is_refused(desk):
    theirs = desk.browser(DAK_PNE).get("/don-vi").form("/xac-nhan").fields
    assert desk.browser(DAK_KOI).post("/don-vi/xac-nhan", theirs).status == 403


def test_looking_changes_nothing(desk):
    browser, number = desk.browser(DAK_KOI), number_of(desk.engine, DAK_KOI)
    before = everything(desk.engine)
    for path in pages_of(number):
        assert browser.get(path).status == 200, path
        browser.client.head(path)
    browser.client.head(f"/l/{cookie_of(browser)}")
    assert everything(desk.engine) == before
    assert desk.world.woken == []


def test_every_page_that_can_be_looked_at_is_tried(desk):
    """A new page must come into the list above."""
    app = desk.stranger().client.app
    paths = {path for path, methods in app.openapi()["paths"].items() if "get" in methods}
    known = {path.replace("7", "{identifier}", 1) for path in pages_of(7)} | {"/don-vi/tep/{file_id}"}
    assert {path for path in paths if path.startswith("/don-vi")} == known


def pages_of(number: int) -> list[str]:
    task = f"/don-vi/nhiem-vu/{number}"
    of_task = [f"{task}{ending}" for ending in ("", "/bao-cao", "/bieu-mau.xlsx", "/bao-cao.docx")]
    return ["/don-vi", *of_task, "/don-vi/vuong-mac", "/don-vi/phat-sinh", "/don-vi/nguoi-lam-thay"]


def test_english_pages_speak_english(desk):
    browser, number = desk.browser(DAK_KOI), number_of(desk.engine, DAK_KOI)
    speak_english(browser)
    bench = browser.get("/don-vi")
    assert "Assignments of the unit" in bench.text
    assert "working days left: 5" in bench.text
    assert "before 1 Nov 2024, that is by the end of Thursday, 31 October 2024" in bench.text
    assert "Hand" in browser.get(f"/don-vi/nhiem-vu/{number}/bao-cao").text


def test_signing_out_forgets_the_link_on_this_device_only(desk):
    browser = desk.browser(DAK_KOI)
    secret = cookie_of(browser)
    assert browser.send(browser.get("/don-vi"), "/thoat").status == 200
    assert browser.get("/don-vi").status == 410
    assert browser.get(f"/l/{secret}").status == 200


def test_a_file_or_number_that_is_none_is_not_found(desk):
    browser = desk.browser(DAK_KOI)
    for path in ("/don-vi/nhiem-vu/999999", "/don-vi/tep/999999"):
        assert browser.get(path).status == 404
    for path in ("/don-vi/nhiem-vu/0", "/don-vi/nhiem-vu/99999999999999", "/don-vi/nhiem-vu/abc"):
        assert browser.get(path).status == 422


def test_what_was_typed_is_shown_again_when_the_link_is_long_dead(desk):
    browser, number = desk.browser(DAK_KOI), number_of(desk.engine, DAK_KOI)
    page = browser.get(f"/don-vi/nhiem-vu/{number}")
    desk.world.clock[0] = at(TODAY + timedelta(days=60))
    answer = browser.send(page, "/vuong-mac", text="Đài truyền thanh hỏng")
    assert answer.status == 410
    assert "Đài truyền thanh hỏng" in answer.text


def test_only_digests_of_links_are_stored(desk):
    secret = desk.link(DAK_KOI)
    with writing(desk.engine) as session:
        assert all(secret not in link.digest for link in session.exec(select(AccessLink)))


def test_a_refusal_speaks_its_readers_language(desk):
    browser = desk.browser(DAK_KOI)
    with writing(desk.engine) as session:
        session.get_one(Contact, desk.contact(DAK_KOI).id).language = "en"
    assert "There is no such assignment" in browser.get("/don-vi/nhiem-vu/999999").text


def test_opening_a_newer_mails_link_leaves_the_form_that_is_being_filled_in_good(desk):
    """Every receipt carries a fresh link; the officer looks at it in another tab and goes on with his report."""
    browser = desk.browser(DAK_KOI)
    page = browser.get(f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_KOI)}")
    before = cookie_of(browser)
    browser.get(f"/l/{desk.link(DAK_KOI)}")
    assert cookie_of(browser) == before
    assert browser.send(page, "/du-kien", on="2024-11-05", reason="").status == 200


def test_another_units_link_takes_the_place_of_the_open_one(desk):
    browser = desk.browser(DAK_KOI)
    browser.get(f"/l/{desk.link(DAK_PNE)}")
    assert "Đăk Pne" in browser.get("/don-vi").text


def test_whoever_guesses_locks_nobody_else_out(desk):
    stranger, officer = desk.stranger(), desk.browser(DAK_KOI)
    answers = [stranger.get(f"/l/{'x' * 43}{n}").status for n in range(12)]
    assert answers == [410] * 10 + [429] * 2
    assert officer.get("/don-vi").status == 200


def test_a_flood_of_forms_is_refused_for_whoever_sends_it_alone(desk):
    flooding, other = desk.browser(DAK_KOI), desk.browser(DAK_PNE)
    answers = [flooding.post("/don-vi/xac-nhan", {"key": "wrong"}).status for _ in range(121)]
    assert answers == [403] * 120 + [429]
    assert other.send(other.get("/don-vi"), "/xac-nhan").status == 200


def test_a_flood_of_forms_from_strangers_is_refused(desk):
    stranger = desk.stranger()
    answers = [stranger.post("/ngon-ngu", {"once": "short"}).status for _ in range(121)]
    assert answers == [403] * 120 + [429]
