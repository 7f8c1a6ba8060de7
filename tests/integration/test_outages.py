"""Days without a scheduler, a worker, a mail server or a database: one morning later everything expected is there."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlmodel import select

from models import Assignment, Notice
from models.database import make_engine, reading
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from tests.integration.cast import CALENDAR, OPENING, at, deliver_at, morning, open_year, recipients, sweep

DOWN = Outcome(kind=OutcomeKind.DOWN, detail="cannot connect")
#: The last morning before the outage, and its length in days; each ends on a working day.
OUTAGES = [
    (date(2024, 10, 9), 1),  # over the first reminder
    (date(2024, 10, 23), 5),
    (date(2024, 10, 30), 1),  # over the last day
    (date(2024, 10, 31), 7),  # over the heads, the officer's list and the escalation
    (date(2024, 10, 7), 30),  # from before the first reminder until long after the escalation
]


class NobodyListens(RecordingMailer):
    async def send(self, *, sender, recipient, content):  # noqa: ARG002
        return DOWN


async def no_scheduler(_engine, _day):
    """Prefect, its worker, the machine or the database is away: nothing at all happens."""


async def no_mail_server(engine, day):
    """Sweeps record what is owed; no mail leaves."""
    await morning(engine, day, mailer=NobodyListens())


async def no_delivery(engine, day):
    """The worker dies before it comes to the mails."""
    sweep(engine, day)


def kept(engine):
    with reading(engine) as session:
        rows = session.exec(select(Notice, Assignment).join(Assignment)).all()
    return {(a.unit_name, n.version, n.rung, n.audience): str(n.state) for n, a in rows}


async def year(engine, last_before, days, outage):
    """Play from the opening, with an outage in the midst, to the morning after it; return the mails of that morning."""
    open_year(engine)
    day, back = OPENING, last_before + timedelta(days=days + 1)
    assert CALENDAR.is_working(back)
    while day < back:
        await (morning if day <= last_before else outage)(engine, day)
        day += timedelta(days=1)
    return await morning(engine, back), back


@pytest.mark.parametrize("outage", [no_scheduler, no_mail_server, no_delivery])
@pytest.mark.parametrize(("last_before", "days"), OUTAGES, ids=str)
async def test_one_morning_later_everything_expected_is_there_and_each_reader_got_one_mail(
    sqlite, last_before, days, outage
):
    sent, _ = await year(sqlite, last_before, days, outage)
    assert recipients(sent), "the outage is over and something was due"
    assert set(Counter(recipients(sent)).values()) == {1}
    found = kept(sqlite)
    assert set(found.values()) <= {"sent", "superseded"}


@pytest.fixture
def undisturbed(sqlite_files):
    """A second database with the same plan."""
    sqlite_files.copy("dondoc_konray", "dondoc_undisturbed")
    engine = make_engine(sqlite_files.url("dondoc_undisturbed"))
    yield engine
    engine.dispose()
    sqlite_files.drop("dondoc_undisturbed")


@pytest.mark.parametrize(("last_before", "days"), OUTAGES, ids=str)
async def test_the_same_rungs_are_recorded_as_without_the_outage_and_the_strongest_was_sent(
    sqlite, undisturbed, last_before, days
):
    _, back = await year(sqlite, last_before, days, no_scheduler)
    await year(undisturbed, back - timedelta(days=1), 0, no_scheduler)
    found, usual = kept(sqlite), kept(undisturbed)
    assert found.keys() == usual.keys()
    missed = {key for key, state in found.items() if state == "superseded" and usual[key] == "sent"}
    assert missed or days < 7, "a short outage only delays a rung; a long one covers some"
    told = {(unit, audience) for (unit, _, _, audience), state in found.items() if state == "sent"}
    assert {(unit, audience) for unit, _, _, audience in missed} <= told


async def test_what_an_outage_of_the_mail_server_held_up_follows_with_the_next_delivery(engine):
    open_year(engine)
    await morning(engine, OPENING, mailer=NobodyListens())
    sent = RecordingMailer()
    report = await deliver_at(engine, at(OPENING, 9, 0), sent)
    assert (report.mails, report.undelivered) == (7, 0)
