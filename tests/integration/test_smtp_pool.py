"""Several connections to the mail server, and what a whole delivery makes of its faults."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP
from sqlmodel import select

from models import Message
from models.database import reading
from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, OutcomeKind, Security
from services.delivery import deliver
from tests.integration.cast import CALENDAR, LETTERHEAD, OPENING, at, open_year, outcomes, sweep
from tests.integration.mail_office import Office, listening, mails_of_notices, sent

MAILS = 7  # the communes of the report


@asynccontextmanager
async def crowded(office: Office, most: int):
    """A mail server that turns away whoever comes when it has `most` visitors."""

    class Door(SMTP):
        def connection_made(self, transport):
            if office.connections >= most:
                transport.write(b"421 4.7.0 too many connections\r\n")
                transport.close()
                return
            office.connections += 1
            super().connection_made(transport)

    server = await asyncio.get_running_loop().create_server(
        lambda: Door(office, hostname="mail.konray.example"), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    try:
        yield MailServer(host="127.0.0.1", port=port, security=Security.NONE, timeout=5, connections=4)
    finally:
        server.close()
        await server.wait_closed()


async def test_mails_given_at_once_use_as_many_connections_as_are_allowed():
    office = Office()
    async with listening(office) as server, SmtpMailer(replace(server, connections=3)) as mailer:
        await asyncio.gather(*(sent(mailer) for _ in range(9)))
    assert (office.connections, len(office.taken)) == (3, 9)


async def test_mails_given_one_by_one_use_one_connection():
    office = Office()
    async with listening(office) as server, SmtpMailer(replace(server, connections=3)) as mailer:
        for _ in range(4):
            await sent(mailer)
    assert (office.connections, len(office.taken)) == (1, 4)


async def test_a_server_that_allows_fewer_connections_is_served_through_those():
    office = Office()
    async with crowded(office, most=2) as server, SmtpMailer(server) as mailer:
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
        found = await asyncio.gather(*(sent(mailer) for _ in range(8)))
        assert {outcome.kind for outcome in found} == {OutcomeKind.ACCEPTED}
        assert mailer.connections == 2
    assert (office.connections, len(office.taken)) == (2, 9)


async def deliver_to(engine, server, *, minutes=0):
    async with SmtpMailer(replace(server, connections=4)) as mailer:
        now = at(OPENING) + timedelta(minutes=minutes)
        return await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=LETTERHEAD, now=now)


@pytest.mark.parametrize(
    ("command", "reply", "lasting"),
    [
        ("MAIL", "450 4.7.1 later", False),
        ("MAIL", "550 5.7.1 you may not send", False),  # nobody's mail is lost
        ("MAIL", "drop", False),
        ("RCPT", "450 4.2.0 greylisted", False),
        ("RCPT", "550 5.7.1 unwanted", True),
        ("RCPT", "drop", False),
        ("DATA", "452 4.3.1 disk full", False),
        ("DATA", "554 5.6.0 unwanted", True),
        ("DATA", "drop", False),
        ("DATA", "taken, then drop", False),
        ("DATA", "251 odd", False),
    ],
)
async def test_whatever_a_server_says_to_some_mails_none_is_lost_falsely_sent_or_holds_up_the_rest(
    engine, command, reply, lasting
):
    open_year(engine)
    sweep(engine, OPENING)
    # Others are taken between: three refusals in a row would make the server itself suspect.
    office = Office(script={command: ["", reply] * 3})
    async with listening(office) as server:
        first = await deliver_to(engine, server)
        accepted = {content for _, _, content in office.taken}
        with reading(engine) as session:
            called_sent = session.exec(select(Message).where(Message.state == "sent")).all()
        assert len(called_sent) <= len(accepted)
        assert first.undelivered + first.mails + 3 * lasting == MAILS, "each mail is sent, failed or waits"
        assert bool(first.undelivered) != lasting
        for minutes in (6, 12, 30):
            last = await deliver_to(engine, server, minutes=minutes)
        assert (last.undelivered, last.alarm) == (0, "")
    holders, copies = mails_of_notices(content for _, _, content in office.taken)
    assert {len(mails) for mails in holders.values()} == {1}
    assert {len(set(contents)) for contents in copies.values()} == {1}
    assert outcomes(engine) == ({"sent": MAILS - 3, "owed": 3} if lasting else {"sent": MAILS})
    with reading(engine) as session:
        reasons = {mail.detail for mail in session.exec(select(Message).where(Message.state == "failed"))}
    assert reasons == ({reply[4:]} if lasting else set())
    assert len(holders) == MAILS - 3 * lasting
