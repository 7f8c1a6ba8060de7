"""`dondoc up --trial`: everything in one process tree; schedules fire, mail arrives, and nothing is left behind."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.flow_runs import wait_for_flow_run

from cli.prefect_server import HOST, PrefectHome, connected, free_port
from deployments.rehearsal import fire_once
from deployments.table import deployment_name
from models.database import make_engine, writing
from rules.moments import moment_at
from services.installation import set_clock
from tests.acceptance.command_line import (
    DONDOC,
    EXAMPLE,
    OPENING,
    PLAN,
    dondoc,
    ended,
    environment,
    left_over,
    until,
)

pytestmark = pytest.mark.server

PORTS = ("prefect_port", "mailbox_smtp_port", "mailbox_http_port", "portal_port")
START_SECONDS = 240  # an empty database, on a machine that is busy with other tests
STOP_SECONDS = 60
ANOTHER_SERVER = "http://127.0.0.1:9/api"  # of no concern to `up`, which runs its own
READY = "dondoc is running; stop it with Ctrl-C."
V43 = f"follow_up/{deployment_name(PLAN, 'V.4-3')}"
SCHEDULED = 17 + 2  # deliver_mail and watchdog; open_cycle waits for a person


@dataclass(frozen=True, kw_only=True)
class Up:
    """A running `dondoc up --trial`."""

    home: Path
    process: subprocess.Popen
    log: Path
    ports: dict[str, int]

    @property
    def prefect(self) -> PrefectHome:
        return PrefectHome(self.home, self.ports["prefect_port"])

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.home / "mails").glob("*.eml"))]

    def ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return READY in self.said

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def up(home, ports):
    """Start it in another folder, so that nothing is found by accident, and end it whatever happens."""
    log = home / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [DONDOC, "up", "--trial"],
            env=environment(home, **ports) | {"PREFECT_API_URL": ANOTHER_SERVER},
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Up(home=home, process=process, log=log, ports=ports)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_SECONDS)
        for pid in left_over(home):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def ports():
    return {name: free_port() for name in PORTS}


@pytest.fixture(scope="module")
def home(opened, tmp_path_factory):
    """Return a folder in which the real plan's year is open and it is half past eight on its first morning."""
    home = shutil.copytree(opened, tmp_path_factory.mktemp("up") / "home")
    engine = make_engine(f"sqlite:///{home / 'dondoc.db'}")
    with writing(engine) as session:
        set_clock(session, moment_at(datetime.fromisoformat(OPENING).date(), time(8, 30)))
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def running(home):
    """Run it once for the tests of this module that only look."""
    own_ports = {name: free_port() for name in PORTS}
    with up(home, own_ports) as running:
        until(running.ready, START_SECONDS)
        yield running


@pytest.fixture
async def client(running):
    with connected(running.prefect):
        async with get_client() as client:
            yield client


async def eventually(question, seconds=90):
    """Ask until the answer is true, and return it; the scheduler makes runs anew once a minute."""
    deadline = monotonic() + seconds
    while not (answer := await question()):
        assert monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.5)
    return answer


def status(port, path, method="GET"):
    connection = HTTPConnection(HOST, port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse().status
    connection.close()
    return answer


def decoded(mail):
    """Return the text part of a mail."""
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    return body.get_content().encode()


def test_the_pages_answer_and_a_coordinators_sign_in_link_is_printed_and_mailed(running):
    port = running.ports["portal_port"]
    assert status(port, "/suc-khoe") == 200
    assert status(port, "/phong") == 303
    link = re.search(rf"http://127\.0\.0\.1:{port}(/phong/vao/[A-Za-z0-9_-]{{43}})", running.said)
    assert status(port, link[1]) == 200
    until(lambda: any(link[1].encode() in decoded(mail) for mail in running.mails()), 60)


def test_when_it_says_that_it_runs_the_mailbox_shows_its_page_and_the_ui_is_there(running):
    assert status(running.ports["mailbox_http_port"], "/") == 200
    assert status(running.ports["prefect_port"], "/") == 200
    assert "deployments: 20 new, 0 changed, 0 removed, 0 unchanged" in running.said


def test_the_address_of_another_prefect_server_is_left_aside_aloud(running):
    assert "PREFECT_API_URL is left aside" in running.said
    assert ANOTHER_SERVER not in running.said


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/admin/version"),
        ("GET", f"/api/deployments/name/{V43}"),
        ("POST", "/api/deployments/filter"),
        ("POST", "/api/flow_runs/"),
    ],
)
def test_a_call_without_the_secret_is_refused(running, method, path):
    assert status(running.ports["prefect_port"], path, method) in (401, 403)


async def test_there_is_one_deployment_for_each_responsibility_and_three_for_all(client):
    found = await client.read_deployments()
    clauses = [tag for one in found for tag in one.tags if tag.startswith("clause:")]
    assert len(clauses) == len(set(clauses)) == 17
    others = {one.name for one in found if not any(tag.startswith("clause:") for tag in one.tags)}
    assert others == {"open-cycle", "deliver-mail", "watchdog"}
    assert {one.status for one in found} == {"READY"}


async def test_a_scheduled_run_appears_for_everything_that_has_a_schedule(client):
    waiting = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))

    async def scheduled():
        runs = await client.read_flow_runs(flow_run_filter=waiting, limit=200)
        return len({run.deployment_id for run in runs if run.auto_scheduled}) == SCHEDULED

    await eventually(scheduled)


async def test_a_deployment_fires_by_its_schedule_and_the_communes_get_their_mail(client, running):
    async def fired(name):
        run_id = await fire_once(name, at=datetime.now(UTC) + timedelta(seconds=10))
        run = await wait_for_flow_run(run_id, timeout=120)
        assert run.state.is_completed(), run.state
        assert run.auto_scheduled
        return run

    swept = await fired(V43)
    assert swept.name == f"V.4-3 · Báo cáo năm của xã · {OPENING}"
    await fired("deliver_mail/deliver-mail")
    mails = running.mails()
    told = {match for mail in mails for match in re.findall(rb"/V\.4-3\.a/([a-z-]+)/v1/opened/contact", mail)}
    assert len(told) == len([mail for mail in mails if b"X-Dondoc-Notice" in mail]) == 7
    links = [re.search(rb"/l/[A-Za-z0-9_-]{43}", decoded(mail)) for mail in mails if b"X-Dondoc-Notice" in mail]
    assert all(status(running.ports["portal_port"], link[0].decode()) == 303 for link in links)
    deployment = await client.read_deployment_by_name(V43)
    assert [schedule.slug for schedule in deployment.schedules] == ["morning"]


def test_a_second_one_in_the_same_home_is_refused_before_it_touches_anything(running, ports):
    log = running.home / "logs" / "portal.log"
    before = log.stat().st_ino
    refused = ended(environment(running.home, **ports), "up", "--trial")
    assert refused.stderr.count("\n") == 1
    assert f"dondoc already runs with this home, {running.home}: stop it first" in refused.stderr
    assert refused.stdout == ""
    assert log.stat().st_ino == before
    assert running.process.poll() is None


def test_sigterm_ends_it_a_second_start_leaves_the_deployments_alone_and_ctrl_c_ends_that(running):
    """The last test that needs `running`: it stops it."""
    assert running.end(signal.SIGTERM) == 0, running.said
    assert left_over(running.home) == []
    before = len(running.mails())
    with up(running.home, running.ports) as again:
        until(again.ready, START_SECONDS)
        assert "deployments: 0 new, 0 changed, 0 removed, 20 unchanged" in again.said
        assert len(again.mails()) >= before
        assert again.end(signal.SIGINT) == 0, again.said
        assert left_over(again.home) == []


def test_a_trial_on_a_database_in_earnest_with_an_open_year_needs_a_word_of_its_own(tmp_path, ports):
    variables = environment(tmp_path / "home", **ports)
    dondoc(variables, "plan", "load", EXAMPLE / "plan.yaml")
    dondoc(variables, "cycle", "open", EXAMPLE / "cycles" / "2024.yaml", "--as-of", OPENING)
    refused = ended(variables, "up", "--trial")
    assert "what the trial mailbox catches would count as sent to the units" in refused.stderr
    assert "or say --even-in-earnest" in refused.stderr
    assert not (tmp_path / "home" / "mails").exists()
    assert not (tmp_path / "home" / "logs").exists()
    with socket.create_server((HOST, ports["mailbox_smtp_port"])):  # it gets as far as the mailbox
        assert "DONDOC_MAILBOX_SMTP_PORT" in ended(variables, "up", "--trial", "--even-in-earnest").stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_server_starts_leaves_nothing_running(tmp_path, ports, number):
    with up(tmp_path, ports) as starting:
        until((tmp_path / "logs" / "prefect-server.log").exists)
        assert starting.end(number) == 130, starting.said
        assert left_over(tmp_path) == []
        assert "Traceback" not in starting.said


@pytest.mark.parametrize(
    ("taken", "mend"),
    [
        ("prefect_port", "DONDOC_PREFECT_PORT"),
        ("mailbox_smtp_port", "set DONDOC_MAILBOX_SMTP_PORT to another port"),
        ("mailbox_http_port", "set DONDOC_MAILBOX_HTTP_PORT to another port"),
        ("portal_port", "DONDOC_PORTAL_PORT"),
    ],
)
def test_a_port_that_is_taken_is_named_once_with_the_mend(tmp_path, ports, taken, mend):
    with socket.create_server((HOST, ports[taken])), up(tmp_path, ports) as refused:
        assert refused.process.wait(STOP_SECONDS) == 1
        assert left_over(tmp_path) == []
        assert refused.said.count("dondoc: ") == 1, refused.said
        assert str(ports[taken]) in refused.said
        assert mend in refused.said
        assert "Traceback" not in refused.said
