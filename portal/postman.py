"""Sends what somebody just caused, at once: woken by the pages, and by itself for what commands have stored.

The scheduled delivery would bring the same mails within a quarter of an hour, but an officer waits for his link.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from models.database import reading
from notifications.mailer import Mailer
from portal.world import World
from rules.errors import DondocError
from services.delivery import deliver, immediate_waiting
from services.delivery_job import DeliveryReport

_LOG = logging.getLogger("dondoc.portal")
#: Another delivery is under way; it may have listed its mails before ours was stored.
_BUSY_SECONDS = 2.0
#: How soon a mail is noticed that a command has stored; looking costs two small queries.
_LOOK_SECONDS = 15.0
#: The mail server is away: the scheduled delivery goes on trying, and so do we, gently.
_RETRY_SECONDS = 60.0


class Postman:
    """Woken from any thread; sends until nothing immediate is left."""

    def __init__(self, world: World, mailer: Callable[[], Mailer]) -> None:
        """Take a maker of mail clients: each delivery has its own connection. To be made in the running loop."""
        self._world, self._mailer = world, mailer
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Ask for a delivery now; may be called from the threads of the pages."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Deliver whenever something waits, until cancelled; a fault is logged, and the next look tries again."""
        pause = 0.0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause or _LOOK_SECONDS)
            self._woken.clear()
            pause = await self._round()

    async def _round(self) -> float:
        """Deliver if something waits; return after how many seconds to try again, 0 when all is done."""
        try:
            if not await asyncio.to_thread(self._something_waits):
                return 0.0  # the lock of the one sender is left alone
            report = await self._deliver()
        except DondocError as refusal:
            _LOG.warning("no mail was sent: %s", refusal, extra={"action": "deliver"})
            return 0.0
        except Exception as fault:  # noqa: BLE001 - the pages must go on; the scheduled delivery reports it in full
            _LOG.error("a delivery failed: %s", type(fault).__name__, extra={"action": "deliver"})
            return _RETRY_SECONDS
        if report.busy:
            return _BUSY_SECONDS
        return _RETRY_SECONDS if report.alarm else 0.0

    def _something_waits(self) -> bool:
        now = self._world.now()
        with reading(self._world.engine) as session:
            return immediate_waiting(session, now)

    async def _deliver(self) -> DeliveryReport:
        now = await asyncio.to_thread(self._world.now)
        async with self._mailer() as client:
            return await deliver(
                self._world.engine,
                mailer=client,
                calendar=self._world.calendar(),
                letterhead=self._world.letterhead,
                now=now,
                immediate_only=True,
            )
