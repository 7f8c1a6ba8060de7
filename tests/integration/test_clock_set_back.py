"""The machine's clock is set back, or was ahead: nothing comes twice or before its day, and it is said."""

from datetime import timedelta

from models import Message, MessageContent
from models.database import writing
from notifications.mailer import Outcome, OutcomeKind, RecordingMailer
from rules.vocabulary import MessageKind, MessageState
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    DUE,
    OFFICE_HEAD,
    PLAN,
    PLUS_1,
    PLUS_3,
    at,
    deliver_at,
    everything,
    messages,
    morning,
    open_year,
    outcomes,
    recipients,
    sweep,
)


class Busy(dict):
    """The mail server takes nothing from anybody yet."""

    def get(self, _recipient, _usual):
        return Outcome(kind=OutcomeKind.DEFERRED, detail="451 later")


async def test_a_morning_that_comes_again_sends_nothing_again(engine):
    open_year(engine)
    first = await morning(engine, PLUS_1)
    before = {name: rows for name, rows in everything(engine).items() if name != "sweep"}
    again = await morning(engine, DUE)
    again = await morning(engine, PLUS_1, mailer=again)
    assert len(recipients(first)) == len(set(recipients(first)))
    assert recipients(again) == []
    assert {name: rows for name, rows in everything(engine).items() if name != "sweep"} == before
    assert recipients(await morning(engine, PLUS_3)) == [OFFICE_HEAD]  # the year goes on: the list of the late


async def test_what_is_owed_does_not_go_out_before_its_day(engine):
    open_year(engine)
    sweep(engine, PLUS_1)
    owed = outcomes(engine)["owed"]
    mailer = RecordingMailer()
    report = await deliver_at(engine, at(DUE), mailer)
    assert (recipients(mailer), report.undelivered) == ([], 0)
    assert outcomes(engine)["owed"] == owed
    await deliver_at(engine, at(PLUS_1), mailer)
    assert len(recipients(mailer)) == len(set(recipients(mailer)))
    assert outcomes(engine)["sent"] == owed


async def test_a_mail_that_waits_is_not_sent_with_the_date_of_a_day_to_come(engine):
    open_year(engine)
    sweep(engine, PLUS_1)
    down = RecordingMailer(answers=Busy())
    await deliver_at(engine, at(PLUS_1), down)
    assert {mail.state for mail in messages(engine)} == {MessageState.STORED}
    early = RecordingMailer()
    await deliver_at(engine, at(DUE), early)
    assert recipients(early) == []
    on_the_day = RecordingMailer()
    await deliver_at(engine, at(PLUS_1, 9, 0), on_the_day)
    assert sorted(recipients(on_the_day)) == sorted({mail.address for mail in messages(engine)})
    assert "owed" not in outcomes(engine)


async def test_an_answer_that_waited_by_a_clock_a_month_ahead_goes_out_now(engine):
    open_year(engine)
    ahead = at(PLUS_1) + timedelta(days=30)
    with writing(engine) as session:
        message = Message(
            kind=MessageKind.IMMEDIATE, address="a@konray.example", local_date=ahead.date(), header_id="<1@x>",
            sender="nhacviec@konray.example", not_before=ahead, made_at=ahead,
        )  # fmt: skip
        session.add(message)
        session.flush()
        session.add(MessageContent(message_id=message.id, content=b"Subject: x\r\n\r\nx"))
    mailer = RecordingMailer()
    await deliver_at(engine, at(PLUS_1), mailer)
    assert "a@konray.example" in recipients(mailer)


def test_the_watchdog_says_that_the_clock_went_back_and_still_misses_what_was_not_looked_at(engine):
    open_year(engine)
    sweep(engine, PLUS_1)
    faults = check(engine, now=at(DUE, 9, 0), calendar=CALENDAR).faults
    assert (
        f"{PLAN}: a sweep of 2024-11-01 00:05 UTC lies ahead: the machine's clock was set back, or was ahead" in faults
    )
    assert f"{PLAN} V.4-3: never swept" in faults
