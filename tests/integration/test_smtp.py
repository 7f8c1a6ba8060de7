import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from notifications.mailer import RecordingMailer, SmtpMailer
from notifications.smtp import MailServer, OutcomeKind, Security
from tests.integration.mail_office import COMMUNE, CONTENT, SENDER, Office, listening, sent


async def test_many_mails_go_over_one_connection_and_arrive_byte_for_byte():
    office = Office()
    async with listening(office) as server, SmtpMailer(server) as mailer:
        outcomes = [await sent(mailer) for _ in range(5)]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert (outcomes[0].code, outcomes[0].detail) == (250, "taken as 42")
    assert office.taken == [(SENDER, COMMUNE, CONTENT)] * 5
    assert office.connections == 1


async def test_mails_given_at_once_go_one_after_the_other():
    office = Office()
    recipients = [f"unit{number}@konray.example" for number in range(8)]
    async with listening(office) as server, SmtpMailer(server) as mailer:
        await asyncio.gather(*(sent(mailer, recipient) for recipient in recipients))
    assert sorted(recipient for _, recipient, _ in office.taken) == recipients


@pytest.mark.parametrize(
    ("command", "reply", "kind", "code"),
    [
        ("MAIL", "450 4.7.1 later", OutcomeKind.DEFERRED, 450),
        ("MAIL", "550 5.7.1 you may not send", OutcomeKind.SENDER_REFUSED, 550),
        ("RCPT", "450 4.2.0 greylisted", OutcomeKind.DEFERRED, 450),
        ("RCPT", "550 5.1.1 no such mailbox", OutcomeKind.UNREACHABLE, 550),
        ("RCPT", "550 5.1.10 no such mailbox", OutcomeKind.UNREACHABLE, 550),
        ("RCPT", "550 5.1.2 no such domain", OutcomeKind.UNREACHABLE, 550),
        ("RCPT", "550 5.2.1 mailbox disabled", OutcomeKind.UNREACHABLE, 550),
        ("RCPT", "450 5.1.1 no such mailbox, perhaps", OutcomeKind.DEFERRED, 450),
        ("RCPT", "550 5.1.8 no such sender", OutcomeKind.REFUSED, 550),
        ("RCPT", "550 5.1.11 unheard of", OutcomeKind.REFUSED, 550),
        ("RCPT", "550 5.7.1 no relaying", OutcomeKind.REFUSED, 550),
        ("RCPT", "550 no, not 5.1.1", OutcomeKind.REFUSED, 550),
        ("DATA", "554 5.1.1 unwanted", OutcomeKind.REFUSED, 554),
        ("DATA", "452 4.3.1 disk full", OutcomeKind.DEFERRED, 452),
        ("DATA", "554 5.6.0 unwanted", OutcomeKind.REFUSED, 554),
    ],
)
async def test_a_refusal_is_judged_by_its_code_and_the_next_mail_goes(command, reply, kind, code):
    office = Office(script={command: [reply]})
    async with listening(office) as server, SmtpMailer(server) as mailer:
        outcome = await sent(mailer)
        following = await sent(mailer, "dakpne@konray.example")
    assert (outcome.kind, outcome.code) == (kind, code)
    assert outcome.detail == reply[4:]
    assert following.kind is OutcomeKind.ACCEPTED
    # The refused envelope left nothing behind: only the second mail was taken, by its own recipient.
    assert [recipient for _, recipient, _ in office.taken] == ["dakpne@konray.example"]
    assert office.connections == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
async def test_a_drop_before_the_text_is_given_is_harmless(command):
    office = Office(script={command: ["drop"]})
    async with listening(office) as server, SmtpMailer(server) as mailer:
        assert (await sent(mailer)).kind is OutcomeKind.DEFERRED
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
    assert (len(office.taken), office.connections) == (1, 2)


@pytest.mark.parametrize(("reply", "taken"), [("drop", 0), ("taken, then drop", 1), ("251 odd", 1)])
async def test_what_is_lost_after_the_text_was_given_is_uncertain_and_never_repeated_by_itself(reply, taken):
    office = Office(script={"DATA": [reply]})
    async with listening(office) as server, SmtpMailer(server) as mailer:
        outcome = await sent(mailer)
        assert (outcome.kind, len(office.taken)) == (OutcomeKind.UNCERTAIN, taken)
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED


async def test_a_reply_that_never_comes_is_uncertain():
    office = Office(script={"DATA": ["silence"]})
    async with listening(office) as server, SmtpMailer(replace(server, timeout=0.1)) as mailer:
        outcome = await sent(mailer)
        assert outcome.kind is OutcomeKind.UNCERTAIN
        assert "Timed out" in outcome.detail
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED


async def test_a_server_that_looks_through_the_whole_mail_is_waited_for_longer_than_for_its_other_replies():
    """Whoever waits less sends again what was taken (RFC 5321, 4.5.3.2.6)."""
    office = Office(script={"DATA": ["slow"]})
    async with listening(office) as server, SmtpMailer(replace(server, timeout=0.5)) as mailer:
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
    assert len(office.taken) == 1
    waits = [MailServer(host="x", port=25, timeout=seconds).timeout_at_end for seconds in (1, 30, 600)]
    assert waits == [20, 600, 600]


async def test_what_a_server_says_is_kept_without_whatever_a_terminal_or_a_database_could_not_take():
    office = Office(script={"RCPT": ["550 5.7.1 \0no\x1b[2J\x7f"]})
    async with listening(office) as server, SmtpMailer(server) as mailer:
        assert (await sent(mailer)).detail == r"5.7.1 \x00no\x1b[2J\x7f"


@pytest.mark.parametrize("reply", ["drop", "421 4.3.2 closing"])
async def test_a_connection_that_went_stale_between_two_mails_is_made_anew_unnoticed(reply):
    office = Office()
    async with listening(office) as server, SmtpMailer(server) as mailer:
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
        office.script["MAIL"] = [reply]
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
    assert (len(office.taken), office.connections) == (2, 2)


@pytest.mark.parametrize("address", ["đăk@konray.example", "a@b.example>\r\nDATA", "a@b.example, c@d.example", ""])
async def test_a_malformed_address_never_reaches_the_server(address):
    office = Office()
    async with listening(office) as server, SmtpMailer(server) as mailer:
        assert (await sent(mailer, address)).kind is OutcomeKind.REFUSED
        outcome = await mailer.send(sender=address, recipient=COMMUNE, content=CONTENT)
        assert outcome.kind is OutcomeKind.SENDER_REFUSED
    assert (office.taken, office.connections) == ([], 0)


async def test_a_mail_cancelled_half_way_does_not_lend_its_reply_to_the_next():
    office = Office(script={"DATA": ["silence"]})
    async with listening(office) as server, SmtpMailer(server) as mailer:
        half_way = asyncio.create_task(sent(mailer))
        await office.reached.wait()
        half_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await half_way
        assert (await sent(mailer)).kind is OutcomeKind.ACCEPTED
    assert office.connections == 2


async def closed_port() -> int:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_host_that_is_down_stops_the_queue_and_is_named():
    port = await closed_port()
    async with SmtpMailer(MailServer(host="127.0.0.1", port=port, security=Security.NONE, timeout=2)) as mailer:
        outcome = await sent(mailer)
    assert outcome.kind is OutcomeKind.DOWN
    assert f"no connection to 127.0.0.1:{port}" in outcome.detail


def greeting(words: bytes) -> Callable[[], asyncio.Protocol]:
    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(words)

    return Greeter


@pytest.mark.parametrize(("words", "code"), [(b"", None), (b"554 5.3.2 closed\r\n", 554), (b"421 busy\r\n", 421)])
async def test_a_host_that_does_not_greet_is_down(words, code):
    server = await asyncio.get_running_loop().create_server(greeting(words), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        SmtpMailer(MailServer(host="127.0.0.1", port=port, security=Security.NONE, timeout=0.2)) as mailer,
    ):
        outcome = await sent(mailer)
    assert (outcome.kind, outcome.code) == (OutcomeKind.DOWN, code)


async def test_the_recording_mailer_answers_as_it_is_told():
    async with RecordingMailer(answers={COMMUNE: (await refused())}) as mailer:
        assert (await mailer.send(sender=SENDER, recipient=COMMUNE, content=CONTENT)).kind is OutcomeKind.REFUSED
        await mailer.send(sender=SENDER, recipient="dakpne@konray.example", content=CONTENT)
    assert mailer.sent == [("dakpne@konray.example", CONTENT)]


async def refused():
    async with listening(Office(script={"RCPT": ["550 no"]})) as server, SmtpMailer(server) as mailer:
        return await sent(mailer)
