"""Did the mail server take this mail? A few connections for many mails, and an outcome that says what to do next."""

import asyncio
import logging
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from notifications.addresses import is_address
from notifications.smtp import Connection, MailServer, Outcome, OutcomeKind, short, tls_context

_logger = logging.getLogger(__name__)


class Mailer(Protocol):
    """Whatever hands a finished mail on; used as `async with`, so that a connection serves many mails."""

    @property
    def connections(self) -> int:
        """How many mails can be under way at once."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """Send `content` to one recipient; a failure is an outcome, not an exception."""
        ...


class SmtpMailer:
    """A real mail server. Each of its connections has one mail under way; another is opened only when all are busy."""

    def __init__(self, server: MailServer) -> None:
        """Read the certificates; nothing is sent yet."""
        context = tls_context(server)
        self._connections = [Connection(server, context) for _ in range(server.connections)]
        # The last used comes first: a server that gets few mails sees one connection.
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in reversed(self._connections):
            self._idle.put_nowait(connection)

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """Send one mail; see `OutcomeKind` for what each outcome means."""
        # The library would send to what it can read of a malformed address.
        if not is_address(sender):
            return Outcome(
                kind=OutcomeKind.SENDER_REFUSED, detail=f"the sender is no mail address: {short(repr(sender))}"
            )
        if not is_address(recipient):
            return Outcome(kind=OutcomeKind.REFUSED, detail=f"no mail address: {short(repr(recipient))}")
        connection = await self._open()
        if isinstance(connection, Outcome):
            return connection
        try:
            outcome = await connection.hand_over(sender, recipient, content)
        finally:
            self._idle.put_nowait(connection)
        _logger.info("The mail server's answer to a mail: %s", outcome.kind, extra={"action": f"mail-{outcome.kind}"})
        return outcome

    async def probe(self) -> str:
        """Connect and sign in without sending anything; return what is wrong, or nothing."""
        refusal = await self._connections[0].opened()
        return refusal.detail if refusal else ""

    async def _open(self) -> Connection | Outcome:
        """Return an idle connection, opened, or why there is none.

        A server that takes no more connections than it has goes on being served through those.
        """
        while True:
            connection = await self._idle.get()
            try:
                refusal = await connection.opened()
            except BaseException:
                self._idle.put_nowait(connection)
                raise
            if refusal is None:
                return connection
            if not any(other.is_open for other in self._connections):
                self._idle.put_nowait(connection)
                return refusal
            self._connections.remove(connection)


@dataclass(kw_only=True)
class RecordingMailer:
    """Keeps what it is given instead of sending it; `answers` holds what a recipient's server says otherwise."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    connections: int = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:  # noqa: ARG002 - the protocol's
        outcome = self.answers.get(recipient, Outcome(kind=OutcomeKind.ACCEPTED))
        if outcome.kind is OutcomeKind.ACCEPTED:
            self.sent.append((recipient, content))
        return outcome
