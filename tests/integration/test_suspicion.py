"""A mail server that is wrong about everybody: no mailbox is given up, no notice ends, and it is said.

It refuses relay, knows none of the mailboxes, loses the connection after the text or refuses a sender. What is refused
is believed beside a mail that is taken; without one, only a few.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from sqlmodel import select

from models import Contact
from models.database import writing
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageState
from services.delivery import deliver
from services.follow_up import follow_up
from services.letters import Letterhead
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    DAK_PNE,
    DUE,
    OFFICER,
    OPENING,
    PLAN,
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
from tests.integration.returned import last_mail_to, unreachable
from tests.integration.test_delivery import OTHER, other_plan

NO_MAILBOX = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
NO_RELAY = Outcome(kind=OutcomeKind.REFUSED, code=554, detail="5.7.1 relay access denied")
LOST = Outcome(kind=OutcomeKind.UNCERTAIN, detail="connection lost")
NO_SENDER = Outcome(kind=OutcomeKind.SENDER_REFUSED, code=553, detail="5.7.1 not your address")
NNPTNT = "dau-moi.phong-nnptnt@konray.example"
QUARTERS = [(hour, minute) for hour in range(9, 17) for minute in (0, 15, 30, 45)]


@dataclass
class _Faulty(WatchedMailer):
    """Answers everybody alike, after it has taken the first `good` mails."""

    answer: Outcome = NO_MAILBOX
    good: int = 0

    async def send(self, *, sender, recipient, content):
        if len(self.attempts) >= self.good:
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
        assert (await deliver_at(engine, at(OPENING, hour, minute), faulty)).incomplete
    assert max(faulty.tries.values()) <= 8, "each waits longer every time"
    assert (unreachable(engine), outcomes(engine)) == ([], {"owed": 7})
    mended = WatchedMailer()
    last = await deliver_at(engine, at(OPENING, 20), mended)
    assert (last.mails, last.alarm, last.incomplete) == (7, "", False)
    assert outcomes(engine) == {"sent": 7}


async def test_those_that_made_the_server_suspect_come_after_the_others_and_are_believed_then(engine):
    open_year(engine)
    sweep(engine, OPENING)
    lost = [contact_of(unit) for unit in COMMUNES[:3]]  # the first in the queue
    mailer = WatchedMailer(answers=dict.fromkeys(lost, NO_MAILBOX))
    assert (await deliver_at(engine, at(OPENING), mailer)).mails == 0
    report = await deliver_at(engine, at(OPENING, 8, 45), mailer)
    assert (report.mails, report.alarm) == (7, "")
    assert [address for address, _ in mailer.attempts[3:7]] == [contact_of(unit) for unit in COMMUNES[3:]]
    assert (set(unreachable(engine)), outcomes(engine)) == (set(lost), {"sent": 7})
    assert {head_of(unit) for unit in COMMUNES[:3]} <= set(recipients(mailer))


async def test_of_few_mailboxes_alone_two_are_believed_and_what_is_refused_next_waits_also_in_later_runs(engine):
    open_year(engine)
    await morning(engine, OPENING)
    for unit in COMMUNES:
        if unit not in (DAK_KOI, DAK_PNE):
            hand_in(engine, unit, OPENING)
    sweep(engine, DUE)
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


async def test_a_server_that_loses_its_list_in_the_middle_costs_nobody_his_mail(engine):
    open_year(engine)
    sweep(engine, OPENING, "V.4-3", "V.4-1", "V.5-2")
    faulty = _Faulty(good=5)
    report = await deliver_at(engine, at(OPENING), faulty)
    assert (report.mails, len(faulty.attempts)) == (5, 10)
    assert report.alarm == "no mail is taken to 5 mailboxes in a row (5.1.1 no such mailbox)"
    assert unreachable(engine) == []


async def test_a_mailbox_where_every_copy_gets_lost_has_four_and_the_mail_fails_with_the_reason(engine):
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
    reason = "lost on the way again and again, it may have arrived: connection lost"
    assert notices(engine, TAN_LAP) == [f"v1 opened contact failed {reason}"]
    assert last_mail_to(engine, contact_of(TAN_LAP)).state is MessageState.FAILED
    assert unreachable(engine) == []


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
        self.senders[sender] += 1
        return await super().send(sender=sender, recipient=recipient, content=content)


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
    mailer = _OneSender(refused=NNPTNT)
    report = await from_own_mailboxes(engine, mailer)
    assert (mailer.senders, report.mails) == ({OFFICER: 7}, 7)
    assert len(mailer.attempts) == 8, "the other office's other mails are not even tried"
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
