"""A real, guarded Prefect server and worker: deployments, a run that appears, a run that is run, a clean stop."""

import asyncio
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.flow_runs import wait_for_flow_run

from cli.prefect_server import (
    HOST,
    POOL,
    PortTakenError,
    PrefectHome,
    auth_string,
    check_port,
    client_environment,
    connected,
    ensure_pool,
    free_port,
    login_hint,
    server_argv,
    server_environment,
    server_ready,
    watching_worker,
    worker_argv,
)
from cli.process_tree import ProcessTree, processes_marked
from deployments.reconcile import EntrypointError, reconcile
from deployments.rehearsal import fire_once
from deployments.table import Cron, Wanted

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("tree")]

START_SECONDS = 180  # an empty database, on a machine that is busy with other tests
TINY_FLOWS = '''
"""Two flows, imported by their module path both here and in the worker's own process."""
import asyncio
import os
from datetime import date
from pathlib import Path

from prefect import flow


@flow(name="tiny_note")
async def note(plan: str, as_of: date | None = None) -> None:
    Path(os.environ["TINY_FOLDER"], "note").write_text(f"{plan} {as_of} {os.getcwd()}")


@flow(name="tiny_sleep")
async def sleep() -> None:
    Path(os.environ["TINY_FOLDER"], "sleeping").touch()
    await asyncio.sleep(600)
'''
NOTE = Wanted(
    name="V.4-3_konray-2022-2025",
    flow_name="tiny_note",
    entrypoint="tiny_flows.note",
    description="> Hàng năm, báo cáo kết quả",
    parameters={"plan": "konray"},
    tags=("dondoc", "plan:konray-2022-2025", "clause:V.4-3"),
    schedules=(Cron(slug="morning", line="3 7 * * *"), Cron(slug="evening", line="0 17 * * *")),
)
SLEEP = Wanted(name="sleep", flow_name="tiny_sleep", entrypoint="tiny_flows.sleep", description="Ngủ")
BY_HAND = "by-hand"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


async def until(condition, seconds=60):
    """Poll until the awaitable `condition()` is true, and return what it said."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.2)
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder whose `tiny_flows` can be imported, for the flows' notes and the server's data."""
    folder = tmp_path_factory.mktemp("prefect")
    (folder / "tiny_flows.py").write_text(TINY_FLOWS, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
        sys.modules.pop("tiny_flows", None)


@pytest.fixture(scope="module")
def home(folder):
    return PrefectHome(folder, free_port())


@pytest.fixture(scope="module")
def tree(home, folder):
    """Run server and worker for all tests of this module."""
    with ProcessTree(folder / "logs") as tree:
        tree.start("server", server_argv(), server_environment(home), lambda: server_ready(home), START_SECONDS)
        with connected(home):
            asyncio.run(ensure_pool())
        environment = client_environment(home) | {"PYTHONPATH": str(folder), "TINY_FOLDER": str(folder)}
        with watching_worker(home) as online:
            tree.start("worker", worker_argv(), environment, online, START_SECONDS)
        yield tree


@pytest.fixture
async def client(home):
    with connected(home):
        async with get_client() as client:
            yield client


async def deployed(client, one=NOTE):
    return await client.read_deployment_by_name(f"{one.flow_name}/{one.name}")


async def runs_of(client, one=NOTE):
    this = DeploymentFilter(id=DeploymentFilterId(any_=[(await deployed(client, one)).id]))
    return await client.read_flow_runs(deployment_filter=this)


async def scheduled_times(client):
    return sorted(run.expected_start_time for run in await runs_of(client) if run.state.is_scheduled())


@pytest.mark.parametrize("path", ["/api/admin/version", "/api/deployments/name/tiny_note/x", "/api/admin/settings"])
def test_a_call_without_the_secret_is_refused(home, path):
    connection = HTTPConnection(HOST, home.port)
    connection.request("GET", path)
    assert connection.getresponse().status == 401
    connection.close()


def test_a_web_page_elsewhere_may_neither_read_nor_write(home):
    connection = HTTPConnection(HOST, home.port)
    headers = {"Origin": "https://page.example", "Content-Type": "application/json"}
    connection.request("POST", "/api/deployments/filter", body="{}", headers=headers)
    response = connection.getresponse()
    assert response.status == 403
    assert response.getheader("Access-Control-Allow-Origin") is None
    connection.close()


def test_the_ui_is_served_and_asks_for_a_password(home):
    with urlopen(f"{home.ui_url}/") as page:  # noqa: S310
        assert b"<html" in page.read()
    with urlopen(Request(f"{home.ui_url}/ui-settings")) as settings:  # noqa: S310
        assert json.load(settings)["auth"] == "BASIC"


def test_the_secret_is_readable_by_its_owner_only_and_in_no_log(home, folder):
    secret = auth_string(home)
    assert home.auth_file.stat().st_mode & 0o777 == 0o600
    assert str(home.auth_file) in login_hint(home)
    assert secret not in login_hint(home)
    for log in (folder / "logs").iterdir():
        assert secret.partition(":")[2] not in log.read_text("utf-8")


def test_a_port_that_is_taken_is_named_with_the_mend(home):
    with pytest.raises(PortTakenError, match=f"Port {home.port} .*DONDOC_PREFECT_PORT"):
        check_port(home)


@pytest.mark.usefixtures("client")
async def test_a_second_reconciliation_writes_nothing(monkeypatch):
    await reconcile([], pool=POOL)
    first = await reconcile([NOTE, SLEEP], pool=POOL)
    assert first.created == [NOTE.name, SLEEP.name]
    calls = []
    original = PrefectClient.request

    async def noted(self, method, path, *arguments, **keywords):
        calls.append((method, path))
        return await original(self, method, path, *arguments, **keywords)

    monkeypatch.setattr(PrefectClient, "request", noted)
    second = await reconcile([NOTE, SLEEP], pool=POOL)
    assert second.unchanged == [NOTE.name, SLEEP.name]
    assert calls
    assert {call for call in calls if call[0] != "GET"} == {("POST", "/deployments/filter")}


@pytest.mark.usefixtures("client")
async def test_what_would_be_done_is_told_without_doing_it():
    await reconcile([NOTE], pool=POOL)
    changed = replace(NOTE, description="> Hàng quý")
    told = await reconcile([changed, SLEEP], pool=POOL, apply=False)
    assert (told.created, told.updated) == ([SLEEP.name], [NOTE.name])
    assert (await reconcile([], pool=POOL, apply=False)).removed == [NOTE.name]
    assert (await reconcile([NOTE], pool=POOL, apply=False)).unchanged == [NOTE.name]


async def test_a_deployment_has_a_form_its_tags_and_its_clause(client):
    await reconcile([NOTE], pool=POOL)
    found = await deployed(client)
    assert found.parameter_openapi_schema["required"] == ["plan"]
    assert found.parameter_openapi_schema["properties"]["as_of"]["anyOf"][0]["format"] == "date"
    assert found.tags == list(NOTE.tags)
    assert found.description == NOTE.description
    assert found.entrypoint == "tiny_flows.note"


async def test_scheduled_runs_appear_once_each_and_stay_when_nothing_changes(client):
    await reconcile([NOTE], pool=POOL)

    async def enough():
        return len(await scheduled_times(client)) >= 6

    await until(enough)
    before = {run.id for run in await runs_of(client)}
    await reconcile([NOTE], pool=POOL)
    assert {run.id for run in await runs_of(client)} == before
    times = await scheduled_times(client)
    assert len(times) == len(set(times))
    local = {moment.astimezone(ZONE).strftime("%H:%M") for moment in times}
    assert local == {"07:03", "17:00"}


async def test_a_changed_schedule_keeps_its_identity_and_its_runs_follow(client):
    await reconcile([NOTE], pool=POOL)
    before = {schedule.slug: schedule.id for schedule in (await deployed(client)).schedules}
    later = replace(NOTE, schedules=(Cron(slug="morning", line="8 7 * * *"), NOTE.schedules[1]))
    outcome = await reconcile([later], pool=POOL)
    assert outcome.updated == [NOTE.name]
    assert {schedule.slug: schedule.id for schedule in (await deployed(client)).schedules} == before

    async def followed():
        times = await scheduled_times(client)
        return {moment.astimezone(ZONE).strftime("%H:%M") for moment in times} == {"07:08", "17:00"}

    await until(followed)


async def test_a_schedule_no_longer_wanted_goes_and_a_changed_text_is_written(client):
    await reconcile([NOTE], pool=POOL)
    changed = replace(NOTE, description="> Khác", schedules=NOTE.schedules[:1])
    assert (await reconcile([changed], pool=POOL)).updated == [NOTE.name]
    found = await deployed(client)
    assert [schedule.slug for schedule in found.schedules] == ["morning"]
    assert found.description == "> Khác"
    assert (await reconcile([changed], pool=POOL)).unchanged == [NOTE.name]


async def test_a_schedule_that_an_administrator_paused_stays_paused(client):
    await reconcile([NOTE], pool=POOL)
    found = await deployed(client)
    morning = next(schedule for schedule in found.schedules if schedule.slug == "morning")
    await client.update_deployment_schedule(found.id, morning.id, active=False)
    assert (await reconcile([NOTE], pool=POOL)).unchanged == [NOTE.name]
    assert (await reconcile([replace(NOTE, description="> Khác")], pool=POOL)).updated == [NOTE.name]
    active = {schedule.slug: schedule.active for schedule in (await deployed(client)).schedules}
    assert active == {"morning": False, "evening": True}
    await reconcile([], pool=POOL)


async def test_only_our_own_deployments_are_removed(client):
    flow_id = await client.create_flow_from_name("somebody_elses")
    await client.create_deployment(flow_id, BY_HAND, tags=["theirs"])
    await reconcile([NOTE, SLEEP], pool=POOL)
    assert (await reconcile([NOTE], pool=POOL)).removed == [SLEEP.name]
    assert (await client.read_deployment_by_name(f"somebody_elses/{BY_HAND}")).name == BY_HAND


@pytest.mark.usefixtures("client")
async def test_a_wrong_entry_point_is_refused_before_anything_is_written():
    await reconcile([], pool=POOL)
    with pytest.raises(EntrypointError, match=r"tiny_flows\.note is not a flow named other"):
        await reconcile([SLEEP, replace(NOTE, flow_name="other")], pool=POOL)
    assert (await reconcile([SLEEP], pool=POOL)).created == [SLEEP.name]


async def test_a_rehearsed_deployment_fires_by_its_schedule_and_the_worker_runs_it(client, folder):
    await reconcile([NOTE], pool=POOL)
    at = datetime.now(UTC) + timedelta(seconds=10)
    run_id = await fire_once(f"tiny_note/{NOTE.name}", at=at, parameters={"as_of": "2024-11-25"})
    run = await wait_for_flow_run(run_id, timeout=120, poll_interval=1)
    assert run.state.is_completed(), run.state
    assert run.auto_scheduled
    plan, as_of, where = (folder / "note").read_text("utf-8").split(maxsplit=2)
    assert (plan, as_of) == ("konray", "2024-11-25")
    assert Path(where) not in (folder, Path.cwd())
    assert {schedule.slug for schedule in (await deployed(client)).schedules} == {"morning", "evening"}
    assert (await reconcile([NOTE], pool=POOL)).unchanged == [NOTE.name]


async def test_a_rehearsed_deployment_fires_also_when_its_time_went_by_before_the_scheduler_looked(client, folder):
    await reconcile([NOTE], pool=POOL)
    gone = datetime.now(UTC) - timedelta(minutes=1)
    run_id = await fire_once(f"tiny_note/{NOTE.name}", at=gone, parameters={"as_of": "2024-11-26"})
    run = await wait_for_flow_run(run_id, timeout=120, poll_interval=1)
    assert run.state.is_completed(), run.state
    assert run.auto_scheduled
    assert run.expected_start_time > gone + timedelta(minutes=1)
    assert (folder / "note").read_text("utf-8").split()[1] == "2024-11-26"
    assert {schedule.slug for schedule in (await deployed(client)).schedules} == {"morning", "evening"}


async def test_stopping_the_tree_while_a_flow_runs_leaves_no_process_and_no_run_that_seems_to_go_on(
    client, tree, folder
):
    """The last test of this module: it stops what the others need."""
    await reconcile([SLEEP], pool=POOL)
    await client.create_flow_run_from_deployment((await deployed(client, SLEEP)).id)

    async def sleeping():
        return (folder / "sleeping").exists()

    await until(sleeping, 120)
    mark = tree._token
    assert len(processes_marked(mark)) >= 3
    tree.stop()
    assert processes_marked(mark) == []
    # The run does not stay "Running" for ever: it had the time to report.
    assert "Finished in state Crashed" in (folder / "logs" / "worker.log").read_text("utf-8")
