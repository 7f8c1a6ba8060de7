"""What a whole year and a whole country cost: mornings without Prefect, and one sweep over everything."""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func
from sqlmodel import select

from bench.made_up import OPENED, fresh_engine, load
from bench.measures import Measure
from models import Assignment
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.delivery import deliver
from services.follow_up import follow_up
from services.letters import Letterhead

_OFFICE = Letterhead(from_address="office@bench.example", public_url="https://bench.example")
_HALF_PAST_SEVEN = timedelta(hours=0, minutes=30)  # 07:30 in Vietnam, in UTC
#: 1,000 communes with 16 duties; as many assignments as all communes of Vietnam have under 50 plans.
_YEAR_COMMUNES, _YEAR_DUTIES = 1_000, 16
_COUNTRY_COMMUNES, _COUNTRY_DUTIES = 6_640, 25
QUIET_DAY, BUSY_DAY = date(2024, 3, 1), date(2024, 10, 11)


def year_of_mornings() -> list[Measure]:
    """Play every day of a year in a process of its own, so that its memory can be told."""
    done = subprocess.run([sys.executable, "-m", "bench.mornings"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        Measure(
            name=f"a year of mornings, {found['assignments']:,} assignments, {found['mails']:,} mails",
            value=found["seconds"],
            bound=60,
            unit="s",
            compared_with="the clock",
        ),
        Measure(
            name="the same, memory at most", value=found["megabytes"], bound=300, unit="MB", compared_with="its process"
        ),
    ]


def whole_country() -> list[Measure]:
    """Sweep 166,000 open assignments in one clause: on a day on which everything is owed, and on a quiet one."""
    with tempfile.TemporaryDirectory() as folder:
        engine, calendar = fresh_engine(Path(folder)), WorkingCalendar()
        file = load(engine, communes=_COUNTRY_COMMUNES, clauses=1, duties=_COUNTRY_DUTIES)
        with writing(engine) as session:
            open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)

        def swept(day: date) -> float:
            began = time.perf_counter()
            follow_up(engine, plan="bench", clause="V.1", now=moment(day), calendar=calendar)
            return time.perf_counter() - began

        opening, quiet, busy = swept(OPENED.date()), swept(QUIET_DAY), swept(BUSY_DAY)
        with reading(engine) as session:
            count = session.exec(select(func.count()).select_from(Assignment)).one()
    sizes = f"sweep over {count:,} open assignments"
    return [
        Measure(name=f"{sizes}, nothing owed", value=quiet, bound=3, unit="s", compared_with="the clock"),
        Measure(
            name=f"{sizes}, everything owed",
            value=max(opening, busy),
            bound=15,
            unit="s",
            compared_with=f"the clock (opening {opening:.1f} s; −15 {busy:.1f} s)",
        ),
    ]


def moment(day: date) -> datetime:
    """Return the hour at which mornings are played."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + _HALF_PAST_SEVEN


def _play() -> dict[str, float]:
    """Sweep and deliver on every day of 2024 from the opening on; nobody ever hands anything in."""
    with tempfile.TemporaryDirectory() as folder:
        engine, calendar = fresh_engine(Path(folder)), WorkingCalendar()
        file = load(engine, communes=_YEAR_COMMUNES, clauses=1, duties=_YEAR_DUTIES)
        with writing(engine) as session:
            open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)
        gc.freeze()
        began, day, mails = time.perf_counter(), OPENED.date(), 0
        while day.year == OPENED.year:
            follow_up(engine, plan="bench", clause="V.1", now=moment(day), calendar=calendar)
            mails += asyncio.run(deliver_recorded(engine, calendar, day))
            day += timedelta(days=1)
        seconds = time.perf_counter() - began
        with reading(engine) as session:
            count = session.exec(select(func.count()).select_from(Assignment)).one()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"assignments": count, "mails": mails, "seconds": seconds, "megabytes": megabytes}


class _Ledger(RecordingMailer):
    """Records to whom a mail went: whole mails of a morning, kept, would be most of the memory."""

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:  # noqa: ARG002 - the protocol's
        return await super().send(sender=sender, recipient=recipient, content=b"")


async def deliver_recorded(engine: Engine, calendar: WorkingCalendar, day: date) -> int:
    """Send the day's mails into a ledger; returns how many there were."""
    async with _Ledger(connections=50) as mailer:
        report = await deliver(engine, mailer=mailer, calendar=calendar, letterhead=_OFFICE, now=moment(day))
    return report.mails


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_play()) + "\n")
