"""The coordinator's and the head's pages: time, difficulties, ad hoc work, approvals, holds, contacts, outlines."""

from datetime import date

import pytest
from sqlmodel import select, update

from models import Contact, Difficulty, Hold, LinkKind, Message, Outgoing, OutgoingKind, OutgoingState, StoredFile
from models.database import reading, writing
from rules.vocabulary import MessageState
from services.bounces import Taken, take_in
from tests.integration.cast import (
    DAK_KOI,
    DAK_PNE,
    DUE,
    TAN_LAP,
    assignment,
    assignments,
    at,
    contact_of,
    events,
    everything,
    messages,
    notices,
)
from tests.integration.office_cast import APPROVER, COORDINATOR, PDF, OfficeDesk, again
from tests.integration.returned import notification, unreachable


@pytest.fixture
def desk(sqlite, tmp_path):
    return OfficeDesk.opened(sqlite, tmp_path)


@pytest.fixture
def officer(desk):
    return desk.staff(COORDINATOR)


@pytest.fixture
def head(desk):
    return desk.staff(APPROVER)


def pressed(value: str) -> dict[str, str]:
    return {"name": "action", "value": value}


def test_more_time_makes_a_new_version(desk, officer):
    desk.asked_for_time(DAK_KOI, date(2024, 11, 5))
    page = officer.get("/phong/gia-han")
    assert "Đang rà soát số liệu" in page.text
    assert "thứ Tư, ngày 20/11/2024" in page.text  # the working day before the office's own report is due
    form = page.forms[1]
    first, second = (officer.post(form.action, {**form.fields, "action": "grant"}) for _ in range(2))
    assert "Đã chấp thuận gia hạn" in first.text
    assert second.status == 200
    found = assignment(desk.engine, DAK_KOI)
    assert (found.version, found.final) == (2, date(2024, 11, 5))
    assert "v2 changed contact owed" in notices(desk.engine, DAK_KOI)
    assert len(events(desk.engine, "extend")) == 1


def test_a_refusal_has_a_reason_and_a_mail(desk, officer):
    desk.asked_for_time(DAK_KOI, date(2024, 11, 5))
    form = officer.get("/phong/gia-han").forms[1]
    assert officer.post(form.action, {**form.fields, "action": "refuse"}).status == 422
    done = officer.post(form.action, {**form.fields, "action": "refuse", "comment": "Cần kịp tổng hợp"})
    assert "chưa chấp thuận gia hạn" in done.text
    mail = messages(desk.engine)[-1]
    assert mail.address == contact_of(DAK_KOI)
    assert "Cần kịp tổng hợp" in mail.text
    assert assignment(desk.engine, DAK_KOI).final == DUE


def test_nobody_is_given_more_time_than_the_offices_own_deadline_leaves(desk, officer):
    desk.asked_for_time(DAK_KOI, date(2024, 11, 5))
    form = officer.get("/phong/gia-han").forms[1]
    before = everything(desk.engine)
    refused = officer.post(form.action, {**form.fields, "action": "grant", "until": "2024-11-21"})
    assert refused.status == 422
    assert "20/11/2024" in refused.text
    assert everything(desk.engine) == before


def test_a_request_is_decided_once(desk, officer):
    desk.asked_for_time(DAK_KOI, date(2024, 11, 5))
    form = officer.get("/phong/gia-han").forms[1]
    other = desk.staff(COORDINATOR)
    same = other.get("/phong/gia-han").forms[1]
    officer.post(form.action, {**form.fields, "action": "grant"})
    before = everything(desk.engine)
    late = other.post(same.action, {**same.fields, "action": "refuse", "comment": "Muộn"})
    assert late.status == 409
    assert everything(desk.engine) == before


def test_a_difficulty_is_answered_by_mail(desk, officer):
    desk.difficulty(DAK_KOI, "Loa hỏng")
    page = officer.get("/phong/vuong-mac?loc=chua-tra-loi")
    done = officer.send(page, "/vuong-mac/1", answer="Sẽ sửa trong tháng", theme="Thiết bị")
    assert "Sẽ sửa trong tháng" in done.text
    assert "Sẽ sửa trong tháng" in messages(desk.engine)[-1].text
    assert events(desk.engine, "difficulty answered")
    assert "Loa hỏng" not in officer.get("/phong/vuong-mac?loc=chua-tra-loi").text


def test_difficulties_go_up_only_after_the_head_has_approved(desk, officer, head):
    for unit in (DAK_KOI, TAN_LAP):
        desk.difficulty(unit, f"Vướng mắc của {unit}")
    sent_before = len(messages(desk.engine))
    page = officer.get("/phong/vuong-mac?chon=1&chon=2")
    form = page.form("/vuong-mac/chuyen")
    assert f"Vướng mắc của {TAN_LAP}" in form.fields["body"]
    key = {**form.fields, "chon": ["1", "2"]}
    assert "chờ" in officer.post(form.action, key).text.lower()
    assert len(messages(desk.engine)) == sent_before
    assert {row.outgoing_id for row in desk.rows(Difficulty)} == {1}
    waiting = head.get("/phong/duyet-gui")
    assert f"Vướng mắc của {DAK_KOI}" in waiting.text
    assert "Đã duyệt gửi" in head.send(waiting, "/duyet-gui/1", button=pressed("approve")).text
    mail = messages(desk.engine)[-1]
    assert mail.address == "van-phong.ubnd-huyen-kon-ray@konray.example"
    assert f"Vướng mắc của {TAN_LAP}" in mail.text


def test_the_head_decides_once_and_what_he_drops_is_not_sent(desk, head):
    with writing(desk.engine) as session:
        session.add(
            Outgoing(
                kind=OutgoingKind.UPWARD,
                plan_id=1,
                unit_id=1,
                subject="Thử",
                body="Thử",
                made_at=desk.world.now(),
                actor="staff:1",
            )
        )
    page = head.get("/phong/duyet-gui")
    again(head, page, "/duyet-gui/1", action="drop")
    assert desk.rows(Outgoing)[0].state is OutgoingState.DROPPED
    assert messages(desk.engine) == []
    late = head.send(page, "/thoat")  # signed out: the old form no longer counts
    assert late.path == "/phong/dang-nhap"
    assert len(events(desk.engine, "mailing dropped")) == 1


def test_the_report_on_late_units_is_a_draft_for_the_head(desk):
    desk.go_on(days=11)
    officer = desk.staff(COORDINATOR)
    page = officer.get("/phong/duyet-gui")
    form = page.form("/bao-cao-len")
    assert "Kính gửi: Ủy ban nhân dân huyện Kon Rẫy (qua Văn phòng HĐND và UBND huyện)" in form.fields["body"]
    assert "Ủy ban nhân dân xã Đăk Kôi: thời hạn 31/10/2024, quá hạn 02 ngày làm việc" in form.fields["body"]
    done = officer.send(page, "/bao-cao-len")
    assert "Báo cáo chỉ được gửi sau khi Lãnh đạo Phòng duyệt" in done.text
    assert messages(desk.engine) == []
    assert len(events(desk.engine, "letter drafted")) == 1


def test_work_that_a_document_orders_is_given_to_chosen_units(desk, officer):
    page = officer.get("/phong/dot-xuat")
    ground = _options(page.answer.text, "ground")[1]
    typed = {
        "ground": ground,
        "title": "Báo cáo nhanh về cuộc thi",
        "basis": "Công văn số 12/UBND-VX ngày 20/10/2024",
        "latest": "2024-11-08",
        "unit": [DAK_KOI, DAK_PNE],
    }
    form = page.form("/dot-xuat")
    for _ in range(2):
        assert officer.post(form.action, form.fields | typed).status == 200
    duty = ground.partition(":")[2]
    found = [row for row in assignments(desk.engine, DAK_KOI, duty=duty) if row.title]
    assert [(row.title, row.final, row.basis) for row in found] == [
        ("Báo cáo nhanh về cuộc thi", date(2024, 11, 8), "Công văn số 12/UBND-VX ngày 20/10/2024")
    ]
    assert [row for row in assignments(desk.engine, TAN_LAP, duty=duty) if row.title] == []
    assert "Báo cáo nhanh về cuộc thi" in officer.get("/phong/bang").text


def test_without_a_basis_nothing_is_given_and_nothing_typed_is_lost(desk, officer):
    page = officer.get("/phong/dot-xuat")
    form = page.form("/dot-xuat")
    before = everything(desk.engine)
    typed = {"title": "Báo cáo nhanh", "basis": "", "latest": "2024-11-08", "unit": DAK_KOI}
    refused = officer.post(form.action, form.fields | {"ground": _options(page.answer.text, "ground")[1]} | typed)
    assert refused.status == 422
    fields = refused.form("/dot-xuat").fields
    assert (fields["title"], fields["latest"], fields["unit"]) == ("Báo cáo nhanh", "2024-11-08", DAK_KOI)
    assert everything(desk.engine) == before


def test_sending_is_held_with_a_reason_and_goes_on_again(desk, officer):
    page = officer.get("/phong/tam-dung")
    form = page.forms[-2]
    done = officer.post(form.action, {**form.fields, "unit": DAK_KOI, "reason": "Bão lũ"})
    assert "Bão lũ" in done.text
    assert (
        officer.post(form.action, {**form.fields, "unit": DAK_KOI, "reason": "Bão lũ"}).status == 200
    )  # the same form
    fresh = officer.get("/phong/tam-dung").forms[-2]
    assert officer.post(fresh.action, {**fresh.fields, "unit": DAK_KOI, "reason": "Lại"}).status == 409
    lift = officer.get("/phong/tam-dung").forms[1]
    assert "Đã cho gửi lại" in officer.post(lift.action, lift.fields).text
    assert [row.lifted_at is None for row in desk.rows(Hold)] == [False]


def test_a_hold_needs_a_reason(desk, officer):
    form = officer.get("/phong/tam-dung").forms[-2]
    assert officer.post(form.action, {**form.fields, "unit": "*", "reason": " "}).status == 422
    assert desk.rows(Hold) == []


def test_test_mails_go_to_every_mailbox_once(desk, officer):
    page = officer.get("/phong/dau-moi")
    assert contact_of(DAK_KOI) in page.text
    again(officer, page, "/thu-thu")
    written = [mail.address for mail in messages(desk.engine)]
    assert contact_of(DAK_KOI) in written
    assert len(written) == len(set(written))


def test_revoked_links_open_nothing_more(desk, officer):
    unit = desk.browser(DAK_KOI)
    contact = desk.contact(DAK_KOI)
    officer.send(officer.get("/phong/dau-moi"), f"/dau-moi/{contact.id}/thu-hoi")
    assert unit.get("/don-vi").status == 410
    assert all(link.revoked_at for link in desk.links() if link.kind is LinkKind.UNIT)


def test_an_address_from_which_mails_come_back_is_shown_until_somebody_says_that_it_works(desk, officer):
    assert "bị trả lại" not in officer.get("/phong/dau-moi").text
    again(officer, officer.get("/phong/dau-moi"), "/thu-thu")
    with writing(desk.engine) as session:
        session.execute(update(Message).values(state=MessageState.SENT, settled_at=at(DUE, 8, 0)))
    (mail,) = [mail for mail in messages(desk.engine) if mail.address == contact_of(DAK_KOI)]
    assert take_in(desk.engine, notification(mail), now=at(DUE)) is Taken.BOUNCED
    page = officer.get("/phong/dau-moi")
    assert page.text.count("Thư gửi đến bị trả lại từ ngày") == 1
    assert "5.1.1 550 User unknown" in page.text
    assert "đơn vị có địa chỉ không nhận được thư" in officer.get("/phong").text
    again(officer, page, f"/dau-moi/{desk.contact(DAK_KOI).id}/gui-lai")
    assert "bị trả lại" not in officer.get("/phong/dau-moi").text
    assert unreachable(desk.engine) == []
    assert len(events(desk.engine, "reachable")) == 1


def test_only_contacts_of_the_offices_own_plans_are_touched(desk, officer):
    with reading(desk.engine) as session:
        foreign = session.exec(select(Contact).where(Contact.address == "van-thu.so-ldtbxh@kontum.example")).one()
    key = officer.get("/phong/dau-moi").form("/thu-thu").fields
    before = everything(desk.engine)
    assert officer.post(f"/phong/dau-moi/{foreign.id}/thu-hoi", key).status == 404
    assert officer.post(f"/phong/dau-moi/{foreign.id}/gui-lai", key).status == 404
    assert everything(desk.engine) == before


def test_an_outline_is_attached_downloaded_and_taken_off(officer):
    page = officer.get("/phong/de-cuong")
    done = officer.send(page, "/de-cuong", duty="1:V.4-3.a", file=("Đề cương.pdf", PDF, "application/pdf"))
    assert "Đề cương.pdf" in done.text
    answer = officer.get("/phong/tep/1").answer
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    officer.send(done, "/de-cuong/1/bo")
    assert officer.get("/phong/tep/1").status == 404


def test_a_file_that_lies_about_its_type_is_refused(desk, officer):
    page = officer.get("/phong/de-cuong")
    refused = officer.send(page, "/de-cuong", duty="1:V.4-3.a", file=("mau.pdf", b"MZ\x90\x00", "application/pdf"))
    assert refused.status == 422
    assert desk.rows(StoredFile) == []


def test_the_text_for_the_chat_group_holds_no_link(officer):
    page = officer.get("/phong/zalo")
    assert "Báo cáo năm 2024, thời hạn 31/10/2024" in page.text
    assert "/l/" not in page.text
    assert "http" not in page.text


def test_a_held_unit_is_named_nowhere(officer):
    form = officer.get("/phong/tam-dung").forms[-2]
    officer.post(form.action, {**form.fields, "unit": DAK_KOI, "reason": "Bão lũ"})
    text = officer.get("/phong/zalo").text
    assert "xã Đăk Pne" in text
    assert "xã Đăk Kôi" not in text


def _options(html: str, name: str) -> list[str]:
    """Return the values of a list on a page."""
    part = html.partition(f'name="{name}"')[2].partition("</select>")[0]
    return [piece.partition('"')[0] for piece in part.split('value="')[1:]]
