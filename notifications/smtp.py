"""One conversation with a mail server: what each of its answers means for the mail that was handed to it."""

import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from notifications.rendering import one_line
from rules.errors import DondocError

_LONGEST_DETAIL = 200
#: Looking for addresses takes the square of this.
_LONGEST_SAID = 1_000
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]*>?")
#: The first codes of the temporary and of the permanent replies (RFC 5321, 4.2.1).
_TEMPORARY, _PERMANENT = 400, 500
#: The status of a mailbox that is not there (RFC 3463, 3.2 and 3.3; RFC 7505). The other 5.1.x speak of the sender;
#: 5.7.x and a bare 550 may come from a filter, or from a server that does not relay for us; 5.2.2 is full today.
NO_MAILBOX = re.compile(r"5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?![0-9.])")
#: A server may look through a whole mail before it answers: the last reply is waited for so many times as long as the
#: others, up to the ten minutes of RFC 5321, 4.5.3.2.6. Whoever waits less sends again what was taken.
_PATIENCE, _LONGEST_PATIENCE = 20, 600.0
#: What another machine says may hold anything; PostgreSQL takes no NUL, and a terminal may take the rest as commands.
_UNPRINTABLE = re.compile(r"[^ -~]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OutcomeKind(StrEnum):
    """What the sending service does next depends on this alone.

    accepted: settled. refused: this mail's end (5xx at RCPT or DATA). unreachable: the same, because there is no such
    mailbox: whoever reads in its place is written to. deferred: surely not taken, try again later. uncertain: lost
    during DATA, the server may have taken it: only the same bytes may be sent again. sender refused (5xx at MAIL): no
    mail of this sender can go now. down: nobody's can (no connection, no TLS, sign-in refused): stop the queue and
    alarm.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    SENDER_REFUSED = "sender-refused"
    DOWN = "down"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`code` is the server's reply where there was one; `detail` is one line for a person, without secrets."""

    kind: OutcomeKind
    code: int | None = None
    detail: str = ""


class Security(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailServerFaultyError(DondocError):
    """The settings of the mail server cannot be used."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in, or fetched.

    `timeout` is in seconds, for each reply but the last, which has more; `connections` is how many are held at once, at
    most; `ca_file` is trusted instead of the machine's authorities.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    connections: int = 1
    local_hostname: str | None = None
    ca_file: str | None = None

    @property
    def timeout_at_end(self) -> float:
        """Return how many seconds the reply to a whole mail may take."""
        return min(self.timeout * _PATIENCE, _LONGEST_PATIENCE)

    def __post_init__(self) -> None:
        """Refuse to sign in over a connection that others can read."""
        if self.username and self.security is Security.NONE and self.host not in _LOOPBACK:
            raise MailServerFaultyError(
                f"a password for {self.host} would travel unprotected: set the security to starttls or tls"
            )


class Connection:
    """One connection for many mails, one after the other: two envelopes on one connection would mix recipients.

    It connects with the first mail, and again after a drop. `_served` counts the mails since then.
    """

    _served = 0

    def __init__(self, server: MailServer, tls_context: ssl.SSLContext | None) -> None:
        """Prepare a connection; nothing is sent yet."""
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
            tls_context=tls_context,
        )

    @property
    def is_open(self) -> bool:
        return self._smtp.is_connected

    async def close(self) -> None:
        """Take leave; whatever the server says to that."""
        with suppress(SMTPException):
            await self._smtp.quit()
        self._smtp.close()

    async def hand_over(self, sender: str, recipient: str, content: bytes) -> Outcome:
        """Give one mail to the server; see `OutcomeKind` for what each outcome means."""
        reused = self.is_open and self._served > 0
        outcome = await self._attempt(sender, recipient, content)
        # An idle connection may have been dropped unseen. Nothing was handed over: a fresh one gets one try.
        if reused and outcome.kind is OutcomeKind.DEFERRED and not self.is_open:
            outcome = await self._attempt(sender, recipient, content)
        return outcome

    async def _attempt(self, sender: str, recipient: str, content: bytes) -> Outcome:
        try:
            outcome = await self.opened() or await self._transferred(sender, recipient, content)
        except BaseException:
            # Cancelled half-way: the next reply on this connection would be taken for another mail's.
            self._smtp.close()
            raise
        if outcome.kind is not OutcomeKind.ACCEPTED:
            await self._forget_envelope()
        return outcome

    async def opened(self) -> Outcome | None:
        """Return None with a connection, or why there is none."""
        if self.is_open:
            return None
        try:
            await self._smtp.connect()
        except (SMTPException, OSError) as error:
            return self._down(error)
        self._served = 0
        return None

    async def _transferred(self, sender: str, recipient: str, content: bytes) -> Outcome:
        """Give MAIL, RCPT and DATA one by one: before DATA a drop is harmless, during DATA it is not."""
        try:
            await self._smtp.mail(sender)
        except SMTPException as error:
            return _judged(error, permanent=OutcomeKind.SENDER_REFUSED, otherwise=OutcomeKind.DEFERRED)
        try:
            await self._smtp.rcpt(recipient)
        except SMTPException as error:
            permanent = OutcomeKind.UNREACHABLE if NO_MAILBOX.match(_reply(error)) else OutcomeKind.REFUSED
            return _judged(error, permanent=permanent, otherwise=OutcomeKind.DEFERRED)
        try:
            reply = await self._smtp.data(content, timeout=self._server.timeout_at_end)
        except SMTPException as error:
            return _judged(error, permanent=OutcomeKind.REFUSED, otherwise=OutcomeKind.UNCERTAIN)
        self._served += 1
        return Outcome(kind=OutcomeKind.ACCEPTED, code=reply.code, detail=short(reply.message))

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


def _judged(error: SMTPException, *, permanent: OutcomeKind, otherwise: OutcomeKind) -> Outcome:
    """Judge a failed command by its code: 5xx is `permanent`, 4xx waits, a drop or a garbled reply is `otherwise`."""
    # SMTPRecipientsRefused has no code of its own, but is never raised here: RCPT is given for one recipient alone.
    code = error.code if isinstance(error, SMTPResponseException) else None
    if code is not None and _TEMPORARY <= code < _PERMANENT:
        return Outcome(kind=OutcomeKind.DEFERRED, code=code, detail=_reply(error))
    kind = permanent if code is not None and code >= _PERMANENT else otherwise
    return Outcome(kind=kind, code=code, detail=_reply(error))


def _reply(error: SMTPException | OSError) -> str:
    return short(error.message if isinstance(error, SMTPException) else str(error))


def short(text: str) -> str:
    """Return one line of bounded length without addresses, for it may reach logs and Prefect's tables.

    What is not printable ASCII comes from another machine and is escaped.
    """
    said = _ADDRESS.sub("<address>", one_line(text[:_LONGEST_SAID]))
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], said)[:_LONGEST_DETAIL]


def tls_context(server: MailServer) -> ssl.SSLContext | None:
    """Return what the connections to this server trust; None where they are not protected."""
    if server.security is Security.NONE:
        return None
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        raise MailServerFaultyError(f"the certificate file {server.ca_file} cannot be read: {error}") from error
