"""Runs a Prefect server and worker of dondoc's own, which no other user of the machine and no web page can use."""

import os
import secrets
import socket
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deployments.table import POOL
from rules.errors import DondocError

HOST = "127.0.0.1"

_HEALTH_TIMEOUT_SECONDS = 2.0
_WORKER_RUNS = 2  # a flow run costs four seconds of CPU to start; more at once only slow each other down


class PortTakenError(DondocError):
    """Another program listens on the port of the Prefect server."""


class NoServerError(DondocError):
    """The Prefect server does not run."""


class AuthFileError(DondocError):
    """The file with the authentication string can be read by others."""


@dataclass(frozen=True)
class PrefectHome:
    """Where a Prefect server lives: a data folder of dondoc's and a port on the loopback interface."""

    folder: Path
    port: int

    @property
    def settings(self) -> Path:
        """The folder Prefect calls PREFECT_HOME: its database and the authentication string lie there."""
        return self.folder.absolute() / "prefect"

    @property
    def auth_file(self) -> Path:
        """The one-line file to copy into the UI when it asks for a password."""
        return self.settings / "auth"

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.ui_url}/api"


def auth_string(home: PrefectHome) -> str:
    """Return the authentication string, made on first use; never to be logged or printed."""
    home.settings.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not home.auth_file.exists():
        _create_auth_file(home.auth_file)
    if home.auth_file.stat().st_mode & 0o077:
        raise AuthFileError(f"{home.auth_file} can be read by others; run: chmod 600 {home.auth_file}")
    return home.auth_file.read_text("ascii").strip()


def login_hint(home: PrefectHome) -> str:
    """Say how an administrator gets into the UI, without saying the secret itself."""
    return f"Prefect UI: {home.ui_url} (when it asks for the password, paste the line in {home.auth_file})"


def check_port(home: PrefectHome) -> None:
    """Raise `PortTakenError` when the server could not listen."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the server does: a closing connection is no hindrance
        try:
            probe.bind((HOST, home.port))
        except OSError as error:
            raise PortTakenError(
                f"Port {home.port} on {HOST} is not free for the Prefect server ({error.strerror}). "
                "Stop the program that uses it, or choose another port with DONDOC_PREFECT_PORT."
            ) from error


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def client_environment(home: PrefectHome) -> dict[str, str]:
    """Return the whole environment of a program that talks to the server: the worker, its flow runs, `prefect`."""
    return _foreign_environment() | {
        "PREFECT_HOME": str(home.settings),
        "PREFECT_API_URL": home.api_url,
        "PREFECT_API_AUTH_STRING": auth_string(home),
        # Without an answer from our server a run must fail; it must not start an unguarded server of its own.
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "5",
        "PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES": "false",
        "PYTHONUNBUFFERED": "1",
    }


def server_environment(home: PrefectHome) -> dict[str, str]:
    """Return the whole environment for the server: guarded, on the loopback interface, telling nobody."""
    return client_environment(home) | {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(home.port),
        "PREFECT_SERVER_API_AUTH_STRING": auth_string(home),
        # Any web page open in the administrator's browser can reach the loopback interface: these two refuse it.
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": home.ui_url,
        "PREFECT_SERVER_UI_ENABLED": "true",
        "PREFECT_SERVER_UI_API_URL": home.api_url,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # Prefect would unpack its pages into site-packages, which a service account cannot write.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home.settings / "ui"),
        # History lives in dondoc's own tables; Prefect's runs may go after their 90 days.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }


def server_argv() -> list[str]:
    """Return the command of the server; host and port come from its environment."""
    return [sys.executable, "-m", "prefect", "server", "start"]


def worker_argv(pool: str = POOL, *, name: str = POOL) -> list[str]:
    """Return the command of a process worker, named apart on each host; the pool must exist (`ensure_pool`)."""
    return [
        *(sys.executable, "-m", "prefect", "worker", "start"),
        *("--pool", pool, "--name", name, "--type", "process", "--limit", str(_WORKER_RUNS)),
        *("--install-policy", "never", "--no-create-pool-if-not-found"),
    ]


def server_ready(home: PrefectHome) -> bool:
    """Tell whether our own server answers: it knows our authentication string and refuses a call without it."""
    token = b64encode(auth_string(home).encode("ascii")).decode("ascii")
    try:
        known = _status(home, {"Authorization": f"Basic {token}"})
        unknown = _status(home, {})
    except (OSError, HTTPException):
        return False
    return known == HTTPStatus.OK and unknown == HTTPStatus.UNAUTHORIZED


def require_server(home: PrefectHome) -> None:
    """Refuse to go on without our own server."""
    if not home.auth_file.exists() or not server_ready(home):
        raise NoServerError(f"no Prefect server of dondoc's answers at {home.ui_url}; start it with `dondoc up`")


@contextmanager
def connected(home: PrefectHome) -> Iterator[None]:
    """Let Prefect's client, and flows run in this process, talk to the server for the duration of the block."""
    from prefect.settings import (  # noqa: PLC0415 - Prefect takes a second to import
        PREFECT_API_AUTH_STRING,
        PREFECT_API_URL,
        PREFECT_HOME,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
        temporary_settings,
    )

    with temporary_settings(
        {
            PREFECT_HOME: home.settings,
            PREFECT_API_URL: home.api_url,
            PREFECT_API_AUTH_STRING: auth_string(home),
            PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False,
        }
    ):
        yield


async def ensure_pool(pool: str = POOL) -> None:
    """Create the process work pool when it is missing; leave an existing one as the administrator has set it."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - as above
    from prefect.client.schemas.actions import WorkPoolCreate  # noqa: PLC0415
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415
    from prefect.workers.process import ProcessWorker  # noqa: PLC0415

    async with get_client() as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            template = ProcessWorker.get_default_base_job_template()
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process", base_job_template=template))


@contextmanager
def watching_worker(home: PrefectHome, pool: str = POOL) -> Iterator[Callable[[], bool]]:
    """Give a question to ask again and again: has a worker of the pool reported to the server? One client asks it."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - as above

    with connected(home), get_client(sync_client=True) as client:
        yield lambda: any(worker.status == "ONLINE" for worker in client.read_workers_for_work_pool(pool))


def _create_auth_file(path: Path) -> None:
    """Write the secret under another name first: whoever finds the file finds all of it, and the first writer wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"dondoc:{secrets.token_urlsafe(32)}\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _status(home: PrefectHome, headers: dict[str, str]) -> int:
    """Ask by the standard library: it is polled while the server starts, and a client with TLS costs CPU to make."""
    with closing(HTTPConnection(HOST, home.port, timeout=_HEALTH_TIMEOUT_SECONDS)) as connection:
        connection.request("GET", "/api/admin/version", headers=headers)
        return connection.getresponse().status


def _foreign_environment() -> dict[str, str]:
    """Return our environment without anybody's Prefect settings: a stray API address or profile would mislead us."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
