"""What an IMAP server says reaches terminals and Prefect's tables: it may repeat a password, or hold commands."""

import socket
from threading import Thread

import pytest

from notifications.imap import ImapFolder, MailboxDownError
from notifications.smtp import MailServer, Security

PASSWORD = "not-to-be-told"


def serving(*answers: bytes) -> int:
    """Greet, and answer each command with the next of these lines; return the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run():
        connection, _ = listening.accept()
        with listening, connection, connection.makefile("rwb") as said:
            said.write(b"* OK ready\r\n")
            said.flush()
            tag = b""
            for answer in answers:
                words = said.readline().split()
                tag = words[0] if len(words) > 1 else tag  # the secret alone continues the command before
                said.write(answer.replace(b"TAG", tag))
                said.flush()

    Thread(target=run, daemon=True).start()
    return listening.getsockname()[1]


CAPABLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n"


def refusal(*answers: bytes) -> str:
    server = MailServer(
        host="127.0.0.1",
        port=serving(CAPABLE, *answers),
        security=Security.NONE,
        username="laodong",
        password=PASSWORD,
        timeout=10,
    )
    with pytest.raises(MailboxDownError) as refused, ImapFolder(server, "INBOX"):
        pass
    return str(refused.value)


@pytest.mark.parametrize(
    ("answer", "told"), [("TAG NO", "the sign-in was refused"), ("* BYE", "the server hung up during the sign-in")]
)
def test_what_is_said_to_the_sign_in_is_not_repeated(answer, told):
    assert refusal(f"{answer} no such password: {PASSWORD}\r\n".encode()).endswith(f": {told}")


def test_what_cannot_be_printed_is_escaped():
    said = refusal(b"+ \r\n", b"TAG OK signed in\r\n", b"* BYE \x1b[2J laodong@konray.example is locked\r\n")
    assert "\\x1b[2J <address> is locked" in said
    assert "\x1b" not in said
