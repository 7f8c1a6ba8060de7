"""Did the mail server take this mail? One connection for many mails, and an outcome that says what to do next."""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from notifications.addresses import is_address
from notifications.rendering import one_line
from rules.errors import DondocError

_logger = logging.getLogger(__name__)
_LONGEST_DETAIL = 200
#: The first codes of the temporary and of the permanent replies (RFC 5321, 4.2.1).
_TEMPORARY, _PERMANENT = 400, 500
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OutcomeKind(StrEnum):
    """What the sending service does next depends on this alone.

    accepted: settled. refused: this mail's end (5xx at RCPT or DATA). deferred: surely not taken, try again later.
    uncertain: lost during DATA, the server may have taken it: only the same bytes may be sent again. down: nobody's
    mail can go now (no connection, no TLS, sign-in or sender refused): stop the queue and alarm.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    DOWN = "down"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`code` is the server's reply where there was one; `detail` is one line for a person, without secrets."""

    kind: OutcomeKind
    code: int | None = None
    detail: str = ""


class Mailer(Protocol):
    """Whatever hands a finished mail on; used as `async with`, so that one connection serves many mails."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """Send `content` to one recipient; a failure is an outcome, not an exception."""
        ...


class Security(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailServerFaultyError(DondocError):
    """The settings of the mail server cannot be used."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in.

    `timeout` is in seconds, for each reply; `ca_file` is trusted instead of the machine's authorities.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    local_hostname: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse to sign in over a connection that others can read."""
        if self.username and self.security is Security.NONE and self.host not in _LOOPBACK:
            raise MailServerFaultyError(
                f"a password for {self.host} would travel unprotected: set the security to starttls or tls"
            )


class SmtpMailer:
    """A real mail server. It connects with the first mail, and again after a drop; mails go one at a time."""

    def __init__(self, server: MailServer) -> None:
        """Read the certificates; nothing is sent yet."""
        self._server = server
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password if server.username else None,
            timeout=server.timeout,
            local_hostname=server.local_hostname,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=_tls_context(server),
        )
        # Two envelopes on one connection would mix recipients.
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(SMTPException):
            await self._smtp.quit()
        self._smtp.close()

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """Send one mail; see `OutcomeKind` for what each outcome means."""
        # The library would send to what it can read of a malformed address.
        if not is_address(sender):
            return Outcome(kind=OutcomeKind.DOWN, detail=f"the sender is no mail address: {_short(repr(sender))}")
        if not is_address(recipient):
            return Outcome(kind=OutcomeKind.REFUSED, detail=f"no mail address: {_short(repr(recipient))}")
        async with self._one_at_a_time:
            reused = self._smtp.is_connected
            outcome = await self._attempt(sender, recipient, content)
            # An idle connection may have been dropped unseen. Nothing was handed over: a fresh one gets one try.
            if reused and outcome.kind is OutcomeKind.DEFERRED and not self._smtp.is_connected:
                outcome = await self._attempt(sender, recipient, content)
        _logger.info("The mail server's answer to a mail: %s", outcome.kind, extra={"action": f"mail-{outcome.kind}"})
        return outcome

    async def probe(self) -> str:
        """Connect and sign in without sending anything; return what is wrong, or nothing."""
        refusal = await self._connected()
        return refusal.detail if refusal else ""

    async def _attempt(self, sender: str, recipient: str, content: bytes) -> Outcome:
        try:
            outcome = await self._connected() or await self._transferred(sender, recipient, content)
        except BaseException:
            # Cancelled half-way: the next reply on this connection would be taken for another mail's.
            self._smtp.close()
            raise
        if outcome.kind is not OutcomeKind.ACCEPTED:
            await self._forget_envelope()
        return outcome

    async def _connected(self) -> Outcome | None:
        """Return None with a connection, or why there is none."""
        if self._smtp.is_connected:
            return None
        try:
            await self._smtp.connect()
        except (SMTPException, OSError) as error:
            return self._down(error)
        return None

    async def _transferred(self, sender: str, recipient: str, content: bytes) -> Outcome:
        """Give MAIL, RCPT and DATA one by one: before DATA a drop is harmless, during DATA it is not."""
        try:
            await self._smtp.mail(sender)
        except SMTPException as error:
            return _judged(error, permanent=OutcomeKind.DOWN, otherwise=OutcomeKind.DEFERRED)
        try:
            await self._smtp.rcpt(recipient)
        except SMTPException as error:
            return _judged(error, permanent=OutcomeKind.REFUSED, otherwise=OutcomeKind.DEFERRED)
        try:
            reply = await self._smtp.data(content)
        except SMTPException as error:
            return _judged(error, permanent=OutcomeKind.REFUSED, otherwise=OutcomeKind.UNCERTAIN)
        return Outcome(kind=OutcomeKind.ACCEPTED, code=reply.code, detail=_short(reply.message))

    async def _forget_envelope(self) -> None:
        """Make the connection ready for the next mail, or drop it if it is out of step."""
        try:
            await self._smtp.rset()
        except SMTPException:
            self._smtp.close()

    def _down(self, error: SMTPException | OSError) -> Outcome:
        """Say what failed, but not what the server said to our sign-in: it may repeat the name or more."""
        where = f"{self._server.host}:{self._server.port}"
        if isinstance(error, SMTPAuthenticationError):
            return Outcome(kind=OutcomeKind.DOWN, code=error.code, detail=f"{where} refused the sign-in")
        code = error.code if isinstance(error, SMTPResponseException) else None
        return Outcome(kind=OutcomeKind.DOWN, code=code, detail=f"no connection to {where}: {_reply(error)}")


@dataclass(kw_only=True)
class RecordingMailer:
    """Keeps what it is given instead of sending it; `answers` holds what a recipient's server says otherwise."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)

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


def _judged(error: SMTPException, *, permanent: OutcomeKind, otherwise: OutcomeKind) -> Outcome:
    """Judge a failed command by its code: 5xx is `permanent`, 4xx waits, a drop or a garbled reply is `otherwise`."""
    # SMTPRecipientsRefused has no code of its own, but is never raised here: RCPT is given for one recipient alone.
    code = error.code if isinstance(error, SMTPResponseException) else None
    if code is not None and _TEMPORARY <= code < _PERMANENT:
        return Outcome(kind=OutcomeKind.DEFERRED, code=code, detail=_reply(error))
    kind = permanent if code is not None and code >= _PERMANENT else otherwise
    return Outcome(kind=kind, code=code, detail=_reply(error))


def _reply(error: SMTPException | OSError) -> str:
    return _short(error.message if isinstance(error, SMTPException) else str(error))


def _short(text: str) -> str:
    """Return one line of bounded length; what is not ASCII comes from another machine and is escaped."""
    return one_line(text).encode("ascii", "backslashreplace").decode("ascii")[:_LONGEST_DETAIL]


def _tls_context(server: MailServer) -> ssl.SSLContext | None:
    if server.security is Security.NONE:
        return None
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        raise MailServerFaultyError(f"the certificate file {server.ca_file} cannot be read: {error}") from error
