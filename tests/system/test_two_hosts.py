"""PostgreSQL, Redis, one Prefect server, two workers: a morning in which one host dies in the middle loses nothing.

The servers are told what deployments/hosts/ says, by its own files. A host is a worker with a home folder of its
own; it dies with everything that was started with that folder, as a machine does whose power fails.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from pathlib import Path

import prefect
import psycopg
import pytest
from prefect.client.orchestration import get_client
from sqlalchemy import Engine, text
from sqlmodel import select

from cli.prefect_server import (
    HOST,
    POOL,
    PrefectHome,
    auth_string,
    connected,
    free_port,
    server_argv,
    server_ready,
    worker_argv,
)
from cli.process_tree import ProcessTree
from deployments.table import deployment_name
from models import Notice
from models.database import make_engine, reading, writing
from rules.moments import moment_at
from rules.vocabulary import NoticeState
from services.installation import set_clock
from tests.acceptance.command_line import OPENING, PLAN, dondoc, environment, left_over, open_year
from tests.acceptance.killed_office import Blow, KillingOffice
from tests.integration.mail_office import mails_of_notices
from tests.system.postgres import running_postgres

pytestmark = [pytest.mark.system, pytest.mark.server]

FILES = Path(__file__).parents[2] / "deployments" / "hosts"
PATIENCE_SECONDS = 240  # for one step, on a machine that is busy with other tests
# Together these clauses reach each office once on the opening morning: seven communes and six bodies, then two offices.
BEFORE, MEANWHILE = ("V.4-3", "V.5-1"), ("V.1-1", "V.2-1")
NOTICES, MAILS = 7 + 6 + 4 + 2, 15
HALF = 7


class SilentOffice(KillingOffice):
    """A mail server that takes a mail and never says so, until somebody ends the sender."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = threading.Event()

    def _strike(self) -> None:
        self.silent.set()


@dataclass(frozen=True, kw_only=True)
class Machines:
    """All that runs: one place with the servers, and the homes of two hosts."""

    prefect: PrefectHome
    variables: dict[str, str]
    engine: Engine
    prefect_database: str
    redis_port: int
    office: SilentOffice
    hosts: tuple[Path, Path]

    def of_host(self, home: Path) -> dict[str, str]:
        """Return what is set on a host: all but its own folders is the same on each."""
        return self.variables | {"DONDOC_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}


def settings_of(name: str) -> dict[str, str]:
    """Read one of the files that systemd and Compose read."""
    lines = (FILES / name).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def client_settings(home: PrefectHome) -> dict[str, str]:
    return settings_of("prefect-client.env") | {
        "PREFECT_HOME": str(home.settings),
        "PREFECT_API_URL": home.api_url,
        "PREFECT_API_AUTH_STRING": auth_string(home),
    }


def server_settings(home: PrefectHome, database: str, redis_port: int) -> dict[str, str]:
    redis = f"redis://{HOST}:{redis_port}"
    return (
        client_settings(home)
        | settings_of("prefect-server.env")
        | {
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(home.port),
            "PREFECT_SERVER_API_AUTH_STRING": auth_string(home),
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home.settings / "ui"),
            "PREFECT_API_DATABASE_CONNECTION_URL": database.replace("postgresql://", "postgresql+asyncpg://"),
            "PREFECT_REDIS_MESSAGING_URL": f"{redis}/0",
            "PREFECT_SERVER_DOCKET_URL": f"{redis}/1",
        }
    )


def asked(port: int, command: str) -> str:
    """Ask Redis for one line in its own protocol; nothing when nobody answers."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(100).decode().strip()
    return ""


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Start all as deployments/hosts/README.md says: the stores, both migrations, the server, then the workers."""
    folder = tmp_path_factory.mktemp("machines")
    home, redis_port = PrefectHome(folder, free_port()), free_port()
    hosts = folder / "host-1", folder / "host-2"
    with ExitStack() as stack:
        database, prefect_database = stack.enter_context(running_postgres("dondoc", "prefect"))
        office = stack.enter_context(SilentOffice.listening())
        servers = stack.enter_context(ProcessTree(folder / "logs"))
        redis = ["/usr/bin/redis-server", "--bind", HOST, "--port", str(redis_port), "--dir", str(folder), "--save", ""]
        servers.start("redis", redis, {}, lambda: asked(redis_port, "PING") == "+PONG", PATIENCE_SECONDS)
        variables = environment(
            folder,
            database_url=database,
            smtp_host=HOST,
            smtp_port=office.port,
            smtp_security="none",
            smtp_connections=1,
        )
        engine = make_engine(database)
        stack.callback(engine.dispose)
        machines = Machines(
            prefect=home,
            variables=variables | client_settings(home),
            engine=engine,
            prefect_database=prefect_database,
            redis_port=redis_port,
            office=office,
            hosts=hosts,
        )
        open_year(folder, database_url=database)
        with writing(machines.engine) as session:
            set_clock(session, moment_at(datetime.fromisoformat(OPENING).date(), time(8, 30)))
        for_server = variables | server_settings(home, prefect_database, redis_port)
        migrate = [*server_argv()[:-1], "database", "upgrade", "--yes"]
        subprocess.run(migrate, env=for_server, check=True, timeout=PATIENCE_SECONDS)
        servers.start("server", server_argv(), for_server, lambda: server_ready(home), PATIENCE_SECONDS)
        assert "20 new" in dondoc(machines.variables, "deploy")
        with connected(home):
            asyncio.run(switch_schedules_off())
            for host in hosts:
                tree = stack.enter_context(ProcessTree(host / "logs"))
                argv = worker_argv(name=host.name)
                tree.start("worker", argv, machines.of_host(host), partial(online, host.name), PATIENCE_SECONDS)
            yield machines
    assert [left_over(host) for host in hosts] == [[], []]


def online(name: str) -> bool:
    """Tell whether a host's worker has reported to the server."""

    async def asked_for() -> bool:
        async with get_client() as client:
            workers = await client.read_workers_for_work_pool(POOL)
            return any((worker.name, worker.status) == (name, "ONLINE") for worker in workers)

    return asyncio.run(asked_for())


async def switch_schedules_off() -> None:
    """The test plays a morning at whatever hour it runs: no schedule shall join in."""
    async with get_client() as client:
        for deployment in await client.read_deployments():
            for schedule in deployment.schedules:
                await client.update_deployment_schedule(deployment.id, schedule.id, active=False)


async def begin(client, *clauses, delivery=False):
    """Create the runs that a schedule would, and return their ids."""
    names = [f"follow_up/{deployment_name(PLAN, clause)}" for clause in clauses]
    names += ["deliver_mail/deliver-mail"] * delivery
    found = [await client.read_deployment_by_name(name) for name in names]
    return [(await client.create_flow_run_from_deployment(deployment.id)).id for deployment in found]


async def completed(client, runs):
    """Wait until every run has ended well; how long does not matter."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for run in runs:
            while not (state := (await client.read_flow_run(run)).state).is_final():  # noqa: ASYNC110 - elsewhere
                await asyncio.sleep(0.5)
            assert state.is_completed(), state


def runs_on(home: Path) -> set[str]:
    """Return the flow runs that have a process on a host."""
    found = set()
    for pid in left_over(home):
        with suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
            found |= {line.partition("=")[2] for line in variables if line.startswith("PREFECT__FLOW_RUN_ID=")}
    return found


def kill(home: Path) -> None:
    """End all that runs on a host, at once and unasked."""
    while pids := left_over(home):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def findings(variables: dict[str, str], *, code: int = 0) -> dict[str, tuple[str, str]]:
    """Return what `dondoc doctor` says of each part: its verdict and what was found."""
    printed = dondoc(variables, "doctor", "--json", code=code)
    return {part["name"]: (part["verdict"], part["found"]) for part in json.loads(printed)["parts"]}


def test_doctor_looks_at_each_part_from_any_host(machines):
    found = findings(machines.of_host(machines.hosts[1]))
    verdict, engine = found["database"]
    assert verdict == "good"
    assert engine.startswith("postgresql 1")
    assert found["prefect"] == ("good", f"{machines.prefect.api_url} answers, guarded, Prefect {prefect.__version__}")
    assert "Redis" in found["messages"][1]
    assert found["work pool"] == ("good", POOL)
    assert found["workers"] == ("good", "host-1, host-2")
    assert found["deployments"] == ("good", "20, as the database says")
    assert found["mail server"][0] == "good"


@pytest.mark.parametrize(
    ("setting", "value", "part", "said"),
    [
        ("PREFECT_API_AUTH_STRING", "dondoc:wrong", "prefect", "refuses our authentication string"),
        ("PREFECT_API_URL", f"http://{HOST}:9/api", "prefect", "no server answers"),
        ("DONDOC_DATABASE_URL", f"postgresql://dondoc@{HOST}:9/dondoc", "database", "database"),
    ],
)
def test_doctor_says_which_part_is_wrong(machines, setting, value, part, said):
    verdict, found = findings(machines.variables | {setting: value}, code=3)[part]
    assert verdict == "wrong"
    assert said in found
    assert "dondoc:wrong" not in found


def test_postgresql_finds_out_within_a_minute_that_a_host_has_lost_its_power(machines):
    """Else it would keep the lock of the one sender for two hours."""
    with reading(machines.engine) as session:
        named = ("idle", "interval", "count")
        seconds, every, times = (int(session.scalar(text(f"SHOW tcp_keepalives_{name}"))) for name in named)
        assert seconds + every * times <= 60
        assert int(session.scalar(text("SHOW tcp_user_timeout"))) <= 60_000  # milliseconds


async def test_a_host_that_dies_in_the_middle_of_a_morning_loses_nothing(machines):
    office, (one, other) = machines.office, machines.hosts
    async with get_client() as client:
        await completed(client, await begin(client, *BEFORE))
        office.blow = Blow(command="TAKEN", nth=HALF)
        [*_, delivery] = await begin(client, *MEANWHILE, delivery=True)
        assert await asyncio.to_thread(office.silent.wait, PATIENCE_SECONDS), "no delivery has begun"
        dead, survivor = (one, other) if str(delivery) in runs_on(one) else (other, one)
        assert str(delivery) in runs_on(dead)
        kill(dead)
        office.blow = None
        assert not (await client.read_flow_run(delivery)).state.is_final()

        # The next quarter of an hour: who has looked before looks once more, which must change nothing.
        await completed(client, await begin(client, *BEFORE, *MEANWHILE))
        [again] = await begin(client, delivery=True)
        await completed(client, [again])
    assert left_over(dead) == []
    assert left_over(survivor)

    holders, copies = mails_of_notices(content for _, content in office.taken)
    assert {len(mails) for mails in holders.values()} == {1}
    assert (len(holders), len(copies)) == (NOTICES, MAILS)
    assert len({recipient for recipient, _ in office.taken}) == MAILS
    [repeated] = [contents for contents in copies.values() if len(contents) > 1]
    assert repeated == [office.taken[HALF - 1][1]] * 2, "only the mail whose acceptance nobody heard, as the same bytes"
    with reading(machines.engine) as session:
        assert [notice.state for notice in session.exec(select(Notice))] == [NoticeState.SENT] * NOTICES


def test_the_server_keeps_its_runs_in_postgresql_and_its_messages_in_redis(machines):
    with psycopg.connect(machines.prefect_database) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM flow_run").fetchone() == (True,)
    assert int(asked(machines.redis_port, "DBSIZE").removeprefix(":")) > 0
