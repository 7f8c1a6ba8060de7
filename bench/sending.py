"""How fast do mails go out? The whole path against Postfix's own `smtp-source`, and a morning as a whole process."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from bench.made_up import OPENED, fresh_engine, load
from bench.measures import Measure
from models.database import make_engine, writing
from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Outcome, Security
from rules.errors import DondocError
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.delivery import deliver
from services.follow_up import follow_up
from services.installation import set_clock
from services.letters import Letterhead

#: A working day ten working days before the deadline of the made-up plan, at the hour when mails go out.
_DAY = date(2024, 10, 11)
NOW = datetime(2024, 10, 11, 0, 30, tzinfo=UTC)
_OFFICE = Letterhead(from_address="office@bench.example", public_url="https://bench.example")
#: As many connections as DONDOC_SMTP_CONNECTIONS is by default.
CONNECTIONS, UNITS, _ROUNDS = 4, 2_000, 3
_DUE_UNITS, _DUE_TASKS = 500, 10


class NoSinkError(DondocError):
    """Postfix's smtp-sink and smtp-source are missing: apt-get install postfix (or bash tests/system/install.sh)."""


def whole_path() -> list[Measure]:
    """Send a task's reminder to 2,000 units: gathered, rendered, stored, accepted, settled.

    Both sides take turns, for a machine is not equally fast at all times; the median turn counts.
    """
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        stored = Path(folder, "bench.db")
        owed(Path(folder), units=UNITS, tasks=1).dispose()
        ours, theirs, mails, size = median_turn(stored, port, CONNECTIONS)
    return [
        Measure(
            name=f"deliver {mails:,} reminders, the whole path",
            value=ours / theirs,
            bound=0.12,
            at_least=True,
            unit="×",
            compared_with=f"smtp-source, {CONNECTIONS} connections, {size:,} bytes each, to the same sink "
            f"({ours:,.0f}/s against {theirs:,.0f}/s)",
        )
    ]


def median_turn(stored: Path, port: int, connections: int) -> tuple[float, float, int, int]:
    """Return our mails a second and those of smtp-source, how many they were, and the bytes of one."""
    turns = sorted((_turn(stored, port, connections) for _ in range(_ROUNDS)), key=lambda turn: turn[0] / turn[1])
    return turns[_ROUNDS // 2]


def _turn(stored: Path, port: int, connections: int) -> tuple[float, float, int, int]:
    copy = shutil.copy(stored, stored.with_suffix(".turn"))
    engine = make_engine(f"sqlite:///{copy}")
    began = time.perf_counter()
    mails, size = asyncio.run(deliver_to(engine, port, NOW, connections))
    ours = mails / (time.perf_counter() - began)
    engine.dispose()
    return ours, _source_rate(port, connections, mails=mails, size=size), mails, size


def morning_process() -> list[Measure]:
    """Remind 500 units of ten tasks each, as a command that is started, works and ends."""
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        engine = owed(Path(folder), units=_DUE_UNITS, tasks=_DUE_TASKS)
        environment = {
            **os.environ,
            "DONDOC_HOME": folder,
            "DONDOC_DATABASE_URL": str(engine.url),
            "DONDOC_SMTP_HOST": "127.0.0.1",
            "DONDOC_SMTP_PORT": str(port),
            "DONDOC_SMTP_SECURITY": "none",
            "DONDOC_MAIL_FROM": _OFFICE.from_address,
            "DONDOC_PUBLIC_URL": _OFFICE.public_url,
        }
        command = [sys.executable, "-m", "cli", "deliver", "--as-of", _DAY.isoformat()]
        began = time.perf_counter()
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603
        seconds = time.perf_counter() - began
        if f"notices: sent {_DUE_UNITS * _DUE_TASKS}" not in said:
            raise RuntimeError(f"not every unit got its mail: {said}")
    return [
        Measure(
            name=f"reminders for {_DUE_UNITS} units with {_DUE_TASKS} due tasks each, a whole process",
            value=seconds,
            bound=2.5,
            unit="s",
            compared_with="the clock (Redmine 5.0.4 needs 57 s for this)",
        )
    ]


def owed(folder: Path, *, units: int, tasks: int) -> Engine:
    """Return a database in which the opening was told long ago and one reminder of each task is owed."""
    engine, calendar = fresh_engine(folder), WorkingCalendar()
    file = load(engine, communes=units, clauses=1, duties=tasks)
    with writing(engine) as session:
        open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)
        set_clock(session, NOW)
    follow_up(engine, plan="bench", clause="V.1", now=NOW, calendar=calendar)
    return engine


class _Weighing(SmtpMailer):
    """Adds up the bytes that it sends."""

    weight = 0

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        self.weight += len(content)
        return await super().send(sender=sender, recipient=recipient, content=content)


async def deliver_to(engine: Engine, port: int, now: datetime, connections: int = CONNECTIONS) -> tuple[int, int]:
    """Deliver to the sink behind `port`; returns how many mails went out, and how many bytes one has."""
    server = MailServer(host="127.0.0.1", port=port, security=Security.NONE, connections=connections)
    async with _Weighing(server) as mailer:
        report = await deliver(engine, mailer=mailer, calendar=WorkingCalendar(), letterhead=_OFFICE, now=now)
        return report.mails, mailer.weight // report.mails


@contextmanager
def sink() -> Iterator[int]:
    """Run a mail server that takes everything and keeps nothing."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if program is None:
        raise NoSinkError
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    as_user = ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []
    with subprocess.Popen([program, *as_user, f"127.0.0.1:{port}", "100"]) as sink:  # noqa: S603
        try:
            _wait_for(port)
            yield port
        finally:
            sink.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NoSinkError


def _source_rate(port: int, connections: int, *, mails: int, size: int) -> float:
    """Return how many mails a second Postfix's own load generator brings to the sink."""
    program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
    command = [program, "-s", str(connections), "-m", str(mails), "-l", str(size)]
    command += ["-f", "office@bench.example", "-t", "commune@bench.example", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True)  # noqa: S603
    return mails / (time.perf_counter() - began)
