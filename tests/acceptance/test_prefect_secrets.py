"""What a run leaves behind (names, parameters, states, logs, artifacts) holds no password, whatever goes wrong."""

import asyncio
import sys
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

from cli.prefect_server import (
    PrefectHome,
    client_environment,
    connected,
    free_port,
    server_argv,
    server_environment,
    server_ready,
)
from cli.process_tree import ProcessTree
from tests.acceptance.command_line import EXAMPLE, OPENING, PLAN, environment

pytestmark = pytest.mark.server

SMTP_PASSWORD, DATABASE_PASSWORD = "not-to-be-told-one", "not-to-be-told-two"
START_SECONDS = 180
RUN_ALL = f"""
import asyncio
from datetime import date
from pathlib import Path

from flows.deliver_mail import deliver_mail
from flows.follow_up import follow_up
from flows.open_cycle import open_cycle
from flows.watchdog import watchdog


async def run_all():
    day = date.fromisoformat({OPENING!r})
    await asyncio.gather(  # each waits for a database that is away
        follow_up({PLAN!r}, "V.4-3", day, return_state=True),
        deliver_mail(day, return_state=True),
        watchdog(day, return_state=True),
        open_cycle(Path({str(EXAMPLE / "cycles" / "2024.yaml")!r}).read_text(), return_state=True),
    )


asyncio.run(run_all())
"""


def telling(server, session, envelope, mechanism, data):  # noqa: ARG001
    """A mail server that refuses the sign-in and repeats the password in its answer."""
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 no such password: {SMTP_PASSWORD}")


@pytest.fixture
def home(tmp_path):
    home = PrefectHome(tmp_path, free_port())
    with ProcessTree(tmp_path / "logs") as tree:
        tree.start("server", server_argv(), server_environment(home), lambda: server_ready(home), START_SECONDS)
        yield home


async def run_all(home: PrefectHome, variables: dict[str, str]) -> str:
    """Run every flow in a program of its own, and return what it printed."""
    prefect = {name: value for name, value in client_environment(home).items() if name.startswith("PREFECT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN_ALL, env=variables | prefect, stdout=-1, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return printed.decode()


async def left_behind(home: PrefectHome) -> str:
    """Return all that Prefect's API tells about every run, as text."""
    with connected(home):
        async with get_client() as client:
            runs = await client.read_flow_runs()
            found = [*runs, *await client.read_task_runs(), *await client.read_artifacts()]
            for run in runs:
                found += await client.read_flow_run_states(run.id)
            found += await client.read_logs(limit=200)
    return "\n".join(str(one.model_dump()) for one in found)


async def states_of(home: PrefectHome, name: str) -> set[StateType | None]:
    """Return how the runs of this name ended."""
    with connected(home):
        async with get_client() as client:
            return {run.state_type for run in await client.read_flow_runs() if run.name.startswith(name)}


def logged(folder: Path) -> str:
    return "".join(log.read_text("utf-8") for log in folder.iterdir())


async def test_no_run_leaves_a_password_in_logs_artifacts_parameters_or_states(home, owed, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "dondoc_smtp_password").write_text(f"{SMTP_PASSWORD}\n")
    office = await asyncio.get_running_loop().create_server(
        lambda: SMTP(None, authenticator=telling, auth_require_tls=False), "127.0.0.1", 0
    )
    port = office.sockets[0].getsockname()[1]
    variables = environment(
        owed, secrets_dir=secrets, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_user="nhacviec"
    )
    async with office:
        printed = await run_all(home, variables)
    away = f"postgresql://dondoc:{DATABASE_PASSWORD}@127.0.0.1:{free_port()}/dondoc"
    printed += await run_all(home, variables | {"DONDOC_DATABASE_URL": away})

    # A run that leaves mails undelivered is a failed one.
    assert await states_of(home, "Gửi thư") == {StateType.FAILED}
    told = await left_behind(home)
    # Each flow has run, the mail server and the database have refused, and Prefect knows it all.
    for expected in ("V.4-3 · ", "Gửi thư", "Tự kiểm tra", "xem trước", "refused the sign-in", "cannot be reached"):
        assert expected in told
    logs = logged(tmp_path / "logs")
    for password in (SMTP_PASSWORD, DATABASE_PASSWORD):
        assert password not in told
        assert password not in printed
        assert password not in logs
