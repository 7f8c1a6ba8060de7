"""A mail server's side of a real SMTP conversation, told in advance what to say or do at each command."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP

from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Security

SENDER, COMMUNE = "nhacviec@konray.example", "dakkoi@konray.example"
CONTENT = b"Subject: x\r\nMessage-ID: <1@konray.example>\r\n\r\n.a line that begins with a dot\r\n"


@dataclass
class Office:
    """A mail server's side: what it says or does at each command, and what it took. `script` is used up in order."""

    script: dict[str, list[str]] = field(default_factory=dict)
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def said(self, command: str, server: SMTP) -> str | None:
        reply = self.script[command].pop(0) if self.script.get(command) else None
        if reply == "drop":
            server.transport.abort()
        return reply

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802, ARG002
        if reply := self.said("MAIL", server):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802, ARG002
        if reply := self.said("RCPT", server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802, ARG002
        reply = self.said("DATA", server)
        if reply == "silence":
            self.reached.set()
            await asyncio.Event().wait()
        if reply == "slow":
            await asyncio.sleep(1)
            reply = None
        if not reply or reply in ("taken, then drop", "251 odd"):
            (recipient,) = envelope.rcpt_tos
            self.taken.append((envelope.mail_from, recipient, envelope.content))
        if reply == "taken, then drop":
            server.transport.abort()
        return reply or "250 taken as 42"


@asynccontextmanager
async def listening(office: Office, *, tls: ssl.SSLContext | None = None, **options) -> AsyncIterator[MailServer]:
    def protocol() -> SMTP:
        office.connections += 1
        return SMTP(office, hostname="mail.konray.example", **options)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield MailServer(host="127.0.0.1", port=port, security=Security.NONE, timeout=5, local_hostname="test.example")
    finally:
        server.close()
        await server.wait_closed()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


async def sent(mailer: SmtpMailer, recipient: str = COMMUNE):
    return await mailer.send(sender=SENDER, recipient=recipient, content=CONTENT)


def mails_of_notices(contents: Iterable[bytes]) -> tuple[dict[str, set[str]], dict[str, list[bytes]]]:
    """Return for each notice the Message-IDs of the mails that hold it, and for each Message-ID its copies."""
    holders, copies = defaultdict(set), defaultdict(list)
    for content in contents:
        mail = message_from_bytes(content, policy=policy.compat32)
        copies[mail["Message-ID"]].append(content)
        for notice in mail.get_all("X-Dondoc-Notice") or ():
            holders[notice.strip()].add(mail["Message-ID"])
    return holders, copies
