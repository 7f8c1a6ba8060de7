"""What lies unread in the mailbox of returned mails? An IMAP folder of which only notifications are ever touched."""

import imaplib
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

from notifications.smtp import MailServer, Security, short, tls_context
from rules.errors import DondocError


class MailboxDownError(DondocError):
    """The mailbox of returned mails cannot be read."""


class ReturnedMails(Protocol):
    """Where returned mails lie; used as `with`. What is not marked as read is there again the next time."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def unread(self) -> list[str]:
        """Return the numbers of the delivery status notifications that nobody has read."""
        ...

    def beginning(self, number: str, octets: int) -> bytes:
        """Return the first octets of one; it stays unread. Empty where it is gone."""
        ...

    def mark_read(self, number: str) -> None: ...


class ImapFolder:
    """A folder on an IMAP server (RFC 3501); nothing is moved or deleted."""

    def __init__(self, server: MailServer, folder: str) -> None:
        """Keep what is needed; nothing is opened yet."""
        self._server, self._folder = server, folder

    def __enter__(self) -> Self:
        try:
            self._imap = self._connected()
            try:
                self._opened()
            except BaseException:
                self._imap.shutdown()
                raise
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._down(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._imap.logout()

    def unread(self) -> list[str]:
        """Let the server look for them by their header: other people's mail in the folder is not even fetched."""
        found = self._uid("SEARCH", "UNSEEN", "HEADER", "Content-Type", "delivery-status")
        return b" ".join(filter(None, found)).decode("ascii").split()

    def beginning(self, number: str, octets: int) -> bytes:
        answer = self._uid("FETCH", number, f"(BODY.PEEK[]<0.{octets}>)")
        return next((part[1] for part in answer if isinstance(part, tuple)), b"")

    def mark_read(self, number: str) -> None:
        self._uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")

    def _connected(self) -> imaplib.IMAP4:
        server = self._server
        if server.security is Security.TLS:
            context = tls_context(server)
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=server.timeout)
        return imaplib.IMAP4(server.host, server.port, timeout=server.timeout)

    def _opened(self) -> None:
        if self._server.security is Security.STARTTLS:
            self._imap.starttls(ssl_context=tls_context(self._server))
        self._sign_in()
        self._asked("select", f'"{self._folder}"')

    def _sign_in(self) -> None:
        """Sign in by SASL PLAIN, which takes any name and password; the server's own words may repeat them."""
        secret = f"\0{self._server.username or ''}\0{self._server.password or ''}".encode()
        try:
            self._imap.authenticate("PLAIN", lambda _: secret)
        except imaplib.IMAP4.abort:
            raise MailboxDownError(f"{self._where}: the server hung up during the sign-in") from None
        except imaplib.IMAP4.error:
            raise MailboxDownError(f"{self._where}: the sign-in was refused") from None

    def _uid(self, *command: str) -> list[Any]:
        try:
            return self._asked("uid", *command)
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._down(error) from None

    def _asked(self, method: str, *arguments: str) -> list[Any]:
        kind, answer = getattr(self._imap, method)(*arguments)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"{arguments[0]} was refused")
        found: list[Any] = answer
        return found

    @property
    def _where(self) -> str:
        return f"returned mails at {self._server.host}:{self._server.port}"

    def _down(self, error: Exception) -> MailboxDownError:
        return MailboxDownError(f"{self._where} cannot be read: {short(str(error))}")
