"""What becomes of a mail that is not simply taken: refused, put off, uncertain, interrupted, out of date."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from models import Contact, Message
from models.database import delivery_lock, make_engine, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageState
from rules.workdays import DayOverride, WorkingCalendar
from services.delivery import deliver
from services.holds import hold
from tests.integration.cast import (
    DAK_KOI,
    LETTERHEAD,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLUS_3,
    WatchedMailer,
    at,
    both,
    contact_of,
    content_of,
    deliver_at,
    hand_in,
    mail_to,
    messages,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.test_links import asked

KOI = contact_of(DAK_KOI)
REFUSED = Outcome(kind=OutcomeKind.REFUSED, code=550, detail="5.7.1 unwanted")
UNREACHABLE = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
DEFERRED = Outcome(kind=OutcomeKind.DEFERRED, code=450, detail="4.2.0 greylisted")
UNCERTAIN = Outcome(kind=OutcomeKind.UNCERTAIN, detail="connection lost")
DOWN = Outcome(kind=OutcomeKind.DOWN, detail="cannot connect")


def message_to(engine, address, *, number=-1):
    return [message for message in messages(engine) if message.address == address][number]


async def test_a_refused_mail_fails_with_its_reason_and_the_others_still_go(engine):
    """What it told is due again: it goes out with the next working morning's mail, once the filter is mended."""
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: REFUSED})
    await morning(engine, OPENING, mailer=mailer)
    assert len(recipients(mailer)) == 6
    assert (message_to(engine, KOI).state, message_to(engine, KOI).detail) == (MessageState.FAILED, "5.7.1 unwanted")
    assert notices(engine, DAK_KOI) == ["v1 opened contact owed 5.7.1 unwanted"]
    await deliver_at(engine, at(OPENING, 9, 0), mailer)
    assert len(mailer.attempted(KOI)) == 1
    mailer.answers.clear()
    await morning(engine, date(2024, 10, 2), mailer=mailer)
    assert notices(engine, DAK_KOI) == ["v1 opened contact sent"]


async def test_a_deferred_mail_waits_longer_each_time_and_is_the_same_mail(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: DEFERRED})
    await morning(engine, OPENING, mailer=mailer)
    for hour, minute in ((8, 34), (8, 35), (8, 44), (8, 45)):
        report = await deliver_at(engine, at(OPENING, hour, minute), mailer)
        assert report.undelivered == 1
    assert len(mailer.attempted(KOI)) == 3  # at 8:30, five minutes later, ten minutes after that
    assert message_to(engine, KOI).not_before == at(OPENING, 8, 45) + timedelta(minutes=20)
    mailer.answers.clear()
    await deliver_at(engine, at(OPENING, 9, 5), mailer)
    assert len(set(mailer.attempted(KOI))) == 1
    assert notices(engine, DAK_KOI) == ["v1 opened contact sent"]


async def test_what_answers_somebody_goes_before_all_reminders_also_when_it_comes_meanwhile(engine):
    open_year(engine)
    sweep(engine, OPENING)
    asked(engine, now=at(OPENING, 8, 0))
    mailer = WatchedMailer()
    mailer.meanwhile = [lambda: asked(engine, now=at(OPENING)), lambda: None]  # the last comes first
    await deliver_at(engine, at(OPENING), mailer)
    assert [place for place, to in enumerate(recipients(mailer)) if to == OFFICER] == [0, 2]
    assert len(recipients(mailer)) == 9


@pytest.mark.parametrize("outcome", [REFUSED, DEFERRED, UNCERTAIN, DOWN])
async def test_a_delivery_that_leaves_or_loses_one_mail_says_that_it_is_incomplete(sqlite, outcome):
    open_year(sqlite)
    sweep(sqlite, OPENING)
    report = await deliver_at(sqlite, at(OPENING), RecordingMailer(answers={KOI: outcome}))
    assert report.incomplete


async def test_a_delivery_that_told_everybody_is_complete(sqlite):
    open_year(sqlite)
    sweep(sqlite, OPENING)
    assert not (await deliver_at(sqlite, at(OPENING), RecordingMailer(answers={KOI: UNREACHABLE}))).incomplete


@dataclass
class _Slow(RecordingMailer):
    """Takes its time, and counts how many mails are with it as each comes."""

    connections: int = 4
    with_it: list[int] = field(default_factory=list)
    under_way: int = 0

    async def send(self, *, sender, recipient, content):
        self.under_way += 1
        self.with_it.append(self.under_way)
        await asyncio.sleep(0.1)
        self.under_way -= 1
        return await super().send(sender=sender, recipient=recipient, content=content)


async def test_until_the_server_has_answered_one_mail_alone_is_with_it_then_as_many_as_connections(engine):
    """A server that stalls must not make four mails uncertain at once."""
    open_year(engine)
    mailer = await morning(engine, OPENING, mailer=_Slow())
    assert mailer.with_it[:5] == [1, 1, 2, 3, 4]
    assert max(mailer.with_it) == 4


async def test_the_wait_after_many_refusals_has_an_end(sqlite):
    open_year(sqlite)
    mailer = WatchedMailer(answers={KOI: DEFERRED})
    sweep(sqlite, OPENING)
    now = at(OPENING)
    for _ in range(8):
        await deliver_at(sqlite, now, mailer)
        now = message_to(sqlite, KOI).not_before
    assert now - at(OPENING) == timedelta(minutes=5 + 10 + 20 + 40 + 80 + 120 + 120 + 120)


async def test_an_uncertain_mail_is_tried_again_with_the_same_bytes_and_message_id(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: UNCERTAIN})
    report_mailer = await morning(engine, OPENING, mailer=mailer)
    assert len(report_mailer.attempted(KOI)) == 1
    assert message_to(engine, KOI).uncertain
    mailer.answers.clear()
    await deliver_at(engine, at(OPENING, 8, 45), mailer)
    one, two = mailer.attempted(KOI)
    assert one == two
    assert message_to(engine, KOI).header_id.encode() in one
    assert outcomes(engine) == {"sent": 7}


async def test_an_uncertain_mail_that_became_moot_is_never_sent_again(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: UNCERTAIN})
    await morning(engine, OPENING, mailer=mailer)
    hand_in(engine, DAK_KOI, OPENING, hour=9)
    mailer.answers.clear()
    await deliver_at(engine, at(OPENING, 9, 15), mailer)
    assert len(mailer.attempted(KOI)) == 1
    assert message_to(engine, KOI).state is MessageState.VOID
    assert notices(engine, DAK_KOI) == ["v1 opened contact skipped handed in"]


async def test_a_server_that_is_down_stops_the_queue_and_everything_stays_owed(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = WatchedMailer(answers={contact_of("tt-dak-rve"): DOWN})  # the first commune of the plan
    report = await deliver_at(engine, at(OPENING), mailer)
    assert (len(mailer.attempts), report.mails, report.undelivered) == (1, 0, 7)
    assert report.alarm == "cannot connect"
    assert outcomes(engine) == {"owed": 7}
    mailer.answers.clear()
    again = await deliver_at(engine, at(OPENING, 8, 45), mailer)
    assert (again.mails, again.undelivered, again.alarm) == (7, 0, "")


async def test_what_was_not_sent_by_midnight_is_owed_again_and_sent_anew(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: DEFERRED})
    await morning(engine, OPENING, mailer=mailer)
    mailer.answers.clear()
    tomorrow = date(2024, 10, 2)
    await deliver_at(engine, at(tomorrow, 0, 5), mailer)
    assert message_to(engine, KOI).state is MessageState.EXPIRED
    assert notices(engine, DAK_KOI) == ["v1 opened contact owed could not be handed over in time"]
    await morning(engine, tomorrow, mailer=mailer)
    old, new = mailer.attempted(KOI)
    assert old != new
    assert (message_to(engine, KOI).local_date, message_to(engine, KOI).state) == (tomorrow, MessageState.SENT)


async def test_a_weekend_after_an_unsent_mail_keeps_it_owed_until_monday(sqlite):
    friday, saturday, monday = date(2024, 10, 4), date(2024, 10, 5), date(2024, 10, 7)
    open_year(sqlite, friday)
    mailer = WatchedMailer(answers={KOI: DEFERRED})
    await morning(sqlite, friday, mailer=mailer)
    mailer.answers.clear()
    await deliver_at(sqlite, at(saturday), mailer)
    assert len(mailer.attempted(KOI)) == 1
    await morning(sqlite, monday, mailer=mailer)
    assert notices(sqlite, DAK_KOI) == ["v1 opened contact sent"]


async def test_a_sender_that_died_in_the_midst_leaves_a_mail_that_the_next_one_sends_unchanged(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={KOI: DEFERRED})
    await morning(engine, OPENING, mailer=mailer)
    stored = message_to(engine, KOI)
    content = content_of(engine, stored)
    with writing(engine) as session:  # as a killed process leaves it: taken for sending, never settled
        row = session.get_one(Message, stored.id)
        row.state, row.not_before = MessageState.SENDING, None
        session.add(row)
    mailer.answers.clear()
    await deliver_at(engine, at(OPENING, 8, 45), mailer)
    assert mailer.attempted(KOI)[-1] == content
    sent = message_to(engine, KOI)
    assert (sent.state, sent.uncertain, sent.header_id) == (MessageState.SENT, True, stored.header_id)


async def test_a_sender_that_dies_before_it_could_write_down_the_answer_repeats_the_same_mail(engine):
    """The one window that no order of steps can close: the repeat bears the same Message-ID."""
    open_year(engine)
    sweep(engine, OPENING)

    class DiedError(BaseException):
        """Nothing in the program catches this."""

    def dies():
        raise DiedError

    mailer = WatchedMailer(meanwhile=[dies])
    with pytest.raises(DiedError):
        await deliver_at(engine, at(OPENING), mailer)
    report = await deliver_at(engine, at(OPENING), mailer)
    assert report.mails == 7
    first, _ = mailer.attempts[0]
    assert len(mailer.attempted(first)) == 2
    assert len(set(mailer.attempted(first))) == 1


async def test_a_fault_while_others_are_under_way_waits_for_none_of_them(engine):
    open_year(engine)
    sweep(engine, OPENING)

    @dataclass
    class Stuck(RecordingMailer):
        """Takes the first mail, fails at the third, and holds the others for ever."""

        connections: int = 4
        begun: int = 0

        async def send(self, *, sender, recipient, content):
            self.begun += 1
            if self.begun == 3:
                raise RuntimeError("a fault")
            if self.begun > 1:
                await asyncio.Event().wait()
            return await super().send(sender=sender, recipient=recipient, content=content)

    with pytest.raises(RuntimeError, match="a fault"):
        await asyncio.wait_for(deliver_at(engine, at(OPENING), Stuck()), timeout=60)
    report = await deliver_at(engine, at(OPENING), RecordingMailer())
    assert report.mails == 6


async def test_a_morning_mail_that_waits_does_not_go_out_once_its_day_is_ordered_to_be_off(engine):
    open_year(engine)
    await morning(engine, OPENING, mailer=WatchedMailer(answers={KOI: DEFERRED}))
    off = WorkingCalendar([DayOverride(day=OPENING, working=False, basis="Thông báo số 9")])
    async with RecordingMailer() as mailer:
        await deliver(engine, mailer=mailer, calendar=off, letterhead=LETTERHEAD, now=at(OPENING, 10))
    assert recipients(mailer) == []
    assert message_to(engine, KOI).state is MessageState.EXPIRED
    assert KOI in recipients(await morning(engine, OPENING + timedelta(days=1)))


async def test_a_second_deliverer_returns_at_once_as_busy(engine):
    open_year(engine)
    sweep(engine, OPENING)
    elsewhere = make_engine(engine.url.render_as_string(hide_password=False))
    mailer = RecordingMailer()
    try:
        with delivery_lock(elsewhere) as held:
            assert held
            report = await deliver_at(engine, at(OPENING), mailer)
    finally:
        elsewhere.dispose()
    assert (report.busy, report.mails, recipients(mailer)) == (True, 0, [])
    assert outcomes(engine) == {"owed": 7}
    assert (await deliver_at(engine, at(OPENING), mailer)).mails == 7


async def test_a_mail_that_cannot_be_made_fails_by_name_and_holds_up_nobody(engine):
    open_year(engine)
    with writing(engine) as session:  # no file can bring such an address in: only a hand in the database
        session.execute(update(Contact).where(col(Contact.address) == KOI).values(address="dau moi\n@konray.example"))
    sent = await morning(engine, OPENING)
    assert len(recipients(sent)) == 6
    assert notices(engine, DAK_KOI)[0].startswith("v1 opened contact failed ")


async def test_one_held_commune_does_not_keep_the_list_of_the_others_from_the_office(engine):
    open_year(engine)
    mailer = RecordingMailer(answers={OFFICE_HEAD: DEFERRED})
    await morning(engine, PLUS_3, mailer=mailer)
    with writing(engine) as session:
        hold(session, unit=DAK_KOI, reason="thử", actor="test", now=at(PLUS_3, 8, 40))
    mailer.answers.clear()
    await deliver_at(engine, at(PLUS_3, 9, 0), mailer)
    for words in both(mail_to(mailer, OFFICE_HEAD)):
        assert "xã Đăk Pne" in words
        assert "xã Đăk Kôi" not in words
