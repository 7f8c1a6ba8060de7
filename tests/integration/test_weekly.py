"""The office's overview: once a week, in the first morning mail, with what waits and what is near."""

import re
from datetime import date

from sqlmodel import select

from models import Overview
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from services import holds
from services.weekly import monday_of
from tests.integration.cast import (
    DAK_KOI,
    OFFICER,
    OPENING,
    at,
    both,
    deliver_at,
    hand_in,
    mail_to,
    morning,
    open_year,
    recipients,
    sweep,
)

#: The year is opened on Tuesday, 1/10/2024; the next week begins on Monday, 7/10.
MONDAY, TUESDAY, NEXT_MONDAY = date(2024, 10, 28), date(2024, 10, 29), date(2024, 11, 4)
TITLE = "Tình hình đầu tuần"


def told(mailer):
    return OFFICER in recipients(mailer) and any(TITLE in words for words in both(mail_to(mailer, OFFICER)))


async def test_the_officer_is_told_of_his_week_once(engine):
    open_year(engine, overviews=True)
    first, second = await morning(engine, MONDAY), await morning(engine, TUESDAY)
    assert told(first)
    assert not told(second)
    assert told(await morning(engine, NEXT_MONDAY))


async def test_when_monday_was_missed_the_next_morning_brings_it(engine):
    open_year(engine, overviews=True)
    assert told(await morning(engine, TUESDAY))


async def test_it_counts_what_waits_and_names_what_is_near(engine):
    open_year(engine, overviews=True)
    hand_in(engine, DAK_KOI, date(2024, 10, 25))
    mailer = await morning(engine, MONDAY)
    for words in (re.sub(r"<[^>]+>", " ", body) for body in both(mail_to(mailer, OFFICER))):
        said = " ".join(words.split())
        assert re.search(r"[Bb]áo cáo chờ tiếp nhận:? 01", said)
        assert "31/10/2024" in said
        assert "Báo cáo năm 2024" in said
        assert "06 đơn vị" in said


async def test_an_overview_whose_mail_was_voided_is_owed_again(engine):
    """Its mail, which also told the officer of an overdue report, became moot while the server could not be reached."""
    open_year(engine, overviews=True)
    down = RecordingMailer(answers={OFFICER: Outcome(kind=OutcomeKind.DEFERRED)})
    friday = date(2024, 11, 1)
    await morning(engine, friday, mailer=down)
    assert not told(down)
    for unit in ("tt-dak-rve", DAK_KOI, "xa-dak-pne", "xa-dak-ruong", "xa-dak-to-lung", "xa-dak-to-re", "xa-tan-lap"):
        hand_in(engine, unit, friday)
    later = RecordingMailer()
    await deliver_at(engine, at(friday, 12, 0), later)
    await deliver_at(engine, at(friday, 12, 15), later)
    assert told(later)
    with reading(engine) as session:
        assert session.exec(select(Overview.week)).all() == [monday_of(friday)]


async def test_while_everything_is_held_no_overview_goes_out(engine):
    open_year(engine, overviews=True)
    with writing(engine) as session:
        holds.hold(session, unit=None, reason="thử", actor="test", now=at(OPENING))
    assert not told(await morning(engine, MONDAY))
    with writing(engine) as session:
        holds.lift(session, unit=None, actor="test", now=at(MONDAY, 9, 0))
    mailer = RecordingMailer()
    await deliver_at(engine, at(MONDAY, 9, 15), mailer)
    assert told(mailer)


async def test_the_year_that_was_opened_today_has_no_overview_yet(engine):
    open_year(engine, overviews=True)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    await deliver_at(engine, at(OPENING), mailer)
    assert not told(mailer)
