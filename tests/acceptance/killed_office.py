"""A mail server that ends the program which sends to it: at a point told in advance, in the midst of a conversation."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from aiosmtpd.smtp import SMTP


@dataclass(frozen=True, kw_only=True)
class Blow:
    """Kill the sender at its n-th `command`, or `after` so many seconds; "TAKEN" is a mail stored, its reply unsaid."""

    command: str
    nth: int = 1
    after: float = 0.0

    def __str__(self) -> str:
        return f"{self.command}-{self.nth}-{self.after * 1000:.0f}ms"


@dataclass
class KillingOffice:
    """Takes every mail, and kills its sender once. `taken` holds recipient and bytes, in the order of arrival."""

    blow: Blow | None = None
    sender: int = 0
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    port: int = 0

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        await self._reached("EHLO")
        return responses

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        await self._reached("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        await self._reached("DATA")
        (recipient,) = envelope.rcpt_tos
        self.taken.append((recipient, envelope.original_content))
        await self._reached("TAKEN")
        return "250 taken"

    async def _reached(self, command: str) -> None:
        self.counts[command] = self.counts.get(command, 0) + 1
        blow = self.blow
        if blow is None or (blow.command, blow.nth) != (command, self.counts[command]):
            return
        if blow.after:
            asyncio.get_running_loop().call_later(blow.after, self._strike)
            return
        self._strike()
        await asyncio.Event().wait()  # the reply is never said

    def _strike(self) -> None:
        os.kill(self.sender, signal.SIGKILL)

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """Listen on a free port of the loopback interface, in a thread of its own."""
        office, loop = cls(), asyncio.new_event_loop()
        listening, done = threading.Event(), asyncio.Event()

        async def serve() -> None:
            server = await loop.create_server(lambda: SMTP(office, hostname="mail.konray.example"), "127.0.0.1", 0)
            office.port = server.sockets[0].getsockname()[1]
            listening.set()
            async with server:
                await done.wait()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        try:
            assert listening.wait(10)
            yield office
        finally:
            loop.call_soon_threadsafe(done.set)
            thread.join()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
