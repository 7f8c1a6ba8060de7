"""The programs of one dondoc on one machine: Prefect's server and worker and, on trial, the mailbox."""

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from cli.mailbox import HOST as MAILBOX_HOST
from cli.mailbox import mailbox_argv, mailbox_ready
from cli.prefect_server import (
    PrefectHome,
    check_port,
    client_environment,
    server_argv,
    server_environment,
    server_ready,
    watching_worker,
    worker_argv,
)
from cli.process_tree import ProcessTree

#: Seconds. A first start on an empty database takes up to 15 on two slow cores; ten times that is surely a fault.
_SERVER_PATIENCE = 150.0
_PATIENCE = 60.0
_READY_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the programs listen, all on the loopback interface."""

    prefect: int
    mailbox_smtp: int
    mailbox_http: int
    portal: int

    @property
    def portal_url(self) -> str:
        return f"http://{MAILBOX_HOST}:{self.portal}"

    @property
    def mailbox_url(self) -> str:
        return f"http://{MAILBOX_HOST}:{self.mailbox_http}"


def mailbox_environment(ports: Ports) -> dict[str, str]:
    """Return the settings under which every mail ends in the local mailbox, whatever else is configured."""
    return {
        "DONDOC_TRIAL": "true",
        "DONDOC_SMTP_HOST": MAILBOX_HOST,
        "DONDOC_SMTP_PORT": str(ports.mailbox_smtp),
        "DONDOC_SMTP_SECURITY": "none",
        "DONDOC_SMTP_USER": "",
        "DONDOC_SMTP_PASSWORD": "",
        "DONDOC_IMAP_HOST": "",
    }


def start_mailbox(tree: ProcessTree, folder: Path, ports: Ports, *, simulated: bool) -> None:
    """Start the local mailbox and let this process and everything it starts send there."""
    argv = mailbox_argv(folder, smtp_port=ports.mailbox_smtp, http_port=ports.mailbox_http, simulated=simulated)
    tree.start("mailbox", argv, dict(os.environ), lambda: mailbox_ready(ports.mailbox_http), _PATIENCE)
    os.environ.update(mailbox_environment(ports))


def start_portal(tree: ProcessTree, ports: Ports) -> None:
    """Start the pages; mails link to them from then on, under the address that is set or, on trial, this machine's."""
    os.environ.setdefault("DONDOC_PUBLIC_URL", ports.portal_url)
    argv = [sys.executable, "-m", "portal", "--port", str(ports.portal)]
    tree.start("portal", argv, dict(os.environ), lambda: portal_ready(ports.portal), _PATIENCE)


def portal_ready(port: int) -> bool:
    with contextlib.closing(HTTPConnection(MAILBOX_HOST, port, timeout=_READY_TIMEOUT_SECONDS)) as connection:
        try:
            connection.request("GET", "/suc-khoe")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False


def starting_server(tree: ProcessTree, home: PrefectHome) -> AbstractContextManager[None]:
    """Start the guarded Prefect server; it takes longest, so the block's work is done meanwhile."""
    check_port(home)
    return tree.starting(
        "prefect-server", server_argv(), server_environment(home), lambda: server_ready(home), _SERVER_PATIENCE
    )


def start_worker(tree: ProcessTree, home: PrefectHome) -> None:
    """Start the process worker and wait until the server knows it."""
    with watching_worker(home) as online:
        tree.start("prefect-worker", worker_argv(), client_environment(home), online, _PATIENCE)
