"""A morning is killed at a chosen point, perhaps killed again when it is repeated, and then let run to its end.

What must come out is what an undisturbed morning leaves: the same notices with the same outcomes, each in one mail.
Only a mail that was under way when the blow fell may have come twice, with the same Message-ID and the same bytes.
"""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from sqlmodel import select

from models import Assignment, Mode, Notice
from models.database import make_engine, reading
from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Security
from plans.coverage import check
from services.delivery import deliver
from services.installation import make
from services.letters import Letterhead
from tests.chaos.blows import Points
from tests.integration import cast
from tests.integration.mail_office import mails_of_notices

CLAUSES = ("V.4-3", "V.4-1", "V.1-1")
#: The opening, the reminders, the last day, and the days on which heads, the officer and the office's head are told.
MORNINGS = (cast.OPENING, cast.MINUS_15, cast.MINUS_5, cast.DUE, cast.PLUS_1, cast.PLUS_3, cast.PLUS_6)
OFFICE = Letterhead(
    from_address="nhacviec@konray.example", reply_to="laodong@konray.example", public_url="https://nhacviec.example"
)
PLAN_FILE = Path(__file__).parents[2] / "examples" / "konray" / "plan.yaml"


@dataclass(frozen=True, kw_only=True)
class Morning:
    """One morning as nobody disturbed it: the state it began with, how many points it passed, what it left."""

    day: date
    before: Path
    points: int
    notices: dict[tuple, str]
    mailed: frozenset[str]


@dataclass(kw_only=True)
class Tally:
    """What the blows did; anything under `faults` breaks a promise."""

    kills: int = 0
    repeated: int = 0
    by_morning: Counter[date] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Harness:
    """Runs mornings in processes of their own, forked from this one, which has imported everything."""

    def __init__(self, folder: Path, port: int, mails: Path, connections: int) -> None:
        self._folder, self._mails = folder, mails
        self._database = folder / "dondoc.db"
        self._server = MailServer(host="127.0.0.1", port=port, security=Security.NONE, connections=connections)
        self._connections = connections

    def undisturbed(self) -> list[Morning]:
        """Play the mornings one after the other and remember what each began with and left."""
        self._open()
        found = []
        for number, day in enumerate(MORNINGS):
            before = self._folder / f"morning-{number}.db"
            self._copy(self._database, before)
            seen = self._arrived()
            points = self._run(day, None)
            assert points is not None
            mailed, _ = self._came_since(seen)
            assert mailed, f"nothing is mailed on {day}: a poor morning to be killed in"
            found.append(Morning(day=day, before=before, points=points, notices=self._left(), mailed=frozenset(mailed)))
        return found

    def trial(self, morning: Morning, blows: list[int], tally: Tally) -> None:
        """Strike at each of these points in turn, then let the morning end, and compare."""
        self._copy(morning.before, self._database)
        seen, struck = self._arrived(), 0
        for blow in blows:
            struck += self._run(morning.day, blow) is None
        assert self._run(morning.day, None) is not None
        mailed, copies = self._came_since(seen)
        name = f"{morning.day} struck at {blows}"
        if self._left() != morning.notices:
            tally.faults.append(f"{name}: other outcomes than an undisturbed morning's")
        if missing := morning.mailed - mailed.keys():
            tally.faults.append(f"{name}: lost {sorted(missing)}")
        if false := mailed.keys() - morning.mailed:
            tally.faults.append(f"{name}: mailed without reason {sorted(false)}")
        if twice := [notice for notice, mails in mailed.items() if len(mails) > 1]:
            tally.faults.append(f"{name}: in two mails {sorted(twice)}")
        repeated = {key: contents for key, contents in copies.items() if len(contents) > 1}
        surplus = sum(len(contents) - 1 for contents in repeated.values())
        if surplus > struck * self._connections:
            tally.faults.append(f"{name}: {surplus} repeated mails, {struck} blows, {self._connections} connections")
        if any(len(set(contents)) > 1 for contents in repeated.values()):
            tally.faults.append(f"{name}: one Message-ID, different bytes")
        tally.kills += struck
        tally.by_morning[morning.day] += struck
        tally.repeated += surplus

    def _open(self) -> None:
        engine = make_engine(f"sqlite:///{self._database}")
        make(engine, mode=Mode.EARNEST, now=cast.LOADING)
        cast.load(engine, check(PLAN_FILE))
        cast.open_year(engine)
        engine.dispose()

    def _run(self, day: date, struck_at: int | None) -> int | None:
        """Return how many points the morning passed, or None when it was killed."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _in_child(self._database, day, self._server, struck_at, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return None
        assert os.waitstatus_to_exitcode(status) == 0, f"the morning of {day} failed by itself"
        return int(said)

    def _copy(self, source: Path, target: Path) -> None:
        """Copy a database with its write-ahead log: a killed process leaves one that is not yet merged."""
        for suffix in ("", "-wal", "-shm", ".sending"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
            if Path(f"{source}{suffix}").exists():
                shutil.copy(f"{source}{suffix}", f"{target}{suffix}")

    def _left(self) -> dict[tuple, str]:
        """Return every notice's outcome by its lasting name; ids differ from run to run."""
        engine = make_engine(f"sqlite:///{self._database}")
        with reading(engine) as session:
            rows = session.exec(select(Notice, Assignment).join(Assignment))
            found = {
                (row.clause, row.duty_key, row.unit_name, row.recipient, row.period,
                 notice.version, notice.rung, notice.audience): f"{notice.state} {notice.reason}"
                for notice, row in rows
            }  # fmt: skip
        engine.dispose()
        return found

    def _arrived(self) -> int:
        return sum(1 for _ in self._mails.iterdir())

    def _came_since(self, seen: int) -> tuple[dict[str, set[str]], dict[str, list[bytes]]]:
        return mails_of_notices(path.read_bytes() for path in sorted(self._mails.iterdir())[seen:])


def _in_child(database: Path, day: date, server: MailServer, struck_at: int | None, writer: int) -> None:
    """Run one morning and leave without a word to the parent's own state."""
    try:
        points = Points(struck_at)
        engine = make_engine(f"sqlite:///{database}")
        points.watch(engine)
        cast.sweep(engine, day, *CLAUSES)
        asyncio.run(_deliver(engine, day, points, server))
        engine.dispose()
        os.write(writer, str(points.passed).encode())
    except BaseException:  # noqa: BLE001 - a forked child must never go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


async def _deliver(engine, day, points, server) -> None:
    async with points.mailer(lambda: SmtpMailer(server)) as mailer:
        # Greylisting and the like have nothing to do with this: every run comes a little later than the last.
        report = await deliver(
            engine, mailer=mailer, calendar=cast.CALENDAR, letterhead=OFFICE, now=cast.at(day) + timedelta(minutes=1)
        )
    assert not report.busy
    assert not report.undelivered


@contextmanager
def harness(folder: Path, connections: int) -> Iterator[Harness]:
    """Start the mail server and yield the harness in a folder of its own."""
    mails = folder / "mails"
    mails.mkdir()
    command = [sys.executable, "-m", "tests.chaos.office", str(mails)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as office:
        try:
            assert office.stdout is not None
            yield Harness(folder, int(office.stdout.readline()), mails, connections)
        finally:
            office.terminate()


def kill(folder: Path, *, kills: int, seed: int, connections: int = 4) -> Tally:
    """Strike `kills` times at seeded points: one blow to a trial, and now and then a second to its repetition."""
    chance = random.Random(seed)  # noqa: S311 - the same points in every run
    tally = Tally()
    with harness(folder, connections) as runs:
        mornings = runs.undisturbed()
        while tally.kills < kills:
            morning = chance.choice(mornings)
            blows = [chance.randint(1, morning.points) for _ in range(2 if chance.random() < 0.25 else 1)]
            runs.trial(morning, blows, tally)
    return tally
