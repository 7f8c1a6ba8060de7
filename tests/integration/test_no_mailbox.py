"""A mail server that knows no such mailbox: nothing was told; who reads in its place is told the same morning."""

from dataclasses import replace

from models.database import reading
from notifications.mailer import SmtpMailer
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageState
from services.bounces import Taken
from services.delivery import deliver
from services.history import Act, history
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DUE,
    LETTERHEAD,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLUS_1,
    PLUS_3,
    WatchedMailer,
    assignment,
    at,
    both,
    contact_of,
    content_of,
    deliver_at,
    hand_in,
    head_of,
    mail_to,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.mail_office import Office, listening
from tests.integration.returned import comes_back, last_mail_to, unreachable

KOI, KOI_HEAD = contact_of(DAK_KOI), head_of(DAK_KOI)
NO_MAILBOX = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")


def without(*addresses):
    return WatchedMailer(answers=dict.fromkeys(addresses, NO_MAILBOX))


async def test_the_head_is_told_the_same_morning_and_the_contact_never_again(engine):
    open_year(engine)
    mailer = await morning(engine, OPENING, mailer=without(KOI))
    assert len(mailer.attempted(KOI)) == 1
    assert recipients(mailer).count(KOI_HEAD) == 1
    assert outcomes(engine) == {"sent": 7}
    assert unreachable(engine) == [KOI]
    assert (last_mail_to(engine, KOI).state, last_mail_to(engine, KOI).detail) == (
        MessageState.FAILED,
        "5.1.1 no such mailbox",
    )
    assert content_of(engine, last_mail_to(engine, KOI)) is None
    later = await morning(engine, DUE, mailer=without(KOI))
    assert (later.attempted(KOI), recipients(later).count(KOI_HEAD)) == ([], 1)


async def test_the_history_says_that_the_reminder_was_not_told(engine):
    open_year(engine)
    await morning(engine, OPENING, mailer=without(KOI))
    with reading(engine) as session:
        entries = history(session, assignment(engine, DAK_KOI))
    (act,) = [entry for entry in entries if isinstance(entry, Act)]
    assert (act.action, act.detail["rung"], act.detail["audience"]) == ("failed", "opened", "contact")


async def test_where_nobody_is_left_it_waits_and_the_watchdog_says_so(engine):
    open_year(engine)
    mailer = await morning(engine, OPENING, mailer=without(KOI, KOI_HEAD))
    assert [len(mailer.attempted(address)) for address in (KOI, KOI_HEAD)] == [1, 1]
    assert notices(engine, DAK_KOI) == ["v1 opened contact owed"]
    assert outcomes(engine) == {"sent": 6, "owed": 1}
    faults = check(engine, now=at(OPENING, 10, 0), calendar=CALENDAR).faults
    assert [fault.rpartition(", ")[2] for fault in faults if "come back" in fault] == [
        "nobody else can be written to"
    ] * 2


async def test_a_head_who_has_his_mail_of_the_day_reads_it_the_next_working_day(engine):
    open_year(engine)
    await morning(engine, OPENING)
    mailer = await morning(engine, PLUS_1, mailer=without(KOI))
    assert recipients(mailer).count(KOI_HEAD) == 1
    assert "v1 +1 contact owed" in notices(engine, DAK_KOI)
    later = await morning(engine, PLUS_3)
    assert recipients(later).count(KOI_HEAD) == 1
    assert "v1 +1 contact sent" in notices(engine, DAK_KOI)


class _Meanwhile(WatchedMailer):
    """The commune hands in its report while its mail is just being refused."""

    async def send(self, *, sender, recipient, content):
        if recipient == KOI:
            hand_in(self.engine, DAK_KOI, DUE, hour=8)
        return await super().send(sender=sender, recipient=recipient, content=content)


async def test_a_report_that_came_while_the_server_refused_is_reminded_of_no_more(engine):
    open_year(engine)
    await morning(engine, OPENING)
    mailer = _Meanwhile(answers={KOI: NO_MAILBOX})
    mailer.engine = engine
    sweep(engine, DUE)
    await deliver_at(engine, at(DUE), mailer)
    assert len(mailer.attempted(KOI)) == 1
    assert KOI_HEAD not in recipients(mailer)
    assert notices(engine, DAK_KOI)[-1] == "v1 0 contact failed 5.1.1 no such mailbox"
    assert len(recipients(mailer)) == 6


async def test_the_office_s_officer_is_told_what_its_head_cannot_be(engine):
    open_year(engine)
    await morning(engine, PLUS_1)
    mailer = await morning(engine, PLUS_3, mailer=without(OFFICE_HEAD))
    assert len(mailer.attempted(OFFICE_HEAD)) == 1
    assert all("xã Đăk Kôi" in words for words in both(mail_to(mailer, OFFICER)))


async def test_a_notification_about_the_refused_mail_changes_nothing_more(engine):
    open_year(engine)
    await morning(engine, OPENING, mailer=without(KOI))
    assert comes_back(engine, KOI, OPENING) is Taken.KNOWN


async def test_on_four_connections_each_of_many_wrong_addresses_moves_its_mail_to_the_head(engine):
    """A real server, which says it in its own words: they are kept without the address."""
    open_year(engine)
    sweep(engine, OPENING)
    office = Office(script={"RCPT": ["", "550 5.1.1 <x@konray.example>: User unknown"] * 3})
    async with listening(office) as server, SmtpMailer(replace(server, connections=4)) as mailer:
        report = await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=LETTERHEAD, now=at(OPENING))
    assert (report.mails, report.undelivered, report.notices) == (7, 0, {"sent": 7})
    lost = unreachable(engine)
    assert len(lost) == 3
    assert {last_mail_to(engine, address).detail for address in lost} == {"5.1.1 <address>: User unknown"}
    assert sorted(recipient for _, recipient, _ in office.taken) == sorted(
        head_of(unit) if contact_of(unit) in lost else contact_of(unit)
        for unit in {address.partition(".")[2].partition("@")[0] for address in (*lost, *_taken(office))}
    )


def _taken(office):
    return [recipient for _, recipient, _ in office.taken]
