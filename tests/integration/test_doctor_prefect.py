"""What `dondoc doctor` says of a Prefect server elsewhere, its pool and its workers. The whole: tests/system."""

import json
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import prefect
import pytest
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from cli.doctor_prefect import _pool, _workers, prefect_parts
from cli.findings import Verdict
from settings import Settings

SECRET = "dondoc:not-to-be-told"
VERSION = (200, "application/json", json.dumps(prefect.__version__))
REFUSED = (401, "application/json", "{}")
POSTGRES = Settings(database_url="postgresql://dondoc@db.example/dondoc")


@contextmanager
def answering(known, unknown):
    """Answer as a server would that is asked for its version with the secret and without, and fail at all else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            signed_in = self.headers["Authorization"] == f"Basic {b64encode(SECRET.encode()).decode()}"
            status, kind, body = known if signed_in else unknown
            if self.path != "/api/admin/version":
                status = 500
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("known", "unknown", "verdict", "said"),
    [
        (VERSION, REFUSED, Verdict.GOOD, f"answers, guarded, Prefect {prefect.__version__}"),
        ((200, "application/json", '"3.7.0"'), REFUSED, Verdict.WARNING, "is Prefect 3.7.0, here is"),
        (VERSION, VERSION, Verdict.WRONG, "answers anybody"),
        (REFUSED, REFUSED, Verdict.WRONG, "refuses our authentication string"),
        ((200, "text/html", "<html>"), REFUSED, Verdict.WRONG, "is no Prefect server"),
        ((404, "application/json", "{}"), REFUSED, Verdict.WRONG, "is no Prefect server"),
    ],
)
def test_a_server_is_asked_with_the_secret_and_without(monkeypatch, known, unknown, verdict, said):
    with answering(known, unknown) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: SECRET}):
            first = next(prefect_parts(Settings()))
    assert (first.name, first.verdict) == ("prefect", verdict)
    assert said in first.found
    assert bool(first.mend) == (verdict is not Verdict.GOOD)
    assert SECRET not in first.found + first.mend


def test_a_server_that_answers_nothing_more_is_one_sentence(monkeypatch):
    with answering(VERSION, REFUSED) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: SECRET}):
            [_, failed] = prefect_parts(Settings())
    assert (failed.verdict, failed.found) == (Verdict.WRONG, "the server failed to answer (PrefectHTTPStatusError)")


class Pool:
    """A client of which only the pool and its workers are asked."""

    def __init__(self, *workers, kind="process", paused=False):
        self._workers = [SimpleNamespace(name=name, status=status) for name, status in workers]
        self._pool = SimpleNamespace(type=kind, is_paused=paused)

    async def read_work_pool(self, _name):
        return self._pool

    async def read_workers_for_work_pool(self, _name):
        return self._workers


class NoPool:
    """A server on which nothing was deployed yet."""

    async def read_work_pool(self, _name):
        raise ObjectNotFound(http_exc=Exception())

    read_workers_for_work_pool = read_work_pool


@pytest.mark.parametrize(
    ("client", "verdict", "said"),
    [
        (Pool(), Verdict.GOOD, "dondoc"),
        (Pool(paused=True), Verdict.WARNING, "is paused"),
        (Pool(kind="docker"), Verdict.WRONG, "of the type docker"),
        (NoPool(), Verdict.WRONG, "there is no work pool dondoc"),
    ],
)
async def test_the_pool_must_be_there_of_its_kind_and_at_work(client, verdict, said):
    [part] = [part async for part in _pool(client)]
    assert part.verdict is verdict
    assert said in part.found


@pytest.mark.parametrize(
    ("client", "settings", "said"),
    [
        (Pool(("a", "ONLINE"), ("b", "ONLINE")), POSTGRES, [("workers", Verdict.GOOD)]),
        (
            Pool(("a", "ONLINE"), ("b", "OFFLINE")),
            POSTGRES,
            [("workers", Verdict.GOOD), ("silent workers", Verdict.WARNING)],
        ),
        (
            Pool(("a", "ONLINE"), ("b", "ONLINE")),
            Settings(),
            [("workers", Verdict.GOOD), ("several workers", Verdict.WARNING)],
        ),
        (Pool(("a", "ONLINE")), Settings(), [("workers", Verdict.GOOD)]),
        (Pool(("a", "OFFLINE")), POSTGRES, [("workers", Verdict.WRONG)]),
        (Pool(), POSTGRES, [("workers", Verdict.WRONG)]),
        (NoPool(), POSTGRES, []),
    ],
)
async def test_a_worker_must_have_reported_lately(client, settings, said):
    found = [part async for part in _workers(client, settings)]
    assert [(part.name, part.verdict) for part in found] == said
    assert all(part.mend for part in found if part.verdict is not Verdict.GOOD)
