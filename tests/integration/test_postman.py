"""The pages' own sender: it brings at once what answers somebody, and leaves every reminder to the morning."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from portal.postman import Postman
from portal.world import World
from services.letters import Letterhead
from tests.integration.cast import (
    DAK_KOI,
    OFFICER,
    OPENING,
    at,
    contact_of,
    deliver_at,
    messages,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.test_links import NOON, asked

DEFERRED = Outcome(kind=OutcomeKind.DEFERRED, code=450, detail="4.2.0 greylisted")


@dataclass(frozen=True, kw_only=True)
class _Noon(World):
    """The pages at one moment."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment


@asynccontextmanager
async def postman(engine, tmp_path, mailers):
    """Run a postman that takes the next of these mailers for each delivery."""
    world = _Noon(
        engine=engine,
        letterhead=Letterhead(from_address="nhacviec@konray.example", reply_to="laodong@konray.example"),
        files_folder=tmp_path,
        public_url="https://dondoc.konray.example",
        simulated=False,
    )
    found = Postman(world, lambda: next(mailers))
    running = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(true):
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError


async def test_woken_it_sends_what_answers_somebody_and_no_reminder(engine, tmp_path):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    async with postman(engine, tmp_path, iter([mailer])) as found:
        asked(engine)
        found.wake()
        await until(lambda: mailer.sent)
    assert recipients(mailer) == [OFFICER]
    assert outcomes(engine) == {"owed": 7}


async def test_a_reminder_that_the_server_put_off_is_not_tried_by_the_postman(engine, tmp_path):
    open_year(engine)
    sweep(engine, OPENING)
    koi = contact_of(DAK_KOI)
    await deliver_at(engine, at(OPENING), RecordingMailer(answers={koi: DEFERRED}))
    mailer = RecordingMailer()
    async with postman(engine, tmp_path, iter([mailer])) as found:
        asked(engine)
        found.wake()
        await until(lambda: mailer.sent)
    assert recipients(mailer) == [OFFICER]
    assert [message.attempts for message in messages(engine) if message.address == koi] == [1]


async def test_a_fault_is_logged_without_its_words_and_the_next_wake_sends(engine, tmp_path, caplog):
    open_year(engine)
    mailer = RecordingMailer()

    def mailers():
        yield RecordingMailer(answers=None)  # type: ignore[arg-type]
        yield mailer

    async with postman(engine, tmp_path, mailers()) as found:
        asked(engine)
        found.wake()
        await until(lambda: "a delivery failed" in caplog.text)
        found.wake()
        await until(lambda: mailer.sent)
    assert "a delivery failed: AttributeError" in caplog.text
    assert OFFICER not in caplog.text
    assert recipients(mailer) == [OFFICER]
