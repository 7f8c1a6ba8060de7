"""How long does an officer wait for his page? Twenty of them at once, with the whole country's year in the database."""

import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import httpx
from sqlalchemy import Engine
from sqlmodel import col, select

from bench.made_up import CLAUSES, COMMUNES, OPENED, fresh_engine, load
from bench.measures import Measure
from cli.prefect_server import free_port
from cli.process_tree import ProcessTree
from cli.stack import portal_ready
from models import Contact, LinkKind, Unit
from models.database import writing
from portal.gate import UNIT_COOKIE
from rules.vocabulary import ContactRole
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.installation import set_clock
from services.links import keep_link, new_secret

_CLIENTS, _ROUNDS, _PAUSE_SECONDS, _PATIENCE = 20, 20, 1.0, 60.0


def workbench() -> list[Measure]:
    """Let twenty units look at their pages, each pausing a second between two looks."""
    with tempfile.TemporaryDirectory() as folder:
        engine = fresh_engine(Path(folder))
        file = load(engine, communes=COMMUNES, clauses=CLAUSES)
        with writing(engine) as session:
            open_cycle(session, file, "bench", now=OPENED, calendar=WorkingCalendar(), actor="bench", apply=True)
            set_clock(session, OPENED)
        secrets = _links(engine)
        port = free_port()
        environment = {
            **os.environ,
            "DONDOC_HOME": folder,
            "DONDOC_DATABASE_URL": str(engine.url),
            "DONDOC_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        with ProcessTree(Path(folder) / "logs") as tree:
            argv = [sys.executable, "-m", "portal", "--port", str(port)]
            tree.start("portal", argv, environment, lambda: portal_ready(port), _PATIENCE)
            seconds = asyncio.run(_looks(port, secrets))
    p95 = quantiles(seconds, n=20)[-1] * 1000
    median = quantiles(seconds, n=2)[0] * 1000
    return [
        Measure(
            name=f"a unit's page, p95 of {len(seconds)} looks by {_CLIENTS} clients, {COMMUNES:,} units",
            value=p95,
            bound=50,
            unit="ms",
            compared_with=f"the clock (median {median:.0f} ms)",
        )
    ]


def _links(engine: Engine) -> list[str]:
    """Give twenty communes a link each."""
    with writing(engine) as session:
        contacts = session.exec(
            select(Contact)
            .join(Unit, col(Unit.id) == Contact.unit_id)
            .where(Unit.kind == "xa", Contact.role == ContactRole.CONTACT)
            .order_by(col(Contact.id))
        ).all()
        secrets = []
        for contact in random.Random(1).sample(contacts, _CLIENTS):  # noqa: S311 - which communes does not matter
            secrets.append(new_secret())
            keep_link(session, secrets[-1], LinkKind.UNIT, now=OPENED, contact_id=contact.id)
    return secrets


async def _looks(port: int, secrets: list[str]) -> list[float]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=_PATIENCE) as client:
        found = await asyncio.gather(*(_one(client, place, secret) for place, secret in enumerate(secrets)))
    return [seconds for one in found for seconds in one]


async def _one(client: httpx.AsyncClient, place: int, secret: str) -> list[float]:
    """Look again and again; the first look warms up and does not count."""
    await asyncio.sleep(place * _PAUSE_SECONDS / _CLIENTS)
    seconds = []
    for _ in range(_ROUNDS + 1):
        began = time.perf_counter()
        answer = await client.get("/don-vi", headers={"Cookie": f"{UNIT_COOKIE}={secret}"})
        seconds.append(time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK or answer.text.count("Báo cáo năm") < CLAUSES:
            raise RuntimeError(f"a unit's page answered {answer.status_code}")
        await asyncio.sleep(_PAUSE_SECONDS)
    return seconds[1:]
