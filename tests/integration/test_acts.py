"""What people do to an assignment takes effect at once, is written down, and is decided only by the one addressed."""

from datetime import date, timedelta

import pytest

from models import Channel
from models.database import reading, writing
from rules.lifecycle import Act, ActRefusedError
from rules.vocabulary import AssignmentState
from services.acts import (
    Document,
    PastDateError,
    UnknownAssignmentError,
    assignments_of,
    decide_submission,
    extend,
    record_letter,
    send_back,
    submit,
)
from services.board import status
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    CONSOLIDATED,
    DAK_KOI,
    DAK_PNE,
    DUE,
    MINUS_5,
    MINUS_15,
    OFFICE,
    OPENING,
    PLAN,
    PLUS_1,
    PLUS_3,
    PLUS_6,
    REPORT,
    assignment,
    assignments,
    at,
    contact_of,
    events,
    everything,
    hand_in,
    mail_to,
    morning,
    notices,
    number_of,
    open_year,
    recipients,
    sweep,
)

NAME = f"{PLAN}/2024/{REPORT}/{DAK_KOI}"


def act_on(engine, identifier, act, day, *, acting=None):
    with writing(engine) as session:
        return decide_submission(session, identifier, act, acting=acting, actor="test", now=at(day))


def returned(engine, unit, day, *, again_by, hour=11):
    with writing(engine) as session:
        send_back(
            session,
            number_of(engine, unit),
            comment="bổ sung số liệu",
            again_by=again_by,
            acting=None,
            actor="test",
            now=at(day, hour, 0),
            calendar=CALENDAR,
        )


def extended(engine, unit, day, *, until, acting=None):
    with writing(engine) as session:
        extend(
            session,
            number_of(engine, unit),
            until=until,
            basis="Đề nghị số 3",
            acting=acting,
            actor="test",
            now=at(day),
            calendar=CALENDAR,
        )


async def test_a_unit_that_has_handed_in_gets_no_reminder(engine):
    open_year(engine)
    await morning(engine, OPENING)
    hand_in(engine, DAK_KOI, OPENING)
    for day in (MINUS_15, PLUS_1, PLUS_3):
        sent = recipients(await morning(engine, day))
        assert sent
        assert not any(DAK_KOI in recipient for recipient in sent)
    assert notices(engine, DAK_KOI) == ["v1 opened contact sent"]
    assert assignment(engine, DAK_KOI).next_look_on is None


async def test_handing_in_between_the_sweep_and_the_mail_stops_the_reminder(engine):
    open_year(engine)
    sweep(engine, MINUS_15)
    hand_in(engine, DAK_KOI, MINUS_15, hour=8)
    sent = await morning(engine, MINUS_15)
    assert contact_of(DAK_KOI) not in recipients(sent)
    assert notices(engine, DAK_KOI)[-1] == "v1 -15 contact skipped handed in"


def test_what_arrived_as_a_document_counts_from_its_arrival(engine):
    open_year(engine)
    document = Document(number="45/BC-UBND", dated=DUE, arrived_on=DUE)
    with writing(engine) as session:
        for unit in (DAK_KOI, DAK_PNE):
            number = number_of(engine, unit)
            submit(session, number, document=document, channel=Channel.DOCUMENT, actor="test", now=at(PLUS_3))
    assert [event.subject for event in events(engine, "receive")] == [NAME, NAME.replace("koi", "pne")]
    rows = everything(engine)["submission"]
    assert len(rows) == 2
    assert assignment(engine, DAK_PNE).state is AssignmentState.SUBMITTED


def test_one_that_cannot_be_recorded_takes_back_all_that_were_recorded_with_it(engine):
    open_year(engine)
    hand_in(engine, DAK_PNE, OPENING)
    before = everything(engine)
    document = Document(number="", dated=None, arrived_on=OPENING)

    def receive_both():
        with writing(engine) as session:
            for unit in (DAK_KOI, DAK_PNE):
                number = number_of(engine, unit)
                submit(session, number, document=document, channel=Channel.DOCUMENT, actor="test", now=at(OPENING))

    with pytest.raises(ActRefusedError, match="cannot receive an assignment that is submitted"):
        receive_both()
    assert everything(engine) == before


def test_an_arrival_in_the_future_is_refused(sqlite):
    open_year(sqlite)
    document = Document(number="", dated=None, arrived_on=DUE)
    number = number_of(sqlite, DAK_KOI)
    with pytest.raises(PastDateError, match="2024-10-31 lies after today"), writing(sqlite) as session:
        submit(session, number, document=document, channel=Channel.DOCUMENT, actor="test", now=at(OPENING))


def test_the_office_accepts_what_is_addressed_to_it(engine):
    open_year(engine)
    hand_in(engine, DAK_KOI, MINUS_5)
    assert act_on(engine, number_of(engine, DAK_KOI), Act.ACCEPT, MINUS_5) == NAME
    assert assignment(engine, DAK_KOI).state is AssignmentState.ACCEPTED
    (event,) = events(engine, "accept")
    assert (event.actor, event.subject) == ("test", NAME)
    (review,) = everything(engine)["review"]
    assert "accept" in review


@pytest.mark.parametrize("recipient", [0, 1])
def test_a_report_addressed_elsewhere_can_only_be_noted(engine, recipient):
    open_year(engine)
    report = assignments(engine, OFFICE, duty=CONSOLIDATED)[recipient]
    document = Document(number="", dated=None, arrived_on=MINUS_5)
    with writing(engine) as session:
        submit(session, report.id, document=document, channel=Channel.HANDED_IN, actor="test", now=at(MINUS_5))
    before = everything(engine)
    with pytest.raises(ActRefusedError, match=f"addressed to {report.recipient}: {OFFICE} can only note it"):
        act_on(engine, report.id, Act.ACCEPT, MINUS_5)
    assert everything(engine) == before
    act_on(engine, report.id, Act.NOTE, MINUS_5)
    assert assignments(engine, OFFICE, duty=CONSOLIDATED)[recipient].state is AssignmentState.NOTED
    assert assignments(engine, OFFICE, duty=CONSOLIDATED)[1 - recipient].state is AssignmentState.OPEN


def test_the_one_it_is_addressed_to_may_accept_by_name(sqlite):
    open_year(sqlite)
    report = assignments(sqlite, OFFICE, duty=CONSOLIDATED)[0]
    document = Document(number="", dated=None, arrived_on=MINUS_5)
    with writing(sqlite) as session:
        submit(session, report.id, document=document, channel=Channel.HANDED_IN, actor="test", now=at(MINUS_5))
    act_on(sqlite, report.id, Act.ACCEPT, MINUS_5, acting=report.recipient)
    assert assignments(sqlite, OFFICE, duty=CONSOLIDATED)[0].state is AssignmentState.ACCEPTED


async def test_a_return_tells_the_unit_at_once_and_starts_the_ladder_again(engine):
    open_year(engine)
    hand_in(engine, DAK_KOI, MINUS_5)
    returned(engine, DAK_KOI, MINUS_5, again_by=date(2024, 11, 8))
    sent = await morning(engine, MINUS_5)
    assert recipients(sent).count(contact_of(DAK_KOI)) == 1
    assert "gửi lại đến 08/11/2024" in str(mail_to(sent, contact_of(DAK_KOI))["Subject"])
    assert assignment(engine, DAK_KOI).state is AssignmentState.RETURNED
    for day in (PLUS_1, date(2024, 11, 8), date(2024, 11, 11)):
        await morning(engine, day)
    assert [line for line in notices(engine, DAK_KOI) if line.startswith("v2") and "superseded" not in line] == [
        "v2 changed contact sent",
        "v2 -5 contact sent",
        "v2 0 contact sent",
        "v2 +1 contact sent",
        "v2 +1 head sent",
        "v2 +1 officer sent",
    ]


def test_a_return_by_a_day_that_has_passed_is_refused_and_changes_nothing(engine):
    open_year(engine)
    hand_in(engine, DAK_KOI, MINUS_5)
    before = everything(engine)
    with pytest.raises(PastDateError, match="2024-10-23 lies before today"):
        returned(engine, DAK_KOI, MINUS_5, again_by=MINUS_5 - timedelta(days=1))
    assert everything(engine) == before


async def test_an_extended_unit_is_told_and_not_nagged_before_its_own_day(engine):
    open_year(engine)
    await morning(engine, MINUS_5)
    extended(engine, DAK_KOI, MINUS_5, until=date(2024, 11, 15))
    sent = await morning(engine, date(2024, 10, 25))
    assert recipients(sent) == [contact_of(DAK_KOI)]
    for day in (DUE, PLUS_3):
        assert not any(DAK_KOI in recipient for recipient in recipients(await morning(engine, day)))
    assert contact_of(DAK_KOI) in recipients(await morning(engine, PLUS_6))
    assert notices(engine, DAK_KOI)[-1] == "v2 -5 contact sent"


def test_more_time_is_given_only_by_the_one_it_is_addressed_to_and_only_for_a_date(sqlite):
    open_year(sqlite)
    with pytest.raises(ActRefusedError, match="can only note it"):
        extended(sqlite, DAK_KOI, MINUS_5, until=PLUS_6, acting="phong-vhtt")
    number = assignment(sqlite, DAK_KOI, duty="V.4-2.a").id
    with pytest.raises(ActRefusedError, match="has no deadline yet"), writing(sqlite) as session:
        extend(session, number, until=PLUS_6, basis="x", acting=None, actor="test", now=at(MINUS_5), calendar=CALENDAR)


async def test_after_a_recorded_letter_reminders_rest_for_five_working_days(engine):
    open_year(engine)
    await morning(engine, PLUS_1)
    with writing(engine) as session:
        number = number_of(engine, DAK_KOI)
        record_letter(
            session, number, number="12/LĐTBXH", sent_on=date(2024, 11, 4), actor="test", now=at(date(2024, 11, 4)),
            calendar=CALENDAR,
        )  # fmt: skip
    for day in (PLUS_3, date(2024, 11, 11)):
        assert not any(DAK_KOI in recipient for recipient in recipients(await morning(engine, day)))
    await morning(engine, date(2024, 11, 12))
    assert notices(engine, DAK_KOI)[-2:] == ["v1 +3 office-head sent", "v1 +6 contact sent"]


def test_an_act_on_an_assignment_that_does_not_exist_is_refused(sqlite):
    open_year(sqlite)
    with pytest.raises(UnknownAssignmentError, match="there is no assignment 999999"):
        act_on(sqlite, 999999, Act.ACCEPT, MINUS_5)


def test_assignments_are_found_by_their_units_and_an_unknown_unit_is_named(engine):
    open_year(engine)
    with reading(engine) as session:
        found = assignments_of(session, plan=PLAN, year=2024, duty=REPORT, units=[DAK_PNE, DAK_KOI])
        with pytest.raises(UnknownAssignmentError, match="no assignment for xa-dak-kon; it has: tt-dak-rve"):
            assignments_of(session, plan=PLAN, year=2024, duty=REPORT, units=["xa-dak-kon"])
    assert found == [number_of(engine, DAK_PNE), number_of(engine, DAK_KOI)]


def test_the_board_computes_who_is_overdue(engine):
    open_year(engine)
    hand_in(engine, DAK_PNE, DUE)
    with reading(engine) as session:
        rows = status(session, plan=PLAN, year=2024, now=at(PLUS_3), calendar=CALENDAR)
    late = {row.unit: row.overdue_working_days for row in rows if row.duty == REPORT}
    assert late == {unit: 0 if unit == DAK_PNE else 3 for unit in COMMUNES}
