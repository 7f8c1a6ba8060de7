"""People change their minds in the middle of a year: nobody is nagged wrongly, nothing is owed twice."""

from datetime import date

import pytest

from models.database import make_engine, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from plans.schema import Recipient
from rules.deadlines import DueRule, Form
from rules.errors import DondocError
from rules.lifecycle import Act, ActRefusedError
from services import composing
from services.acts import PastDateError, decide_submission, extend, record_letter, send_back
from services.cycles import change_deadline, close_cycle
from services.plan_loading import ShapeChangedError, UnitClashError, load_plan
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DAK_PNE,
    DUE,
    MINUS_5,
    OFFICE_HEAD,
    OFFICER,
    PLAN,
    PLUS_1,
    PLUS_3,
    PLUS_6,
    REPORT,
    WatchedMailer,
    assignment,
    at,
    both,
    contact_of,
    deliver_at,
    everything,
    hand_in,
    load,
    mail_to,
    morning,
    notices,
    number_of,
    open_year,
    recipients,
    sweep,
    with_clause,
    with_unit,
)


def returned(engine, unit, day, again_by):
    with writing(engine) as session:
        send_back(
            session,
            number_of(engine, unit),
            comment="bổ sung biểu 2",
            again_by=again_by,
            acting=None,
            actor="test",
            now=at(day, 14, 0),
            calendar=CALENDAR,
        )


def extended(engine, unit, day, until):
    with writing(engine) as session:
        extend(
            session,
            number_of(engine, unit),
            until=until,
            basis="Công văn của đơn vị",
            acting=None,
            actor="test",
            now=at(day, 14, 0),
            calendar=CALENDAR,
        )


def moved(engine, day, latest, *, recipient=""):
    rule = DueRule(form=Form.LATEST, written=latest, basis="Công văn của Phòng")
    with writing(engine) as session:
        return change_deadline(
            session,
            plan=PLAN,
            year=2024,
            key=(REPORT, recipient, "2024"),
            rule=rule,
            now=at(day, 15, 0),
            calendar=CALENDAR,
            actor="test",
        )


async def test_a_report_returned_by_the_same_date_is_told_at_once_and_its_ladder_starts_again(engine):
    open_year(engine, MINUS_5)
    await morning(engine, MINUS_5)
    hand_in(engine, DAK_KOI, MINUS_5)
    returned(engine, DAK_KOI, MINUS_5, DUE)
    mailer = WatchedMailer()
    await deliver_at(engine, at(MINUS_5, 15, 0), mailer)
    for body in both(mail_to(mailer, contact_of(DAK_KOI))):
        assert "bổ sung biểu 2" in body
    assert assignment(engine, DAK_KOI).version == 2
    assert contact_of(DAK_KOI) in recipients(await morning(engine, DUE))


async def test_a_returned_report_is_never_called_not_received(engine):
    open_year(engine, MINUS_5)
    hand_in(engine, DAK_KOI, MINUS_5)
    returned(engine, DAK_KOI, MINUS_5, DUE)
    await morning(engine, MINUS_5)
    mail = mail_to(await morning(engine, PLUS_1), contact_of(DAK_KOI))
    assert "Chưa nhận được" not in str(mail["Subject"])
    for body in both(mail):
        assert "đề nghị bổ sung" in body.lower()
        assert "chưa nhận được báo cáo của đơn vị" not in body


def test_more_time_is_later_than_the_present_date(engine):
    open_year(engine, MINUS_5)
    before = everything(engine)
    with pytest.raises(PastDateError, match="not later than the present deadline 2024-10-31"):
        extended(engine, DAK_KOI, MINUS_5, date(2024, 10, 30))
    assert everything(engine) == before


def test_a_units_own_extension_holds_exactly_as_long_as_it_is_the_later_date(engine):
    open_year(engine, MINUS_5)
    extended(engine, DAK_KOI, MINUS_5, date(2024, 11, 5))
    moved(engine, MINUS_5, date(2024, 11, 12))
    assert assignment(engine, DAK_KOI).final == date(2024, 11, 12)
    moved(engine, MINUS_5, date(2024, 11, 8))
    assert assignment(engine, DAK_KOI).final == date(2024, 11, 8)
    moved(engine, MINUS_5, date(2024, 11, 1))
    assert assignment(engine, DAK_KOI).final == date(2024, 11, 5)
    assert assignment(engine, DAK_PNE).final == date(2024, 11, 1)


def test_nothing_can_be_done_in_a_closed_year(engine):
    open_year(engine, MINUS_5)
    hand_in(engine, DAK_KOI, MINUS_5)
    with writing(engine) as session:
        close_cycle(session, plan=PLAN, year=2024, now=at(DUE), actor="test")
    before = everything(engine)
    with pytest.raises(ActRefusedError, match="2024 is closed"):
        returned(engine, DAK_KOI, DUE, PLUS_3)
    with pytest.raises(ActRefusedError, match="2024 is closed"):
        extended(engine, DAK_PNE, DUE, PLUS_3)
    assert everything(engine) == before


async def test_reminders_rest_after_a_letter_also_those_that_were_owed_already(engine):
    open_year(engine, MINUS_5)
    sweep(engine, PLUS_1)
    with writing(engine) as session:
        record_letter(
            session,
            number_of(engine, DAK_KOI),
            number="30/LĐTBXH",
            sent_on=PLUS_1,
            actor="test",
            now=at(PLUS_1, 7, 30),
            calendar=CALENDAR,
        )
    mailer = WatchedMailer()
    await deliver_at(engine, at(PLUS_1), mailer)
    assert contact_of(DAK_KOI) not in recipients(mailer)
    for body in both(mail_to(mailer, OFFICER)):
        assert "Đăk Kôi" not in body
    sent = recipients(await morning(engine, date(2024, 11, 11)))
    assert contact_of(DAK_KOI) in sent


def test_a_letter_of_a_day_to_come_is_refused(engine):
    open_year(engine, MINUS_5)
    with pytest.raises(PastDateError, match="after today"), writing(engine) as session:
        record_letter(
            session,
            number_of(engine, DAK_KOI),
            number="30/LĐTBXH",
            sent_on=PLUS_3,
            actor="test",
            now=at(PLUS_1),
            calendar=CALENDAR,
        )


async def test_the_list_for_the_head_holds_only_units_whose_own_turn_has_come(engine):
    open_year(engine, MINUS_5)
    extended(engine, DAK_PNE, MINUS_5, date(2024, 11, 4))
    await morning(engine, PLUS_1)
    for body in both(mail_to(await morning(engine, PLUS_3), OFFICE_HEAD)):
        assert "Đăk Kôi" in body
        assert "Đăk Pne" not in body


async def test_a_mail_that_waits_does_not_go_to_a_contact_who_was_replaced(engine, konray):
    open_year(engine, MINUS_5)
    sweep(engine, DUE)
    entry = next(unit for unit in konray.units.units if unit.slug == DAK_KOI)
    contacts = tuple(
        contact.model_copy(update={"address": "moi.xa-dak-koi@konray.example"})
        if contact.role == "contact"
        else contact
        for contact in entry.contacts
    )
    down = Outcome(kind=OutcomeKind.DOWN, detail="cannot connect")
    await deliver_at(engine, at(DUE), WatchedMailer(answers={contact_of("tt-dak-rve"): down}))  # the first in line
    load(engine, konray, units=with_unit(konray, DAK_KOI, contacts=contacts), now=at(DUE))
    mailer = WatchedMailer()
    await deliver_at(engine, at(DUE, 8, 45), mailer)
    assert recipients(mailer).count("moi.xa-dak-koi@konray.example") == 1
    assert contact_of(DAK_KOI) not in recipients(mailer)
    assert contact_of(DAK_PNE) in recipients(mailer)


async def test_a_clause_that_left_the_plan_sends_nothing_more(engine, konray):
    open_year(engine, MINUS_5)
    sweep(engine, DUE)
    gone = tuple(entry for entry in konray.plan.responsibilities if entry.id != "V.4-3")
    plan = konray.plan.model_copy(update={"responsibilities": gone})
    with writing(engine) as session:
        load_plan(session, plan, konray.units, source_text=konray.source_text, now=at(DUE, 8, 0), actor="test")
    mailer = WatchedMailer()
    await deliver_at(engine, at(DUE), mailer)
    assert recipients(mailer) == []
    assert any("skipped clause retired" in notice for notice in notices(engine, DAK_KOI))


async def test_a_sweep_that_comes_late_while_mails_are_being_written_costs_nobody_his_mail(engine, monkeypatch):
    open_year(engine)
    await morning(engine, DUE)
    sweep(engine, PLUS_1)
    late = make_engine(engine.url.render_as_string(hide_password=False))

    class Interrupted(composing.Letters):
        """The first time they are written, the reminders that they are about give way to stronger ones."""

        def __init__(self, *facts, **more):
            sweep(late, PLUS_6)
            super().__init__(*facts, **more)

    monkeypatch.setattr(composing, "Letters", Interrupted)
    mailer = RecordingMailer()
    report = await deliver_at(engine, at(PLUS_6), mailer)
    late.dispose()
    assert recipients(mailer).count(contact_of(DAK_KOI)) == 1
    assert "v1 +1 contact superseded" in notices(engine, DAK_KOI)
    assert "v1 +6 contact sent" in notices(engine, DAK_KOI)
    assert report.undelivered == 0


def test_recipients_cannot_change_while_units_still_owe_the_report(engine, konray):
    open_year(engine, MINUS_5)
    before = everything(engine)
    entry = next(entry for entry in konray.plan.responsibilities if entry.id == "V.4-3")
    second = Recipient(as_written="Sở", applied="so-ldtbxh-kon-tum")
    duty = entry.duties[0].model_copy(update={"recipients": (*entry.duties[0].recipients, second)})
    with pytest.raises(ShapeChangedError, match=r"V\.4-3\.a: .* while 2024 is open"):
        load(engine, with_clause(konray, "V.4-3", duties=(duty,)))
    assert everything(engine) == before


def test_another_plans_file_cannot_rename_this_plans_units(engine, konray):
    other = konray.plan.model_copy(update={"plan": konray.plan.plan.model_copy(update={"slug": "dak-ha"})})
    units = with_unit(konray, "phong-ldtbxh", name="Phòng Y tế huyện Đăk Hà")
    before = everything(engine)
    with pytest.raises(UnitClashError, match="'phong-ldtbxh' is 'Phòng Lao động"), writing(engine) as session:
        load_plan(session, other, units, source_text="", now=at(DUE), actor="test")
    assert everything(engine) == before


def test_what_was_addressed_to_the_former_office_is_decided_by_its_successor(engine, konray):
    open_year(engine, MINUS_5)
    hand_in(engine, DAK_KOI, MINUS_5)
    head = konray.plan.plan.model_copy(update={"collector": "phong-nnptnt"})
    with writing(engine) as session:
        plan = konray.plan.model_copy(update={"plan": head})
        load_plan(session, plan, konray.units, source_text=konray.source_text, now=at(DUE), actor="test")
    with writing(engine) as session:
        decide_submission(session, number_of(engine, DAK_KOI), Act.ACCEPT, acting=None, actor="test", now=at(PLUS_1))
    assert assignment(engine, DAK_KOI).state == "accepted"


def test_a_unit_that_does_not_exist_decides_nothing(engine):
    open_year(engine, MINUS_5)
    hand_in(engine, DAK_KOI, MINUS_5)
    with pytest.raises(DondocError, match="there is no unit 'nobody'"), writing(engine) as session:
        decide_submission(session, number_of(engine, DAK_KOI), Act.ACCEPT, acting="nobody", actor="test", now=at(DUE))
