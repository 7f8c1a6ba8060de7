"""How do Prefect's server, work pool, workers and deployments stand, here or on another machine? Changes nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from http import HTTPStatus

import httpx
import prefect
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from sqlalchemy.engine import make_url

from cli.findings import Part, Verdict
from cli.prefect_server import PrefectHome, connected, server_ready
from deployments.deploy import redeploy
from deployments.table import POOL
from rules.errors import DondocError
from settings import Settings

_TIMEOUT_SECONDS = 10.0
_IN_REDIS = "prefect_redis.messaging"


def prefect_parts(settings: Settings) -> Iterator[Part]:
    """Look at the server that `dondoc up` runs here or, with PREFECT_API_URL set, at that one."""
    home = PrefectHome(settings.home, settings.prefect_port)
    own = "PREFECT_API_URL" not in os.environ
    if own and not (home.auth_file.exists() and server_ready(home)):
        yield Part(
            name="prefect",
            verdict=Verdict.WARNING,
            found=f"no server of dondoc's answers at {home.ui_url}",
            mend="start it with `dondoc up`, or set PREFECT_API_URL to a server elsewhere",
        )
        return
    with connected(home) if own else nullcontext():
        server = _server()
        yield server
        if server.verdict is not Verdict.WRONG:
            yield from _all_behind(settings)


def _server() -> Part:
    """Ask with the authentication string and without: a server that answers anybody is worse than none."""
    api = get_current_settings().api
    user, _, password = (api.auth_string.get_secret_value() if api.auth_string else "").partition(":")
    address = f"{api.url}/admin/version"
    try:
        known = httpx.get(address, auth=(user, password), timeout=_TIMEOUT_SECONDS)
        unknown = httpx.get(address, timeout=_TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _wrong(
            "prefect",
            f"no server answers at {api.url} ({type(error).__name__})",
            "start it, correct PREFECT_API_URL, or open the way to it",
        )
    if known.status_code == HTTPStatus.UNAUTHORIZED:
        return _wrong(
            "prefect",
            f"{api.url} refuses our authentication string",
            "set PREFECT_API_AUTH_STRING to what the server has as PREFECT_SERVER_API_AUTH_STRING",
        )
    if known.status_code != HTTPStatus.OK or "json" not in known.headers.get("content-type", ""):
        return _wrong(
            "prefect",
            f"what answers at {api.url} is no Prefect server (HTTP {known.status_code})",
            "correct PREFECT_API_URL: it ends with /api",
        )
    if unknown.status_code != HTTPStatus.UNAUTHORIZED:
        return _wrong(
            "prefect",
            f"{api.url} answers anybody: whoever reaches it can make the workers run code",
            "start the server with PREFECT_SERVER_API_AUTH_STRING, see deployments/hosts/README.md",
        )
    version = known.json()
    if version != prefect.__version__:
        return Part(
            name="prefect",
            verdict=Verdict.WARNING,
            found=f"{api.url} is Prefect {version}, here is {prefect.__version__}",
            mend="install the same dondoc on every machine",
        )
    return Part(name="prefect", verdict=Verdict.GOOD, found=f"{api.url} answers, guarded, Prefect {version}")


def _all_behind(settings: Settings) -> list[Part]:
    try:
        return asyncio.run(_asked(settings))
    except httpx.HTTPError as error:
        return [_wrong("prefect", f"the server failed to answer ({type(error).__name__})", "look at the server's log")]


async def _asked(settings: Settings) -> list[Part]:
    async with get_client() as client:
        looks = (_messages(client), _pool(client), _workers(client, settings))
        return [part for look in looks async for part in look] + [await _deployments()]


async def _messages(client: PrefectClient) -> AsyncIterator[Part]:
    """Say it when the server uses Redis: its health answers look at its database alone, and we have no way there."""
    answer = (await client.request("GET", "/admin/settings")).json()
    if answer["server"]["events"]["messaging_broker"] == _IN_REDIS:
        yield Part(
            name="messages",
            verdict=Verdict.GOOD,
            found="the server keeps them in Redis; whether Redis answers, only the server's log says",
        )


async def _pool(client: PrefectClient) -> AsyncIterator[Part]:
    try:
        pool = await client.read_work_pool(POOL)
    except ObjectNotFound:
        yield _wrong("work pool", f"there is no work pool {POOL}", "make it with `dondoc deploy`")
        return
    if pool.is_paused:
        mend = f"resume it: prefect work-pool resume {POOL}"
        yield Part(name="work pool", verdict=Verdict.WARNING, found=f"{POOL} is paused: nothing is run", mend=mend)
    elif pool.type != "process":
        mend = "delete the pool in Prefect's UI, then `dondoc deploy`"
        yield _wrong("work pool", f"{POOL} is of the type {pool.type}, not process", mend)
    else:
        yield Part(name="work pool", verdict=Verdict.GOOD, found=POOL)


async def _workers(client: PrefectClient, settings: Settings) -> AsyncIterator[Part]:
    """The server calls a worker online while its heartbeats come: one that has died stays so for a minute or two."""
    try:
        workers = await client.read_workers_for_work_pool(POOL)
    except ObjectNotFound:
        return
    online = sorted(worker.name for worker in workers if worker.status == "ONLINE")
    silent = sorted(worker.name for worker in workers if worker.status != "ONLINE")
    if not online:
        yield _wrong(
            "workers",
            f"no worker of the pool {POOL} has reported lately: nothing is run",
            "start one: `dondoc up`, or on several hosts as in deployments/hosts/README.md",
        )
        return
    yield Part(name="workers", verdict=Verdict.GOOD, found=", ".join(online))
    if silent:
        yield Part(
            name="silent workers",
            verdict=Verdict.WARNING,
            found=", ".join(silent),
            mend="start them again, or delete them on the pool's page in Prefect's UI when they are gone for good",
        )
    if len(online) > 1 and make_url(settings.database).get_backend_name() == "sqlite":
        yield Part(
            name="several workers",
            verdict=Verdict.WARNING,
            found="the database is SQLite, which hosts cannot share",
            mend="set DONDOC_DATABASE_URL to one PostgreSQL on every host",
        )


async def _deployments() -> Part:
    try:
        outcome = await redeploy(apply=False)
    except DondocError as refusal:
        return _wrong("deployments", str(refusal), "see the message")
    behind = [*outcome.created, *outcome.updated, *outcome.removed]
    if behind:
        return _wrong("deployments", f"{len(behind)} differ from the database", "bring them up to it: `dondoc deploy`")
    return Part(name="deployments", verdict=Verdict.GOOD, found=f"{len(outcome.unchanged)}, as the database says")


def _wrong(name: str, found: str, mend: str) -> Part:
    return Part(name=name, verdict=Verdict.WRONG, found=found, mend=mend)
