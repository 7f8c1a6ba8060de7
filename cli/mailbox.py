"""The local mailbox of a trial: accepts every mail, keeps it as it came, shows it on a page, and lets none out.

Run as `python -m cli.mailbox --folder DIR --smtp-port N --http-port N`; port 0 takes a free one, and the first line on
stdout says which, as JSON. Both ports are on the loopback interface only.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP

from cli.mailbox_letters import Mailbox
from cli.mailbox_pages import make_app
from rules.errors import DondocError

HOST = "127.0.0.1"
_LARGEST_MAIL = 50 * 1024 * 1024  # bytes
_READY_TIMEOUT_SECONDS = 2.0


class MailboxPortError(DondocError):
    """The trial mailbox cannot listen on its port."""


class Receiver:
    """What the SMTP server does with a mail: keeps it, or says that it could not."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        try:
            number = self._mailbox.store(envelope.original_content)
        except OSError as error:
            return f"452 4.3.1 Not stored: {error.strerror}"
        return f"250 2.0.0 OK: stored as {number}"


def mailbox_argv(folder: Path, *, smtp_port: int, http_port: int, simulated: bool) -> list[str]:
    """Return the command that runs the mailbox as a program of its own."""
    ports = ["--smtp-port", str(smtp_port), "--http-port", str(http_port)]
    flags = ["--simulated"] if simulated else []
    return [sys.executable, "-m", "cli.mailbox", "--folder", str(folder), *ports, *flags]


def mailbox_ready(http_port: int) -> bool:
    """Tell whether the mailbox answers; its SMTP port listens before its pages do."""
    with contextlib.closing(HTTPConnection(HOST, http_port, timeout=_READY_TIMEOUT_SECONDS)) as connection:
        try:
            connection.request("GET", "/style.css")
            return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
        except (OSError, HTTPException):
            return False


async def serve(folder: Path, *, smtp_port: int, http_port: int, simulated: bool) -> None:
    """Receive and show mails until a signal; the chosen ports are printed once both listen."""
    mailbox = Mailbox(folder)
    with (
        _listen(smtp_port, "DONDOC_MAILBOX_SMTP_PORT") as smtp_socket,
        _listen(http_port, "DONDOC_MAILBOX_HTTP_PORT") as http_socket,
    ):
        receiver = Receiver(mailbox)
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(lambda: _protocol(receiver), sock=smtp_socket)
        ports = {"smtp_port": smtp_socket.getsockname()[1], "http_port": http_socket.getsockname()[1]}
        print(json.dumps(ports), flush=True)  # noqa: T201 - what a program that started us reads
        app = make_app(mailbox, simulated=simulated)
        async with smtp:
            config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
            await uvicorn.Server(config).serve(sockets=[http_socket])


def _protocol(receiver: Receiver) -> SMTP:
    # The host's own name is given, for looking it up can take seconds in a closed network.
    return SMTP(receiver, data_size_limit=_LARGEST_MAIL, enable_SMTPUTF8=True, hostname="localhost", ident="dondoc")


def _listen(port: int, variable: str) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise MailboxPortError(
            f"The trial mailbox cannot listen on port {port} ({error.strerror}); stop the program that uses it, "
            f"or set {variable} to another port."
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mailbox from the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Accept every mail on the loopback interface and show it on a page.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--simulated", action="store_true", help="say on every page that the data are invented")
    given = parser.parse_args(arguments)
    ports = {"smtp_port": given.smtp_port, "http_port": given.http_port}
    try:
        asyncio.run(serve(given.folder, **ports, simulated=given.simulated))
    except KeyboardInterrupt:
        return 0
    except DondocError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
