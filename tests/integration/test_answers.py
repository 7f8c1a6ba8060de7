"""What a unit answers stops or changes its ladder at once, even while a delivery is under way."""

from datetime import date

import pytest
from sqlmodel import select

from models import Contact, Difficulty, ExtensionRequest, Outgoing, OutgoingKind, OutgoingState, RequestState, Unit
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from rules.access import Right
from rules.lifecycle import ActRefusedError
from rules.vocabulary import AssignmentState
from services import extensions
from services.acts import Document, PastDateError, UnknownAssignmentError
from services.adhoc import AdHoc, NoOpenYearError, give, raise_event
from services.answers import (
    EmptyError,
    acknowledge,
    expect,
    name_document,
    raise_difficulty,
)
from services.approvals import DecidedAlreadyError
from services.finding import UnknownClauseError, find_plan
from services.letters import Letterhead
from services.links import StaffVisitor, UnitVisitor
from services.notes import Desk
from services.people import OtherDomainError, name_substitute, pass_on
from services.upward import conclude_outgoing, draft_upward
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    DAK_PNE,
    DUE,
    MINUS_5,
    MINUS_15,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLAN,
    PLUS_1,
    PLUS_3,
    PLUS_6,
    REPORT,
    YEAR_2024,
    WatchedMailer,
    assignment,
    at,
    both,
    contact_of,
    deliver_at,
    events,
    everything,
    head_of,
    mail_to,
    messages,
    morning,
    notices,
    number_of,
    open_year,
    recipients,
    sweep,
)

DESK = Letterhead(from_address="nhacviec@konray.example", reply_to="laodong@konray.example")


def desk(day, hour=9):
    return Desk(letterhead=DESK, now=at(day, hour, 0))


def unit(session, slug=DAK_KOI):
    found = session.exec(select(Contact).where(Contact.address == contact_of(slug))).one()
    return UnitVisitor(contact=found, unit=session.get_one(Unit, found.unit_id), link_id=0)


def staff(session):
    plan = find_plan(session, PLAN)
    office = session.exec(select(Unit).where(Unit.slug == "phong-ldtbxh")).one()
    from models import Staff  # noqa: PLC0415 - one member of staff stands for all here

    found = session.exec(select(Staff).where(Staff.address == OFFICER)).one()
    return StaffVisitor(staff=found, unit=office, rights=frozenset(Right), plans=(plan,))


def said(engine, act, *, slug=DAK_KOI, **facts):
    """Let a unit answer about its report; returns what the act returned."""
    number = number_of(engine, slug)
    with writing(engine) as session:
        return act(session, unit(session, slug), number, **{"once": None, **facts})


def reminded(mailer):
    """Return who got a morning mail: receipts answer what people did."""
    return [to for to, content in mailer.sent if b"X-Dondoc-Kind: morning" in content]


async def test_acknowledging_makes_the_news_needless_and_nothing_else(engine):
    open_year(engine)
    sweep(engine, OPENING)
    with writing(engine) as session:
        assert acknowledge(session, unit(session), desk=desk(OPENING, 8), once=None) > 1
    mailer = RecordingMailer()
    await deliver_at(engine, at(OPENING), mailer)
    assert notices(engine, DAK_KOI) == ["v1 opened contact skipped acknowledged"]
    assert len(recipients(mailer)) == len(COMMUNES)  # six letters, and the receipt to the one that knows already
    later = await morning(engine, MINUS_15)
    assert contact_of(DAK_KOI) in recipients(later)


async def test_a_document_named_while_its_reminder_is_being_sent_stops_it(engine):
    open_year(engine)
    mailer = WatchedMailer()
    document = Document(number="45/BC-UBND", dated=MINUS_5, arrived_on=MINUS_5)
    late = COMMUNES[-1]
    mailer.meanwhile = [lambda: said(engine, name_document, slug=late, document=document, desk=desk(MINUS_5, 8))]
    await morning(engine, MINUS_5, mailer=mailer)
    assert not any(b"X-Dondoc-Kind: morning" in content for content in mailer.attempted(contact_of(late)))
    assert notices(engine, late)[-1] == "v1 -5 contact skipped handed in"
    assert assignment(engine, late).state is AssignmentState.SUBMITTED


async def test_a_unit_that_says_when_it_comes_is_left_in_peace_until_then_and_the_list_says_so(engine):
    open_year(engine)
    await morning(engine, DUE)
    said(engine, expect, on=PLUS_6, reason="đang ký", desk=desk(DUE, 14))
    first = await morning(engine, PLUS_1)
    assert contact_of(DAK_KOI) not in reminded(first)
    assert head_of(DAK_KOI) in reminded(first)
    listed = await morning(engine, PLUS_3)
    for words in both(mail_to(listed, OFFICE_HEAD)):
        assert "Dự kiến gửi ngày 08/11/2024 (đơn vị tự nêu)" in words
    again = await morning(engine, PLUS_6)
    assert "v1 +6 contact sent" in notices(engine, DAK_KOI)
    assert contact_of(DAK_KOI) in recipients(again)


async def test_an_answer_after_the_sweep_rests_what_is_owed_already(engine):
    open_year(engine)
    await morning(engine, DUE)
    sweep(engine, PLUS_1)
    said(engine, expect, on=PLUS_6, reason="đang ký", desk=desk(PLUS_1, 8))
    mailer = RecordingMailer()
    await deliver_at(engine, at(PLUS_1), mailer)
    assert contact_of(DAK_KOI) not in reminded(mailer)
    assert head_of(DAK_KOI) in reminded(mailer)
    assert "v1 +1 contact owed" in notices(engine, DAK_KOI)


async def test_a_request_for_time_rests_the_reminders_until_it_is_decided(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    said(engine, extensions.ask, until=PLUS_3, reason="rà soát", desk=desk(date(2024, 10, 23)), calendar=CALENDAR)
    quiet = await morning(engine, MINUS_5)
    assert contact_of(DAK_KOI) not in reminded(quiet)
    assert contact_of(DAK_PNE) in reminded(quiet)
    refused(engine, MINUS_5)
    mailer = RecordingMailer()
    sweep(engine, date(2024, 10, 25))
    await deliver_at(engine, at(date(2024, 10, 25)), mailer)
    assert "v1 -5 contact sent" in notices(engine, DAK_KOI)


def decided(engine, day, *, grant, until=None, comment="", once=None):
    with writing(engine) as session:
        request = session.exec(select(ExtensionRequest)).one()
        extensions.decide(
            session,
            request.id,
            grant=grant,
            until=until,
            comment=comment,
            actor="test",
            desk=desk(day, 11),
            calendar=CALENDAR,
            once=once,
        )


def refused(engine, day):
    decided(engine, day, grant=False, comment="cần số liệu để tổng hợp")


async def test_a_granted_request_gives_a_new_deadline_of_which_the_unit_hears_at_once(engine):
    open_year(engine)
    said(engine, extensions.ask, until=PLUS_3, reason="rà soát", desk=desk(MINUS_5), calendar=CALENDAR)
    decided(engine, MINUS_5, grant=True)
    mailer = RecordingMailer()
    await deliver_at(engine, at(MINUS_5, 20, 0), mailer)
    assert assignment(engine, DAK_KOI).final == PLUS_3
    (changed,) = [
        words for words in map(both, _mails_to(mailer, contact_of(DAK_KOI))) if "được gia hạn đến hết" in words[0]
    ]
    assert "rà soát" in changed[0]


def _mails_to(mailer, address):
    from email import message_from_bytes, policy  # noqa: PLC0415

    return [message_from_bytes(content, policy=policy.default) for to, content in mailer.sent if to == address]


def test_a_refused_request_is_answered_with_its_reason(engine):
    open_year(engine)
    said(engine, extensions.ask, until=PLUS_3, reason="rà soát", desk=desk(MINUS_5), calendar=CALENDAR)
    refused(engine, MINUS_5)
    (mail,) = [message for message in messages(engine) if "hưa chấp thuận" in message.text]
    assert "cần số liệu để tổng hợp" in mail.text
    assert "31/10/2024" in mail.text
    with pytest.raises(DecidedAlreadyError):
        decided(engine, MINUS_5, grant=True)


@pytest.mark.parametrize(
    ("until", "refusal"),
    [
        # Not later than the deadline itself.
        (DUE, PastDateError),
        # The office consolidates by 21/11: its units must be in at least a working day before (NĐ 09/2019, Đ.8 k.5).
        (date(2024, 11, 21), extensions.TooLateError),
    ],
)
def test_no_more_time_than_makes_sense_can_be_asked_for(engine, until, refusal):
    open_year(engine)
    before = everything(engine)
    with pytest.raises(refusal):
        said(engine, extensions.ask, until=until, reason="rà soát", desk=desk(MINUS_5), calendar=CALENDAR)
    assert everything(engine) == before


def test_the_latest_day_is_the_working_day_before_the_consolidation(engine):
    open_year(engine)
    with reading(engine) as session:
        found = extensions.latest_day(session, assignment(engine, DAK_KOI), now=at(MINUS_5), calendar=CALENDAR)
    assert found == date(2024, 11, 20)


def test_two_requests_at_once_and_one_that_a_report_made_moot(engine):
    open_year(engine)
    ask = {"until": PLUS_3, "reason": "rà soát", "desk": desk(MINUS_5), "calendar": CALENDAR}
    said(engine, extensions.ask, **ask)
    with pytest.raises(extensions.AskedAlreadyError):
        said(engine, extensions.ask, **ask)
    document = Document(number="45/BC-UBND", dated=MINUS_5, arrived_on=MINUS_5)
    said(engine, name_document, document=document, desk=desk(MINUS_5, 10))
    with reading(engine) as session:
        assert session.exec(select(ExtensionRequest.state)).all() == [RequestState.MOOT]


async def test_a_colleague_gets_what_was_passed_to_him_and_the_contact_the_rest(engine):
    open_year(engine)
    colleague = "van-hoa.xa-dak-koi@konray.example"
    said(engine, pass_on, address=f" {colleague.upper()} ", title="Công chức Văn hóa", desk=desk(OPENING))
    mailer = await morning(engine, MINUS_15)
    assert colleague in recipients(mailer)
    assert "Báo cáo năm 2024" in " ".join(mail["Subject"] for mail in _mails_to(mailer, colleague))
    assert not any("Hạn 31/10/2024" in mail["Subject"] for mail in _mails_to(mailer, contact_of(DAK_KOI)))


@pytest.mark.parametrize(
    ("address", "title", "refusal"),
    [
        # A link must not leave the unit by a slip or by a trick.
        ("ai-do@elsewhere.example", "Công chức", OtherDomainError),
        ("a@konray.example\r\nBcc: b@konray.example", "Công chức", OtherDomainError),
        ("", "Công chức", OtherDomainError),
        ("van-hoa.xa-dak-koi@konray.example", " ", EmptyError),
    ],
)
def test_nothing_is_passed_out_of_the_unit(engine, address, title, refusal):
    open_year(engine)
    before = everything(engine)
    with pytest.raises(refusal):
        said(engine, pass_on, address=address, title=title, desk=desk(OPENING))
    assert everything(engine) == before


async def test_a_substitute_reads_the_mails_of_his_days_and_no_others(engine):
    open_year(engine)
    await morning(engine, OPENING)
    substitute = "van-phong.xa-dak-koi@konray.example"
    with writing(engine) as session:
        name_substitute(
            session,
            unit(session),
            address=substitute,
            title="Văn phòng - Thống kê",
            first=MINUS_15,
            last=MINUS_15,
            desk=desk(OPENING, 15),
            once=None,
        )
    away, back = await morning(engine, MINUS_15), await morning(engine, MINUS_5)
    assert any("31/10/2024" in mail["Subject"] for mail in _mails_to(away, substitute))
    assert not any("31/10/2024" in mail["Subject"] for mail in _mails_to(away, contact_of(DAK_KOI)))
    assert contact_of(DAK_KOI) in recipients(back)
    assert substitute not in recipients(back)


def test_a_difficulty_is_registered_and_moves_no_date(engine):
    open_year(engine)
    final = assignment(engine, DAK_KOI).final
    with writing(engine) as session:
        raise_difficulty(
            session,
            unit(session),
            plan_id=find_plan(session, PLAN).id,
            text="Thiếu kinh phí",
            proposal="Bổ sung kinh phí",
            desk=desk(MINUS_5),
            once=None,
            identifier=number_of(engine, DAK_KOI),
        )
    with reading(engine) as session:
        assert session.exec(select(Difficulty.text)).all() == ["Thiếu kinh phí"]
    assert assignment(engine, DAK_KOI).final == final
    (mail,) = [message for message in messages(engine) if message.address == contact_of(DAK_KOI)]
    assert "Thiếu kinh phí" in mail.text
    assert "Bổ sung kinh phí" in mail.text


def test_another_units_assignment_does_not_exist_for_a_unit(engine):
    open_year(engine)
    number = number_of(engine, DAK_PNE)
    with writing(engine) as session, pytest.raises(UnknownAssignmentError):
        expect(session, unit(session), number, on=DUE, reason="", desk=desk(MINUS_5), once=None)


def test_the_same_form_twice_is_done_once(engine):
    open_year(engine)
    said(engine, expect, on=DUE, reason="", desk=desk(MINUS_5), once="a" * 22)
    before = everything(engine)
    said(engine, expect, on=DUE, reason="", desk=desk(MINUS_5, 10), once="a" * 22)
    assert everything(engine) == before
    assert len(events(engine, "expected")) == 1


def test_nothing_more_can_be_promised_once_it_was_handed_in(engine):
    open_year(engine)
    document = Document(number="45/BC-UBND", dated=MINUS_5, arrived_on=MINUS_5)
    said(engine, name_document, document=document, desk=desk(MINUS_5))
    with pytest.raises(ActRefusedError):
        said(engine, expect, on=DUE, reason="", desk=desk(MINUS_5, 10))


# --- ad hoc -----------------------------------------------------------------------------------------------------


def given(engine, *, duty="V.2-3.a", basis="Công văn số 99/SLĐTBXH-BTXH", latest=PLUS_3, units=(DAK_KOI, DAK_PNE)):
    with writing(engine) as session:
        plan = find_plan(session, PLAN)
        ids = [found.id for found in session.exec(select(Unit)) if found.slug in units]
        order = AdHoc(plan_id=plan.id, duty_key=duty, title="Cuộc thi viết", basis=basis, latest=latest)
        return give(session, order, ids, actor="test", now=at(MINUS_15, 10, 0), calendar=CALENDAR, once=None)


async def test_an_ad_hoc_task_is_announced_and_counted_down_like_any_other(engine):
    open_year(engine)
    assert given(engine) == 2
    mailer = RecordingMailer()
    sweep(engine, date(2024, 10, 11), "V.2-3")
    await deliver_at(engine, at(date(2024, 10, 11)), mailer)
    for words in both(mail_to(mailer, contact_of(DAK_KOI))):
        assert "Cuộc thi viết năm 2024" in words
        assert "Công văn số 99/SLĐTBXH-BTXH" in words
    assert sorted(recipients(mailer)) == sorted([contact_of(DAK_KOI), contact_of(DAK_PNE)])


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        # An office cannot order a commune on its own word: the basis is compulsory.
        ({"basis": "  "}, EmptyError),
        ({"units": ()}, EmptyError),
        ({"latest": date(2024, 10, 1)}, PastDateError),
        # A duty that has dates of its own is no ground for something ad hoc.
        ({"duty": REPORT}, UnknownClauseError),
        ({"duty": "V.9-9.z"}, UnknownClauseError),
    ],
)
def test_an_impossible_ad_hoc_task_gives_nothing(engine, change, refusal):
    open_year(engine)
    before = everything(engine)
    with pytest.raises(refusal):
        given(engine, **change)
    assert everything(engine) == before


def test_without_an_open_year_nothing_ad_hoc_is_given(engine):
    with pytest.raises(NoOpenYearError):
        given(engine)


async def test_what_a_unit_raises_itself_is_never_overdue_and_never_reminded_of(engine):
    open_year(engine)
    with writing(engine) as session:
        plan = find_plan(session, PLAN)
        number = raise_event(
            session,
            unit(session),
            plan_id=plan.id,
            duty_key="V.KET.b",
            title="Thiên tai",
            now=at(MINUS_15, 9, 0),
            once=None,
        )
    assert number
    mailer = await morning(engine, date(2024, 12, 20), "V.KET")
    assert not any("Thiên tai" in words for mail in map(both, _mails_to(mailer, contact_of(DAK_KOI))) for words in mail)


# --- approvals --------------------------------------------------------------------------------------------------


def outgoing(engine):
    with reading(engine) as session:
        return list(session.exec(select(Outgoing)))


def concluded(engine, number, state, day=OPENING):
    with writing(engine) as session:
        conclude_outgoing(session, staff(session), number, state, desk=desk(day, 12), once=None)


@pytest.mark.parametrize(
    ("state", "mails", "end"),
    [
        (OutgoingState.APPROVED, len(COMMUNES), "v1 opened contact sent"),
        (OutgoingState.DROPPED, 0, "v1 opened contact skipped not approved"),
    ],
)
async def test_an_opening_mailing_waits_for_the_head_of_the_office(engine, state, mails, end):
    open_year(engine, text=YEAR_2024 + "approve: [opening]\n")
    waiting = await morning(engine, OPENING)
    assert recipients(waiting) == []
    (row,) = outgoing(engine)
    assert (row.kind, row.state) == (OutgoingKind.OPENING, OutgoingState.WAITING)
    concluded(engine, row.id, state)
    mailer = RecordingMailer()
    await deliver_at(engine, at(OPENING, 13, 0), mailer)
    assert len(recipients(mailer)) == mails
    assert notices(engine, DAK_KOI) == [end]
    with pytest.raises(DecidedAlreadyError):
        concluded(engine, row.id, OutgoingState.APPROVED)


async def test_nothing_goes_upward_before_the_head_has_approved_it(engine):
    open_year(engine)
    with writing(engine) as session:
        plan = find_plan(session, PLAN)
        facts = {"plan_id": plan.id, "subject": "Tình hình gửi báo cáo", "body": "Còn 02 đơn vị."}
        draft_upward(session, staff(session), **facts, desk=desk(PLUS_3), once=None)
    mailer = RecordingMailer()
    await deliver_at(engine, at(PLUS_3, 13, 0), mailer)
    superior = "van-phong.ubnd-huyen-kon-ray@konray.example"
    assert superior not in recipients(mailer)
    (row,) = outgoing(engine)
    concluded(engine, row.id, OutgoingState.APPROVED, PLUS_3)
    await deliver_at(engine, at(PLUS_3, 14, 0), mailer)
    (mail,) = _mails_to(mailer, superior)
    assert "(qua Văn phòng HĐND và UBND huyện)" in both(mail)[0]
    assert "Còn 02 đơn vị." in both(mail)[0]
