"""A mail server that is wrong about everybody: no mailbox is given up, no notice ends, and it is said.

It refuses relay, knows none of the mailboxes, loses the connection after the text or refuses a sender. What is refused
is believed beside a mail that is taken; without one, only a few.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from models import Contact, Message
from models.database import reading, writing
from notifications.content import NoteKind
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageKind, MessageState
from services.attempts import Attempt, Mail, Trust
from services.bounces import Taken
from services.delivery import deliver
from services.follow_up import follow_up
from services.letters import Letterhead
from services.notes import Desk, tell_contact
from services.outreach import write_again
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    DAK_PNE,
    DUE,
    LETTERHEAD,
    MINUS_15,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLAN,
    PLUS_1,
    PLUS_3,
    TAN_LAP,
    YEAR_2024,
    WatchedMailer,
    at,
    contact_of,
    deliver_at,
    hand_in,
    head_of,
    load,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.returned import comes_back, last_mail_to, unreachable
from tests.integration.test_acts import extended
from tests.integration.test_delivery import OTHER, other_plan
from tests.integration.test_links import asked

NO_MAILBOX = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
NO_RELAY = Outcome(kind=OutcomeKind.REFUSED, code=554, detail="5.7.1 relay access denied")
LOST = Outcome(kind=OutcomeKind.UNCERTAIN, detail="connection lost")
PUT_OFF = Outcome(kind=OutcomeKind.DEFERRED, code=450, detail="4.2.0 greylisted")
DOWN = Outcome(kind=OutcomeKind.DOWN, detail="cannot connect")
NO_SENDER = Outcome(kind=OutcomeKind.SENDER_REFUSED, code=553, detail="5.7.1 not your address")
NNPTNT = "dau-moi.phong-nnptnt@konray.example"
NEXT_DAY = date(2024, 10, 2)
QUARTERS = [(hour, minute) for hour in range(9, 17) for minute in (0, 15, 30, 45)]


async def only_these_are_late(engine, *units):
    """All others have reported; today is the last day, swept and not yet mailed."""
    open_year(engine)
    await morning(engine, OPENING)
    for unit in COMMUNES:
        if unit not in units:
            hand_in(engine, unit, OPENING)
    sweep(engine, DUE)


@dataclass
class _Faulty(WatchedMailer):
    """Answers everybody alike."""

    answer: Outcome = NO_MAILBOX

    async def send(self, *, sender, recipient, content):
        self.answers[recipient] = self.answer
        return await super().send(sender=sender, recipient=recipient, content=content)

    @property
    def tries(self):
        return Counter(address for address, _ in self.attempts)


@pytest.mark.parametrize("answer", [NO_MAILBOX, NO_RELAY, LOST], ids=lambda answer: answer.kind)
async def test_an_office_of_seven_readers_loses_nothing_while_its_server_refuses_all_day(engine, answer):
    open_year(engine)
    sweep(engine, OPENING)
    faulty = _Faulty(answer=answer)
    first = await deliver_at(engine, at(OPENING), faulty)
    assert (len(faulty.attempts), first.undelivered, first.incomplete) == (3, 7, True)
    assert first.alarm == f"no mail is taken to 3 mailboxes in a row ({answer.detail})"
    for hour, minute in QUARTERS:
        report = await deliver_at(engine, at(OPENING, hour, minute), faulty)
        all_had_their_day = answer is LOST and list(faulty.tries.values()) == [4] * 7
        assert report.incomplete or all_had_their_day
    assert max(faulty.tries.values()) <= 8, "each waits longer every time"
    assert (unreachable(engine), outcomes(engine)) == ([], {"owed": 7})
    mended = WatchedMailer()
    last = await deliver_at(engine, at(OPENING, 20), mended)
    assert (last.mails, last.alarm, last.incomplete) == (0 if answer is LOST else 7, "", False)
    await morning(engine, NEXT_DAY, mailer=mended)
    assert (len(recipients(mended)), outcomes(engine)) == (7, {"sent": 7})


async def test_those_that_made_the_server_suspect_come_after_the_others_and_are_believed_then(engine):
    open_year(engine)
    sweep(engine, OPENING)
    lost = [contact_of(unit) for unit in COMMUNES[:3]]  # the first in the queue
    mailer = WatchedMailer(answers=dict.fromkeys(lost, NO_MAILBOX))
    assert (await deliver_at(engine, at(OPENING), mailer)).mails == 0
    report = await deliver_at(engine, at(OPENING, 8, 45), mailer)
    assert (report.mails, report.alarm) == (7, "")
    assert {address for address, _ in mailer.attempts[3:7]} == {contact_of(unit) for unit in COMMUNES[3:]}
    assert (set(unreachable(engine)), outcomes(engine)) == (set(lost), {"sent": 7})
    assert {head_of(unit) for unit in COMMUNES[:3]} <= set(recipients(mailer))


async def test_of_few_mailboxes_alone_two_are_believed_and_what_is_refused_next_waits_also_in_later_runs(engine):
    await only_these_are_late(engine, DAK_KOI, DAK_PNE)
    faulty = _Faulty()
    report = await deliver_at(engine, at(DUE), faulty)
    assert [address for address, _ in faulty.attempts] == [
        contact_of(DAK_KOI),
        contact_of(DAK_PNE),
        head_of(DAK_KOI),
    ]
    assert report.alarm.startswith("no mail is taken to 3 mailboxes in a row")
    await deliver_at(engine, at(DUE, 8, 45), faulty)
    assert (faulty.attempts[3][0], len(faulty.attempts)) == (head_of(DAK_PNE), 4)
    assert unreachable(engine) == [contact_of(DAK_KOI), contact_of(DAK_PNE)]
    mended = WatchedMailer()
    assert (await deliver_at(engine, at(DUE, 9, 30), mended)).alarm == ""
    assert sorted(recipients(mended)) == [head_of(DAK_KOI), head_of(DAK_PNE)]


async def test_a_mailbox_where_every_copy_gets_lost_has_four_a_day_and_what_they_tell_stays_due(engine):
    """A filter that takes a mail whole and drops the connection: 35 runs a day must not mean 35 copies."""
    open_year(engine)
    sweep(engine, OPENING)
    mailer = WatchedMailer(answers={contact_of(TAN_LAP): LOST})
    tries = []
    for hour, minute in [(8, 30), *QUARTERS]:
        before = len(mailer.attempts)
        await deliver_at(engine, at(OPENING, hour, minute), mailer)
        tries += [(hour, minute)] * (contact_of(TAN_LAP) in [address for address, _ in mailer.attempts[before:]])
    assert tries == [(8, 30), (9, 0), (9, 15), (9, 45)]
    assert len(set(mailer.attempted(contact_of(TAN_LAP)))) == 1
    lost = last_mail_to(engine, contact_of(TAN_LAP))
    reason = "lost on the way again and again, it may have arrived: connection lost"
    assert (lost.state, lost.detail) == (MessageState.FAILED, reason)
    assert (notices(engine, TAN_LAP), unreachable(engine)) == ([f"v1 opened contact owed {reason}"], [])
    mailer.answers.clear()
    await morning(engine, NEXT_DAY, mailer=mailer)
    assert notices(engine, TAN_LAP) == ["v1 opened contact sent"]


def test_a_mail_that_waits_for_weeks_is_tried_every_two_hours():
    for attempts in (5, 39, 10_000):
        attempt = Attempt(mail_of(1, attempts=attempts), PUT_OFF)
        assert attempt.next_try(at(OPENING)) == at(OPENING) + timedelta(hours=2)


async def test_while_the_server_is_down_no_attempt_is_counted(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = WatchedMailer(answers={contact_of(COMMUNES[0]): DOWN})
    for minute in range(30, 40):
        await deliver_at(engine, at(OPENING, 8, minute), mailer)
    assert len(mailer.attempts) == 10
    mailer.answers = {contact_of(COMMUNES[0]): PUT_OFF}
    await deliver_at(engine, at(OPENING, 8, 45), mailer)
    waits = last_mail_to(engine, contact_of(COMMUNES[0]))
    assert (waits.attempts, waits.not_before) == (1, at(OPENING, 8, 50))


async def test_twelve_mailboxes_that_are_gone_are_all_believed_the_same_morning(engine):
    """Communes were merged: ten in a row stop a run, and are believed, for the server takes others."""
    open_year(engine)
    sweep(engine, OPENING, "V.4-3", "V.4-1", "V.5-2")
    gone = sorted(set(await addressed(engine)))[:12]
    mailer = WatchedMailer(answers=dict.fromkeys(gone, NO_MAILBOX))
    for hour, minute in [(8, 45), *QUARTERS[:8]]:
        await deliver_at(engine, at(OPENING, hour, minute), mailer)
    assert set(unreachable(engine)) == set(gone)
    assert max(Counter(address for address, _ in mailer.attempts).values()) <= 4


async def addressed(engine):
    """Return the addresses of the morning's mails, all of which are put off for a moment."""
    mailer = WatchedMailer()
    mailer.answers = _Everybody(PUT_OFF)
    await deliver_at(engine, at(OPENING), mailer)
    return [address for address, _ in mailer.attempts]


class _Everybody(dict):
    """The same answer for whoever it is."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def get(self, _key, _default=None):
        return self.answer


async def test_a_mail_that_the_pages_sent_a_moment_ago_shows_that_the_server_takes_mails(engine):
    """Those whose mailboxes are gone are just those that are late, and the only ones to be mailed."""
    late = COMMUNES[:3]
    await only_these_are_late(engine, *late)
    mailer = WatchedMailer(answers={contact_of(unit): NO_MAILBOX for unit in late})
    assert (await deliver_at(engine, at(DUE), mailer)).alarm
    asked(engine, now=at(DUE, 8, 50))
    async with mailer:
        await deliver(
            engine,
            mailer=mailer,
            calendar=CALENDAR,
            letterhead=LETTERHEAD,
            now=at(DUE, 8, 50),
            immediate_only=True,
        )
    report = await deliver_at(engine, at(DUE, 9, 0), mailer)
    assert (report.alarm, report.mails) == ("", 3)
    assert {head_of(unit) for unit in late} <= set(recipients(mailer))


async def test_a_mailbox_that_is_refused_after_somebody_believed_it_again_does_not_keep_the_run_busy(engine):
    open_year(engine)
    await morning(engine, OPENING)
    extended(engine, DAK_KOI, DUE, until=PLUS_3)
    extended(engine, DAK_PNE, DUE, until=PLUS_3)

    def believed_again():
        with writing(engine) as session:
            contact = session.exec(select(Contact).where(Contact.address == contact_of(DAK_KOI))).one()
            write_again(session, contact.id, actor="test", now=at(DUE, 14, 0), once=None)

    dead = (contact_of(DAK_KOI), head_of(DAK_KOI), contact_of(DAK_PNE))
    mailer = WatchedMailer(answers=dict.fromkeys(dead, NO_MAILBOX))
    mailer.meanwhile = [believed_again]
    await asyncio.wait_for(deliver_at(engine, at(DUE, 13, 0), mailer), timeout=60)
    assert len(mailer.attempts) < 10


async def test_a_dead_mailbox_that_was_put_off_first_is_believed_where_others_were_taken_meanwhile(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF})
    await deliver_at(engine, at(OPENING), mailer)
    mailer.answers = {contact_of(DAK_KOI): NO_MAILBOX}
    await deliver_at(engine, at(OPENING, 9, 15), mailer)
    assert unreachable(engine) == [contact_of(DAK_KOI)]
    assert head_of(DAK_KOI) in recipients(mailer)


async def test_one_that_was_put_off_first_is_not_believed_where_nothing_was_taken_since(engine):
    await only_these_are_late(engine, DAK_KOI)
    for hour, answer in ((9, PUT_OFF), (10, NO_MAILBOX), (12, NO_MAILBOX)):
        await deliver_at(engine, at(DUE, hour), _Faulty(answer=answer))
    assert (unreachable(engine), last_mail_to(engine, contact_of(DAK_KOI)).state) == ([], MessageState.STORED)


async def test_living_mailboxes_behind_more_dead_ones_than_a_day_has_attempts_are_reached(engine, monkeypatch):
    monkeypatch.setattr("services.attempts._FIRST_STRANGERS", 1)
    open_year(engine)
    *gone, living = COMMUNES
    mailer = WatchedMailer(answers={contact_of(unit): NO_MAILBOX for unit in gone})
    for day in (OPENING, NEXT_DAY, date(2024, 10, 3)):
        sweep(engine, day)
        for hour in range(9, 9 + len(gone)):
            await deliver_at(engine, at(day, hour), mailer)
    assert contact_of(living) in recipients(mailer)


async def test_while_no_mail_waits_they_go_in_the_order_in_which_they_were_stored(engine):
    open_year(engine)
    mailer = WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF})
    sweep(engine, OPENING)
    await deliver_at(engine, at(OPENING), mailer)
    mailer.answers.clear()
    await deliver_at(engine, at(OPENING, 10), mailer)  # taken: it waits no more
    later = recipients(await morning(engine, DUE))
    with reading(engine) as session:
        stored = session.exec(select(Message.address).order_by(col(Message.id).desc()).limit(len(later))).all()
    assert later == stored[::-1]


async def test_a_mail_that_was_taken_while_the_clock_was_ahead_does_not_vouch_for_the_server(engine):
    open_year(engine)
    await morning(engine, OPENING)
    extended(engine, TAN_LAP, date(2025, 1, 6), until=date(2025, 1, 10))
    await deliver_at(engine, at(date(2025, 1, 6), 10), WatchedMailer(), immediate_only=True)
    sweep(engine, DUE)
    for hour in range(9, 16):
        await deliver_at(engine, at(DUE, hour), _Faulty())
    assert len(unreachable(engine)) <= 2


@pytest.mark.parametrize("answer", [LOST, NO_RELAY, PUT_OFF], ids=lambda answer: answer.kind)
async def test_word_of_a_changed_date_that_is_not_taken_all_day_is_told_by_the_next_morning(engine, answer):
    open_year(engine)
    await morning(engine, OPENING)
    for unit in COMMUNES:
        extended(engine, unit, DUE, until=PLUS_3)
    for hour in range(9, 17):
        await deliver_at(engine, at(DUE, hour), _Faulty(answer=answer))
    mailer = await morning(engine, PLUS_1, mailer=WatchedMailer())
    assert {contact_of(unit) for unit in COMMUNES} <= set(recipients(mailer))
    assert {notices(engine, unit)[-1] for unit in COMMUNES} == {"v2 changed contact sent"}


async def test_word_of_a_changed_date_that_a_mailbox_puts_off_for_a_day_joins_the_morning_mail(engine):
    open_year(engine)
    await morning(engine, OPENING)
    extended(engine, DAK_KOI, DUE, until=PLUS_3)
    mailer = WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF})
    await deliver_at(engine, at(DUE, 9), mailer)
    waiting = last_mail_to(engine, contact_of(DAK_KOI))
    mailer.answers.clear()
    await deliver_at(engine, at(PLUS_1, 11), mailer)
    with reading(engine) as session:
        assert session.get_one(Message, waiting.id).state is MessageState.EXPIRED
    told = last_mail_to(engine, contact_of(DAK_KOI))
    assert (waiting.kind, told.kind) == (MessageKind.IMMEDIATE, MessageKind.MORNING)
    assert notices(engine, DAK_KOI)[-1] == "v2 changed contact sent"


async def test_word_of_a_changed_date_that_could_not_be_tried_all_day_goes_at_once_in_words_of_its_day(engine):
    open_year(engine)
    await morning(engine, OPENING)
    friday, saturday = date(2024, 10, 25), date(2024, 10, 26)
    extended(engine, DAK_KOI, friday, until=PLUS_3)
    await deliver_at(engine, at(friday, 16), _Faulty(answer=DOWN))
    mailer = WatchedMailer()
    await deliver_at(engine, at(saturday, 9), mailer)
    assert recipients(mailer) == [contact_of(DAK_KOI)]
    assert notices(engine, DAK_KOI)[-1] == "v2 changed contact sent"
    assert last_mail_to(engine, contact_of(DAK_KOI)).local_date == saturday


async def test_word_of_a_changed_date_is_never_sent_with_the_working_days_of_another_day(engine):
    open_year(engine)
    await morning(engine, OPENING)
    extended(engine, DAK_KOI, DUE, until=PLUS_3)
    mailer = WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF})
    await deliver_at(engine, at(DUE, 16, 30), mailer)
    mailer.answers.clear()
    await deliver_at(engine, at(PLUS_1, 8, 45), mailer)
    told = last_mail_to(engine, contact_of(DAK_KOI))
    assert (told.state, told.local_date) == (MessageState.SENT, PLUS_1)
    assert "Còn lại: 02 ngày làm việc" in told.text


@pytest.mark.parametrize(
    ("day", "office"),
    [
        (MINUS_15, [OFFICER]),  # the overview of the week alone
        (PLUS_3, [OFFICER, OFFICE_HEAD]),
    ],
)
async def test_the_labour_office_reads_after_the_units_also_while_a_mail_waits(engine, day, office):
    open_year(engine, overviews=True)
    await morning(engine, OPENING)
    before = day - timedelta(days=1)
    with writing(engine) as session:
        contact = session.exec(select(Contact).where(Contact.address == contact_of(DAK_KOI))).one()
        tell_contact(session, Desk(letterhead=LETTERHEAD, now=at(before, 10)), contact, NoteKind.TEST)
    await deliver_at(engine, at(before, 10), WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF}), immediate_only=True)
    mailed = recipients(await morning(engine, day))
    assert mailed[-1] == contact_of(DAK_KOI)  # what was put off comes after what was not tried yet
    assert set(mailed[:-1][-len(office) :]) == set(office), mailed


async def test_an_answer_that_a_mailbox_puts_off_ends_after_five_days(engine):
    open_year(engine)
    await morning(engine, OPENING)
    with writing(engine) as session:
        contact = session.exec(select(Contact).where(Contact.address == contact_of(DAK_KOI))).one()
        tell_contact(session, Desk(letterhead=LETTERHEAD, now=at(DUE)), contact, NoteKind.TEST)
    mailer = WatchedMailer(answers={contact_of(DAK_KOI): PUT_OFF})
    states = []
    for day in range(6):
        await deliver_at(engine, at(DUE + timedelta(days=day), 9), mailer, immediate_only=True)
        states.append(last_mail_to(engine, contact_of(DAK_KOI)).state)
    assert states == [MessageState.STORED] * 5 + [MessageState.EXPIRED]
    faults = check(engine, now=at(DUE + timedelta(days=5), 10), calendar=CALENDAR).faults
    assert any(fault.startswith("1 immediate mails") for fault in faults)


async def test_a_mail_that_was_put_off_before_is_not_given_up_when_it_is_lost_once(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = WatchedMailer(answers={contact_of(TAN_LAP): PUT_OFF})
    for hour, minute in ((8, 30), (8, 45), (9, 0)):
        await deliver_at(engine, at(OPENING, hour, minute), mailer)
    mailer.answers[contact_of(TAN_LAP)] = LOST
    assert (await deliver_at(engine, at(OPENING, 9, 30), mailer)).undelivered == 1
    assert len(mailer.attempted(contact_of(TAN_LAP))) == 4
    assert notices(engine, TAN_LAP) == ["v1 opened contact owed"]


async def due_for_two(engine, answer):
    """Two communes have not reported; their contacts' mailboxes are gone, their heads' server answers as it is told."""
    await only_these_are_late(engine, DAK_KOI, DAK_PNE)
    answers = {contact_of(unit): NO_MAILBOX for unit in (DAK_KOI, DAK_PNE)}
    mailer = WatchedMailer(answers=answers | {head_of(unit): answer for unit in (DAK_KOI, DAK_PNE)})
    await deliver_at(engine, at(DUE), mailer)
    return mailer


async def refused_alone_the_next_day(engine, mailer):
    hand_in(engine, DAK_PNE, DUE)
    mailer.answers |= {head_of(DAK_KOI): NO_MAILBOX, OFFICER: PUT_OFF}
    sweep(engine, PLUS_1)
    report = await deliver_at(engine, at(PLUS_1), mailer)
    assert report.mails == 0
    return report.alarm, head_of(DAK_KOI) in unreachable(engine)


async def test_what_was_refused_before_the_server_took_a_mail_counts_no_more(engine):
    mailer = await due_for_two(engine, Outcome(kind=OutcomeKind.ACCEPTED))
    assert await refused_alone_the_next_day(engine, mailer) == ("", True)


async def test_a_mail_that_the_server_took_and_that_came_back_later_was_taken_all_the_same(engine):
    mailer = await due_for_two(engine, PUT_OFF)
    del mailer.answers[head_of(DAK_KOI)], mailer.answers[head_of(DAK_PNE)]
    assert (await deliver_at(engine, at(DUE, 8, 45), mailer)).mails == 2
    for unit in (DAK_KOI, DAK_PNE):
        assert comes_back(engine, head_of(unit), DUE, status="4.4.1") is Taken.BOUNCED
    assert await refused_alone_the_next_day(engine, mailer) == ("", True)


def mail_of(number, *, attempts=0):
    return Mail(
        id=number,
        kind=MessageKind.MORNING,
        address=f"{number}@konray.example",
        sender=OFFICER,
        content=b"",
        attempts=attempts,
        uncertain=False,
        not_after=None,
        made_at=at(DUE),
    )


def judged(trust, number, outcome):
    return [attempt.outcome.kind for attempt in trust.judged(mail_of(number), outcome)]


def test_what_we_refuse_ourselves_says_nothing_about_the_server(sqlite):
    trust = Trust(sqlite, at(OPENING))
    malformed = Outcome(kind=OutcomeKind.REFUSED, detail="no mail address")
    assert [judged(trust, number, malformed) for number in range(5)] == [[OutcomeKind.REFUSED]] * 5
    assert (trust.lets(OFFICER), trust.alarm) == (True, "")


def test_however_many_mails_a_server_took_ten_mailboxes_in_a_row_make_it_suspect(sqlite):
    trust = Trust(sqlite, at(OPENING))
    for number in range(50):
        judged(trust, number, Outcome(kind=OutcomeKind.ACCEPTED))
    for number in range(50, 59):
        assert (judged(trust, number, NO_MAILBOX), trust.lets(OFFICER)) == ([OutcomeKind.DEFERRED], True)
    judged(trust, 59, NO_MAILBOX)
    assert not trust.lets(OFFICER)
    assert trust.lets(NNPTNT)
    assert len(trust.rest()) == 10


async def test_a_mailbox_with_nobody_to_take_its_place_makes_the_run_incomplete_once(engine):
    open_year(engine)
    await morning(engine, OPENING)
    sweep(engine, DUE)
    dead = WatchedMailer(answers=dict.fromkeys((contact_of(DAK_KOI), head_of(DAK_KOI)), NO_MAILBOX))
    report = await deliver_at(engine, at(DUE), dead)
    assert (report.alarm, report.undelivered, report.notices["owed"]) == ("", 0, 1)
    assert report.incomplete
    assert not (await deliver_at(engine, at(DUE, 8, 45), dead)).incomplete


@dataclass
class _OneSender(WatchedMailer):
    """Refuses one sender; `senders` are those of the mails it took."""

    refused: str = ""
    senders: Counter[str] = field(default_factory=Counter)

    async def send(self, *, sender, recipient, content):
        if sender == self.refused:
            self.attempts.append((recipient, content))
            return NO_SENDER
        outcome = await super().send(sender=sender, recipient=recipient, content=content)
        self.senders[sender] += outcome.kind is OutcomeKind.ACCEPTED
        return outcome


async def two_offices(engine, konray):
    """Another plan, for the mass organisations, which another office follows up; each writes from its own mailbox."""
    other = other_plan(konray)
    head = other.plan.plan.model_copy(update={"collector": "phong-nnptnt"})
    load(engine, replace(other, plan=other.plan.model_copy(update={"plan": head})))
    open_year(engine)
    open_year(engine, text=YEAR_2024.replace(PLAN, OTHER))
    follow_up(engine, plan=OTHER, clause="V.5-2", now=at(OPENING, 7, 5), calendar=CALENDAR)
    sweep(engine, OPENING)


async def from_own_mailboxes(engine, mailer):
    async with mailer:
        return await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=Letterhead(), now=at(OPENING))


async def test_a_sender_that_the_server_refuses_stops_the_mails_of_his_office_alone(engine, konray):
    await two_offices(engine, konray)
    mailer = _OneSender(refused=NNPTNT, answers={contact_of(DAK_KOI): NO_MAILBOX})
    report = await from_own_mailboxes(engine, mailer)
    assert (mailer.senders, report.mails) == ({OFFICER: 7}, 7)
    assert head_of(DAK_KOI) in recipients(mailer), "the others' rounds go on"
    assert len(mailer.attempts) == 9, "the other office's other mails are not even tried"
    assert (report.alarm, report.incomplete) == ("the sender is refused: 5.7.1 not your address", True)
    assert report.undelivered > 1
    assert (await from_own_mailboxes(engine, _OneSender())).mails == report.undelivered
    assert set(outcomes(engine)) == {"sent"}


async def test_an_office_without_a_mailbox_keeps_nobody_else_from_writing(engine, konray):
    await two_offices(engine, konray)
    with writing(engine) as session:
        session.exec(select(Contact).where(Contact.address == NNPTNT)).one().valid_to = date(2024, 9, 30)
    mailer = _OneSender()
    report = await from_own_mailboxes(engine, mailer)
    assert (mailer.senders, report.mails) == ({OFFICER: 7}, 7)
    assert report.alarm.startswith("there is no sender: set DONDOC_MAIL_FROM")
    assert (report.incomplete, outcomes(engine)["owed"] > 1) == (True, True)
