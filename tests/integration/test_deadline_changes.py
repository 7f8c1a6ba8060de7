"""A date that moves: by the coordinator's word, by an extension of one's own, or because a day off was announced."""

from datetime import date

import pytest
from sqlmodel import col, select

from models import DeadlineVersion, DueDate
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from rules.deadlines import DueRule, Form
from rules.workdays import DayOverride, WorkingCalendar
from services.cycles import CycleError, change_deadline, close_cycle
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DAK_PNE,
    DUE,
    MINUS_5,
    MINUS_15,
    OFFICE,
    OPENING,
    PLAN,
    PLUS_1,
    PLUS_6,
    REPORT,
    assignment,
    assignments,
    at,
    both,
    contact_of,
    deliver_at,
    events,
    everything,
    hand_in,
    mail_to,
    morning,
    notices,
    open_year,
    recipients,
    sweep,
)
from tests.integration.test_acts import extended

BASIS = "Công văn số 20/LĐTBXH"
THURSDAY_OFF = WorkingCalendar([DayOverride(day=DUE, working=False, basis="Thông báo số 9")])


def changed(engine, day, *, latest, duty=REPORT, recipient="", year=2024):
    with writing(engine) as session:
        return change_deadline(
            session,
            plan=PLAN,
            year=year,
            key=(duty, recipient, str(year)),
            rule=DueRule(form=Form.LATEST, written=latest, basis=BASIS),
            now=at(day, 15, 0),
            calendar=CALENDAR,
            actor="test",
        )


def steps_of(engine, unit):
    with reading(engine) as session:
        row = session.exec(
            select(DeadlineVersion)
            .where(DeadlineVersion.assignment_id == assignment(engine, unit).id)
            .order_by(col(DeadlineVersion.version).desc())
        ).first()
    return [(step["kind"], step["day"]) for step in row.steps]


async def test_a_changed_date_is_a_new_version_a_notice_at_once_and_a_line_in_the_journal(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    assert changed(engine, MINUS_15, latest=date(2024, 11, 8)) == 7
    row = assignment(engine, DAK_KOI)
    assert (row.version, row.final, row.since) == (2, date(2024, 11, 8), MINUS_15)
    assert notices(engine, DAK_KOI)[-1] == "v2 changed contact owed"
    assert steps_of(engine, DAK_KOI) == [("base", "2024-10-31"), ("changed", "2024-11-08")]
    (event,) = events(engine, "deadline")
    assert event.subject == f"{PLAN}/2024/{REPORT}"
    assert (event.detail["basis"], event.detail["assignments"]) == (BASIS, 7)


async def test_word_of_a_changed_date_goes_out_on_the_same_afternoon_beside_the_morning_mail(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    changed(engine, MINUS_15, latest=date(2024, 11, 8))
    mailer = RecordingMailer()
    await deliver_at(engine, at(MINUS_15, 15, 15), mailer)
    assert len(recipients(mailer)) == 7
    for words in both(mail_to(mailer, contact_of(DAK_KOI))):
        assert "31/10/2024" in words
        assert "08/11/2024" in words
        assert BASIS in words


async def test_what_was_owed_for_the_earlier_date_is_superseded(engine):
    open_year(engine)
    sweep(engine, MINUS_15)
    changed(engine, MINUS_15, latest=date(2024, 11, 29))
    mailer = await morning(engine, date(2024, 10, 11))
    assert recipients(mailer).count(contact_of(DAK_KOI)) == 1
    assert notices(engine, DAK_KOI)[1:] == [
        "v1 -15 contact superseded deadline changed",
        "v2 changed contact sent",
    ]


def test_an_unchanged_final_date_makes_no_version(engine):
    open_year(engine)
    assert changed(engine, OPENING, latest=DUE) == 0
    assert assignment(engine, DAK_KOI).version == 1
    assert notices(engine, DAK_KOI) == []


def test_a_first_date_for_a_task_without_one_starts_its_ladder(engine):
    open_year(engine, text=f"plan: {PLAN}\nyear: 2024\n")
    sweep(engine, OPENING)
    assert changed(engine, OPENING, latest=DUE) == 7
    sweep(engine, MINUS_15)
    assert [line for line in notices(engine, DAK_KOI) if "superseded" not in line] == [
        "v0 opened contact owed",
        "v1 -15 contact owed",
    ]


def test_a_unit_with_more_time_of_its_own_keeps_it_where_that_is_later(engine):
    open_year(engine)
    extended(engine, DAK_KOI, MINUS_5, until=date(2024, 11, 15))
    assert changed(engine, MINUS_5, latest=PLUS_6) == 6
    assert (assignment(engine, DAK_KOI).final, assignment(engine, DAK_KOI).version) == (date(2024, 11, 15), 2)
    assert assignment(engine, DAK_PNE).final == PLUS_6
    assert changed(engine, MINUS_5, latest=date(2024, 11, 20)) == 7
    assert assignment(engine, DAK_KOI).final == date(2024, 11, 20)


def test_who_has_handed_in_is_not_bothered_with_a_new_date(engine):
    open_year(engine)
    hand_in(engine, DAK_KOI, OPENING)
    assert changed(engine, OPENING, latest=PLUS_6) == 6
    assert assignment(engine, DAK_KOI).version == 1


def test_a_date_for_one_recipient_leaves_the_other_alone(engine):
    open_year(engine)
    late = date(2024, 11, 29)
    assert changed(engine, OPENING, latest=late, duty="V.1-1.c", recipient="so-ldtbxh-kon-tum") == 1
    finals = {row.recipient: row.final for row in assignments(engine, OFFICE, duty="V.1-1.c")}
    assert finals == {"so-ldtbxh-kon-tum": late, "ubnd-huyen-kon-ray": date(2024, 11, 21)}


def test_a_unit_that_joins_later_gets_the_date_as_it_was_changed(engine):
    open_year(engine)
    changed(engine, OPENING, latest=PLUS_6)
    with reading(engine) as session:
        (row,) = session.exec(select(DueDate).where(DueDate.duty_key == REPORT)).all()
    assert (row.written, row.basis, row.form, row.proposed) == (PLUS_6, BASIS, Form.LATEST, False)


def test_the_reports_that_feed_a_duty_are_looked_at_when_its_date_moves(engine):
    open_year(engine)
    for day in (OPENING, MINUS_15, MINUS_5, DUE, PLUS_1, date(2024, 11, 5), PLUS_6, date(2024, 11, 15)):
        sweep(engine, day)
    assert assignment(engine, DAK_KOI).next_look_on is None  # +16 lies after the office's own date
    changed(engine, date(2024, 11, 18), latest=date(2024, 11, 29), duty="V.1-1.c")
    sweep(engine, date(2024, 11, 22))
    assert notices(engine, DAK_KOI)[-1] == "v1 +16 contact owed"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"latest": MINUS_5, "duty": "V.9-9.a"}, "has no assignment of V.9-9.a"),
        ({"latest": date(2024, 9, 30)}, "lies before today"),
        ({"latest": MINUS_5, "duty": "V.4-2.a"}, "a continuous duty can have no deadline"),
    ],
)
def test_a_date_that_cannot_be_is_refused_and_nothing_is_written(sqlite, how, message):
    open_year(sqlite)
    before = everything(sqlite)
    with pytest.raises(CycleError, match=message):
        changed(sqlite, OPENING, **how)
    assert everything(sqlite) == before


def test_a_closed_year_gets_no_new_date(sqlite):
    open_year(sqlite)
    with writing(sqlite) as session:
        close_cycle(session, plan=PLAN, year=2024, now=at(OPENING), actor="test")
    with pytest.raises(CycleError, match="the year 2024 of konray-2022-2025 is closed"):
        changed(sqlite, OPENING, latest=PLUS_6)


async def test_a_day_off_that_is_announced_later_moves_the_deadline_and_the_units_are_told(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    (report,) = sweep(engine, date(2024, 10, 17), calendar=THURSDAY_OFF)
    assert report.moved == 7
    assert assignment(engine, DAK_KOI).final == date(2024, 10, 30)
    assert steps_of(engine, DAK_KOI)[-1] == ("rolled", "2024-10-30")
    assert notices(engine, DAK_KOI)[-1] == "v2 changed contact owed"
    assert sweep(engine, date(2024, 10, 18), calendar=THURSDAY_OFF)[0].moved == 0


def test_a_day_off_that_moves_only_rungs_makes_no_version_and_loses_none(engine):
    open_year(engine)
    sweep(engine, MINUS_15)
    off = WorkingCalendar([DayOverride(day=MINUS_5, working=False, basis="Thông báo số 9")])
    for day in (date(2024, 10, 22), date(2024, 10, 23), MINUS_5):
        sweep(engine, day, calendar=off)
    assert assignment(engine, DAK_KOI).version == 1
    assert notices(engine, DAK_KOI)[-1] == "v1 -5 contact owed"
    assert len([line for line in notices(engine, DAK_KOI) if " -5 " in line]) == 1


def test_a_day_off_announced_between_the_opening_and_the_first_sweep_moves_the_date(engine):
    open_year(engine)
    (report,) = sweep(engine, OPENING, calendar=THURSDAY_OFF)
    assert report.moved == 7
    assert assignment(engine, DAK_KOI).final == date(2024, 10, 30)
    (report,) = sweep(engine, MINUS_15, calendar=THURSDAY_OFF)
    assert report.moved == 0


def test_a_calendar_that_changes_later_leaves_a_closed_year_as_it_was(engine):
    open_year(engine)
    sweep(engine, OPENING)
    with writing(engine) as session:
        close_cycle(session, plan=PLAN, year=2024, now=at(OPENING, 9, 0), actor="test")
    (report,) = sweep(engine, MINUS_15, calendar=THURSDAY_OFF)
    assert report.moved == 0
    assert assignment(engine, DAK_KOI).version == 1


def test_last_years_overdue_work_is_swept_in_january(engine):
    open_year(engine)
    changed(engine, OPENING, latest=date(2024, 12, 27))
    changed(engine, OPENING, latest=date(2025, 1, 24), duty="V.1-1.c")
    open_year(engine, date(2025, 1, 6), text=f"plan: {PLAN}\nyear: 2025\n")
    hand_in(engine, DAK_PNE, date(2024, 12, 27))
    sweep(engine, date(2025, 1, 7))
    assert {line for line in notices(engine, DAK_KOI) if line.endswith("owed")} == {
        "v2 +6 contact owed",
        "v2 +1 head owed",
        "v2 +1 officer owed",
        "v2 +3 office-head owed",
    }
    assert notices(engine, DAK_PNE) == ["v2 changed contact owed"]
