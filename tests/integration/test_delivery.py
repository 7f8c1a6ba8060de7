"""One mail per person and working day: who gets it, when it goes, and what keeps it back."""

from dataclasses import replace
from datetime import date

import pytest

from models.database import writing
from notifications.mailer import RecordingMailer
from rules.ladder import Ladder
from rules.vocabulary import MessageState
from services.assigning import current_clauses
from services.finding import find_plan
from services.follow_up import follow_up
from services.holds import HoldError, hold, lift
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DAK_PNE,
    MINUS_15,
    OPENING,
    PLAN,
    YEAR_2024,
    WatchedMailer,
    assignment,
    at,
    both,
    contact_of,
    deliver_at,
    events,
    hand_in,
    head_of,
    load,
    mail_to,
    messages,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
    with_unit,
)

OTHER = "ke-hoach-khac-2022-2025"


def other_plan(konray):
    head = konray.plan.plan.model_copy(update={"slug": OTHER, "title": "khác"})
    return replace(konray, plan=konray.plan.model_copy(update={"plan": head}))


def contacts_at(konray, unit, **addresses):
    """Return the units with other mailboxes for one of them."""
    entry = next(each for each in konray.units.units if each.slug == unit)
    contacts = tuple(
        each.model_copy(update={"address": addresses[each.role]}) for each in entry.contacts if each.role in addresses
    )
    return with_unit(konray, unit, contacts=contacts)


async def test_an_address_gets_one_mail_a_day_over_all_plans(engine, konray):
    load(engine, other_plan(konray))
    open_year(engine)
    open_year(engine, text=YEAR_2024.replace(PLAN, OTHER))
    follow_up(engine, plan=OTHER, clause="V.4-3", now=at(OPENING, 7, 5), calendar=CALENDAR)
    sent = await morning(engine, OPENING)
    assert len(recipients(sent)) == len(set(recipients(sent))) == 7
    for words in both(mail_to(sent, contact_of(DAK_KOI))):
        assert "giảm nghèo bền vững giai đoạn 2021 - 2025" in words
        assert "về khác" in words
    assert outcomes(engine) == {"sent": 14}


async def test_two_spellings_of_one_mailbox_are_one_person(engine, konray):
    load(engine, konray, units=contacts_at(konray, DAK_PNE, contact="Dau-Moi.Xa-Dak-Koi@KONRAY.example"))
    open_year(engine)
    sent = await morning(engine, OPENING)
    assert recipients(sent).count(contact_of(DAK_KOI)) == 1
    for words in both(mail_to(sent, contact_of(DAK_KOI))):
        assert "xã Đăk Kôi" in words
        assert "xã Đăk Pne" in words


async def test_a_second_delivery_of_a_day_sends_nothing_and_what_comes_later_waits_for_the_morrow(engine):
    open_year(engine)
    await morning(engine, OPENING)
    later = await morning(engine, OPENING, "V.4-1")  # the communes' plans are told of only now
    assert recipients(later) == []
    assert notices(engine, DAK_KOI, duty="V.4-1.a")[-1] == "v1 opened contact owed"
    assert len(recipients(await morning(engine, date(2024, 10, 2)))) == 7


@pytest.mark.parametrize("day_off", [date(2024, 10, 12), date(2024, 9, 2)])  # a Saturday, the National Day
async def test_on_a_day_off_no_morning_mail_goes_and_nothing_is_lost(sqlite, day_off):
    open_year(sqlite, CALENDAR.shift(day_off, -1))
    sweep(sqlite, CALENDAR.shift(day_off, -1))
    mailer = RecordingMailer()
    report = await deliver_at(sqlite, at(day_off), mailer)
    assert (report.working_day, report.mails, recipients(mailer)) == (False, 0, [])
    assert len(recipients(await morning(sqlite, CALENDAR.shift(day_off, 1)))) == 7


async def test_mails_wait_for_every_sweep_of_the_morning_until_half_past_eight(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    early = await deliver_at(engine, at(OPENING, 8, 29), mailer)
    assert recipients(mailer) == []
    assert len(early.waiting_for) == 16
    assert f"{PLAN} V.1-1" in early.waiting_for
    late = await deliver_at(engine, at(OPENING, 8, 30), mailer)
    assert (late.mails, late.waiting_for) == (7, ())


async def test_once_every_sweep_is_there_mails_go_at_once(engine):
    open_year(engine)
    with writing(engine) as session:
        clauses = [row.clause for row in current_clauses(session, find_plan(session, PLAN).id)]
    sweep(engine, OPENING, *clauses)
    mailer = RecordingMailer()
    report = await deliver_at(engine, at(OPENING, 7, 15), mailer)
    assert (report.waiting_for, outcomes(engine)["owed"]) == ((), 0)
    assert len(set(recipients(mailer))) == len(recipients(mailer)) == report.mails


async def test_a_unit_without_a_mailbox_is_skipped_by_name_and_the_others_get_theirs(engine, konray):
    load(engine, konray, units=with_unit(konray, DAK_KOI, contacts=()))
    open_year(engine)
    sent = await morning(engine, OPENING)
    assert notices(engine, DAK_KOI) == ["v1 opened contact skipped no contact"]
    assert len(recipients(sent)) == 6


async def test_one_mailbox_for_unit_and_head_reads_of_an_assignment_once(engine, konray):
    one = contact_of(DAK_KOI)
    load(engine, konray, units=contacts_at(konray, DAK_KOI, contact=one, head=one))
    open_year(engine)
    for day in (OPENING, date(2024, 10, 31)):
        await morning(engine, day)
    sent = await morning(engine, date(2024, 11, 1))
    assert recipients(sent).count(one) == 1
    text, _ = both(mail_to(sent, one))
    assert text.count("quá hạn 01 ngày làm việc") == 1
    assert {"v1 +1 contact sent", "v1 +1 head sent"} <= set(notices(engine, DAK_KOI))


async def test_a_held_unit_gets_nothing_until_the_hold_is_lifted_and_then_only_the_strongest(engine):
    open_year(engine)
    with writing(engine) as session:
        hold(session, unit=DAK_KOI, reason="thay đổi đầu mối", actor="test", now=at(OPENING, 6, 0))
    for day in (OPENING, MINUS_15):
        assert len(recipients(await morning(engine, day))) == 6
    with writing(engine) as session:
        lift(session, unit=DAK_KOI, actor="test", now=at(MINUS_15, 10, 0))
    assert recipients(await morning(engine, date(2024, 10, 11))) == [contact_of(DAK_KOI)]
    assert notices(engine, DAK_KOI) == ["v1 opened contact superseded", "v1 -15 contact sent"]
    assert [event.detail for event in events(engine, "hold")] == [{"reason": "thay đổi đầu mối"}]
    assert [event.subject for event in events(engine, "lift")] == [DAK_KOI]


async def test_a_hold_on_all_keeps_every_mail_back_also_one_that_waits_already(engine):
    open_year(engine)
    mailer = WatchedMailer()

    def hold_all():
        with writing(engine) as session:
            hold(session, unit=None, reason="rà soát", actor="test", now=at(OPENING))

    mailer.meanwhile.append(hold_all)
    sweep(engine, OPENING)
    report = await deliver_at(engine, at(OPENING), mailer)
    assert (len(mailer.attempts), report.mails, report.undelivered) == (1, 1, 6)
    with writing(engine) as session:
        lift(session, unit=None, actor="test", now=at(OPENING, 9, 0))
    await deliver_at(engine, at(OPENING, 9, 0), mailer)
    assert len(recipients(mailer)) == len(set(recipients(mailer))) == 7


@pytest.mark.parametrize(
    ("unit", "twice", "message"),
    [
        (DAK_KOI, True, f"already held for {DAK_KOI}"),
        (None, True, "already held for all units"),
        ("xa-dak-kon", False, "there is no unit 'xa-dak-kon'"),
    ],
)
def test_a_hold_that_stands_already_or_names_nobody_is_refused(sqlite, unit, twice, message):
    if twice:
        with writing(sqlite) as session:
            hold(session, unit=unit, reason="rà soát", actor="test", now=at(OPENING))
    with pytest.raises(HoldError, match=message), writing(sqlite) as session:
        hold(session, unit=unit, reason="rà soát", actor="test", now=at(OPENING))


def test_what_is_not_held_cannot_be_lifted(sqlite):
    with pytest.raises(HoldError, match="not held for all units"), writing(sqlite) as session:
        lift(session, unit=None, actor="test", now=at(OPENING))


async def test_a_report_that_comes_while_its_reminder_waits_voids_the_mail_and_the_rest_is_made_anew(engine):
    open_year(engine)
    for day in (OPENING,):
        await morning(engine, day, "V.4-1", "V.4-3")
    mailer = WatchedMailer(meanwhile=[lambda: hand_in(engine, "xa-tan-lap", MINUS_15, hour=8)])
    sent = await morning(engine, MINUS_15, "V.4-3", "V.4-1", mailer=mailer)
    assert contact_of("xa-tan-lap") in recipients(sent)  # its plan is overdue, too: that still holds
    for words in both(mail_to(sent, contact_of("xa-tan-lap"))):
        assert "Báo cáo năm" not in words
    states = [row.state for row in messages(engine) if row.address == contact_of("xa-tan-lap")]
    assert states == [MessageState.SENT, MessageState.VOID, MessageState.SENT]
    assert notices(engine, "xa-tan-lap")[-1] == "v1 -15 contact skipped handed in"


async def test_a_mail_of_nothing_but_moot_notices_is_void_and_nothing_takes_its_place(engine):
    open_year(engine)
    mailer = WatchedMailer(meanwhile=[lambda: hand_in(engine, "xa-tan-lap", OPENING, hour=8)])
    sent = await morning(engine, OPENING, mailer=mailer)
    assert len(recipients(sent)) == 6
    assert notices(engine, "xa-tan-lap") == ["v1 opened contact skipped handed in"]


async def test_an_unassigned_group_and_undated_work_are_told_once_and_never_again(engine):
    open_year(engine)
    await morning(engine, OPENING, "V.4-2", "V.3-3")
    assert notices(engine, DAK_KOI, duty="V.4-2.a") == ["v0 opened contact sent"]
    assert assignment(engine, DAK_KOI, duty="V.4-2.a").next_look_on is None
    assert recipients(await morning(engine, date(2024, 12, 31), "V.4-2", "V.3-3")) == []


async def test_a_request_is_one_courteous_invitation_and_no_more(engine):
    open_year(engine)
    sent = await morning(engine, OPENING, "V.5-1", "V.5-2", "V.5-3")
    assert len(recipients(sent)) == 6
    assert notices(engine, "mttq-huyen", duty="V.5-1.a") == ["v0 invited contact sent"]
    for words in both(mail_to(sent, contact_of("mttq-huyen"))):
        assert "rân trọng đề nghị" in words
        assert "quá hạn" not in words.lower()
    for day in (date(2024, 11, 5), date(2024, 12, 31)):
        assert recipients(await morning(engine, day, "V.5-1", "V.5-2", "V.5-3")) == []


async def test_a_plan_with_its_own_offsets_is_followed_up_on_its_own_days(sqlite, konray):
    entry = next(each for each in konray.plan.responsibilities if each.id == "V.4-3")
    rungs = entry.rungs.model_copy(update={"contact": (-3,), "head": ()})
    changed = replace(
        konray,
        plan=konray.plan.model_copy(
            update={
                "responsibilities": tuple(
                    each.model_copy(update={"rungs": rungs}) if each.id == "V.4-3" else each
                    for each in konray.plan.responsibilities
                )
            }
        ),
    )
    load(sqlite, changed)
    open_year(sqlite)
    sweep(sqlite, OPENING)
    assert assignment(sqlite, DAK_KOI).next_look_on == date(2024, 10, 28)
    assert Ladder().contact[0] == -15
    assert head_of(DAK_KOI) not in recipients(await morning(sqlite, date(2024, 11, 1)))
