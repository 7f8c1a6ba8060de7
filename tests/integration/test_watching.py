"""The watchdog names what is missing: a sweep that did not run, an assignment that was not made, a mail that failed."""

from datetime import date, timedelta

from sqlmodel import col, delete, select

from models import Assignment, Contact, DeadlineVersion
from models.database import writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from plans.schema import Member
from services.assigning import current_clauses
from services.finding import find_plan
from services.holds import hold
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    OFFICER,
    OPENING,
    PLAN,
    at,
    contact_of,
    deliver_at,
    everything,
    load,
    morning,
    open_year,
    sweep,
    with_members,
)
from tests.integration.returned import comes_back
from tests.integration.test_links import asked

TOMORROW = OPENING + timedelta(days=1)


def clauses_of(engine):
    with writing(engine) as session:
        return [row.clause for row in current_clauses(session, find_plan(session, PLAN).id)]


def faults(engine, now):
    return check(engine, now=now, calendar=CALENDAR).faults


def test_a_plan_without_an_open_year_is_not_watched(engine):
    assert check(engine, now=at(OPENING), calendar=CALENDAR).responsibilities == 0


def test_where_everything_is_there_nothing_is_said_and_nothing_is_written(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    before = everything(engine)
    health = check(engine, now=at(OPENING, 9, 0), calendar=CALENDAR)
    assert (health.responsibilities, health.faults) == (17, ())
    assert everything(engine) == before


def test_a_responsibility_that_was_not_swept_within_26_hours_is_named(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    tomorrow = date(2024, 10, 2)
    sweep(engine, tomorrow, *(clause for clause in clauses_of(engine) if clause != "V.4-3"))
    assert faults(engine, at(tomorrow, 9, 0)) == ()  # the sweep of yesterday, 7:05, is less than 26 hours old
    assert faults(engine, at(tomorrow, 9, 6)) == (f"{PLAN} V.4-3: last sweep 2024-10-01 00:05 UTC",)


def test_a_sweep_on_a_day_off_counts(engine):
    open_year(engine)
    saturday = date(2024, 10, 5)
    sweep(engine, saturday, *clauses_of(engine))
    assert faults(engine, at(saturday, 9, 0)) == ()


def test_a_responsibility_that_was_never_swept_is_named(engine):
    open_year(engine)
    others = [clause for clause in clauses_of(engine) if clause != "V.KET"]
    sweep(engine, OPENING, *others)
    assert faults(engine, at(OPENING, 9, 0)) == ()  # the year may have been opened after the morning's sweeps
    tomorrow = date(2024, 10, 2)
    sweep(engine, tomorrow, *others)
    assert faults(engine, at(tomorrow, 9, 6)) == (f"{PLAN} V.KET: never swept",)


def test_an_assignment_that_is_missing_is_named_with_its_unit(engine, konray):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    load(engine, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", Member(unit="phong-vhtt")))
    said = faults(engine, at(OPENING, 9, 0))
    assert f"{PLAN} 2024 V.3-3.a: no assignment for Phòng Văn hóa và Thông tin huyện Kon Rẫy" in said
    sweep(engine, OPENING, "V.3-1", "V.3-2", "V.3-3")
    assert faults(engine, at(OPENING, 9, 0)) == ()


def test_an_assignment_that_was_lost_is_named_and_the_next_sweep_makes_it_again(engine):
    open_year(engine)
    sweep(engine, OPENING, *(clause for clause in clauses_of(engine) if clause != "V.4-3"))
    with writing(engine) as session:
        lost = col(Assignment.duty_key) == "V.4-3.a"
        ids = session.exec(select(Assignment.id).where(lost)).all()
        session.execute(delete(DeadlineVersion).where(col(DeadlineVersion.assignment_id).in_(ids)))
        session.execute(delete(Assignment).where(lost))
    assert sum("V.4-3.a: no assignment for" in fault for fault in faults(engine, at(OPENING, 9, 0))) == 7
    assert sweep(engine, OPENING)[0].made == 7
    assert faults(engine, at(OPENING, 9, 0)) == ()


async def test_mails_that_could_not_be_delivered_are_counted_for_a_day(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    refused = Outcome(kind=OutcomeKind.REFUSED, code=554, detail="5.7.1 unwanted")
    await morning(engine, OPENING, mailer=RecordingMailer(answers={contact_of(DAK_KOI): refused}))
    said = "1 morning mails were refused, not taken all day or came back since yesterday; they are due again"
    assert faults(engine, at(OPENING, 9, 0)) == (said,)
    assert said not in faults(engine, at(TOMORROW, 15, 0))


async def test_a_morning_mail_that_was_put_off_all_day_is_counted_on_the_next(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    full = Outcome(kind=OutcomeKind.DEFERRED, code=452, detail="4.2.2 full")
    await morning(engine, OPENING, mailer=RecordingMailer(answers={contact_of(DAK_KOI): full}))
    assert faults(engine, at(OPENING, 17, 0)) == ()
    await deliver_at(engine, at(TOMORROW, 7, 0), RecordingMailer())
    said = "1 morning mails were refused, not taken all day or came back since yesterday; they are due again"
    assert faults(engine, at(TOMORROW, 7, 5)) == (said,)


async def test_an_ended_contact_whose_mailbox_was_gone_hides_no_mail_that_came_back(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    await morning(engine, OPENING)
    with writing(engine) as session:
        now = session.exec(select(Contact).where(Contact.address == contact_of(DAK_KOI))).one()
        ended = now.model_dump(exclude={"id"}) | {"valid_to": OPENING - timedelta(days=1)}
        session.add(Contact(**ended | {"unreachable_since": at(OPENING), "unreachable_why": "5.1.1"}))
    comes_back(engine, contact_of(DAK_KOI), OPENING, status="5.7.1")
    assert len(faults(engine, at(OPENING, 9, 30))) == 1


async def test_a_mail_that_came_back_although_its_mailbox_is_there_is_counted(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    await morning(engine, OPENING)
    assert faults(engine, at(OPENING, 9, 0)) == ()
    comes_back(engine, contact_of(DAK_KOI), OPENING, status="5.7.1")
    said = "1 morning mails were refused, not taken all day or came back since yesterday; they are due again"
    assert faults(engine, at(OPENING, 9, 30)) == (said,)


async def test_a_mailbox_that_is_not_there_is_a_fault_of_its_own_and_no_refused_mail(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    missing = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
    await morning(engine, OPENING, mailer=RecordingMailer(answers={contact_of(DAK_KOI): missing}))
    (fault,) = faults(engine, at(OPENING, 9, 0))
    assert fault.endswith("its head is written to instead")


async def test_a_sign_in_link_that_could_not_be_delivered_is_counted_for_a_day(engine):
    open_year(engine)
    sweep(engine, OPENING, *clauses_of(engine))
    asked(engine)
    refused = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
    await deliver_at(engine, at(OPENING, 12, 0), RecordingMailer(answers={OFFICER: refused}))
    said = "1 immediate mails (receipts, sign-in links) could not be delivered since yesterday"
    assert said in faults(engine, at(OPENING, 13, 0))
    assert said not in faults(engine, at(TOMORROW, 15, 0))


async def test_a_mail_that_comes_back_days_later_is_counted_on_that_day(engine):
    """A mail server gives up after days: until then the mail seemed to have arrived."""
    open_year(engine)
    await morning(engine, OPENING)
    back = OPENING + timedelta(days=4)
    comes_back(engine, contact_of(DAK_KOI), back, status="4.4.7")
    said = "1 morning mails were refused, not taken all day or came back since yesterday; they are due again"
    assert said in faults(engine, at(back, 9, 30))
    assert said not in faults(engine, at(back + timedelta(days=2), 9, 30))


async def test_the_mails_of_a_day_on_which_the_server_was_away_are_counted_on_the_next(engine):
    open_year(engine)
    sweep(engine, OPENING)
    away = Outcome(kind=OutcomeKind.DOWN, detail="cannot connect")
    await deliver_at(engine, at(OPENING), RecordingMailer(answers={contact_of(unit): away for unit in COMMUNES}))
    await deliver_at(engine, at(TOMORROW, 7), RecordingMailer())
    said = "7 morning mails were refused, not taken all day or came back since yesterday; they are due again"
    assert said in faults(engine, at(TOMORROW))
    with writing(engine) as session:
        hold(session, unit=None, reason="thử", now=at(TOMORROW), actor="test")
    assert said not in faults(engine, at(TOMORROW))
