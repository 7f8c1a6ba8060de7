"""What would all of Vietnam cost? `python -m bench.vietnam` measures the worst morning, for docs/capacity.md.

All 3,321 communes owe a yearly report under each of 50 plans, and all of these fall due on one day: one sweep for each
report, then one mail of 50 tasks for each commune, over SMTP.
"""

import asyncio
import gc
import json
import resource
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.made_up import COMMUNES, OPENED, fresh_engine, load
from bench.measures import seconds
from bench.mornings import BUSY_DAY, QUIET_DAY, moment
from bench.sending import deliver_to, sink
from models.database import writing
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.follow_up import follow_up

_REPORTS = 50
#: Nobody has sent anything: communes, their heads and the office are told, the office of 166,050 late reports.
_LATE_DAY = date(2024, 11, 1)


def main() -> dict[str, float]:
    """Return seconds, mails, and sizes in megabytes."""
    calendar = WorkingCalendar()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        engine = fresh_engine(Path(folder))
        file = load(engine, communes=COMMUNES, clauses=_REPORTS)
        gc.freeze()

        def open_years() -> None:
            with writing(engine) as session:
                open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)

        def sweep(day: date) -> None:
            for number in range(1, _REPORTS + 1):
                follow_up(engine, plan="bench", clause=f"V.{number}", now=moment(day), calendar=calendar)

        def deliver(day: date) -> None:
            mails, size = asyncio.run(deliver_to(engine, port, moment(day)))
            found[f"mails on {day}"], found[f"KB of one on {day}"] = mails, size / 1e3

        found["open 50 years of 3,321 communes"] = seconds(open_years)
        found["first sweeps"] = seconds(lambda: sweep(OPENED.date()))
        found["mails of the opening"] = seconds(lambda: deliver(OPENED.date()))
        sweep(QUIET_DAY)
        found["50 sweeps of a quiet day"] = seconds(lambda: sweep(QUIET_DAY))
        found["50 sweeps of the worst morning"] = seconds(lambda: sweep(BUSY_DAY))
        found["mails of the worst morning"] = seconds(lambda: deliver(BUSY_DAY))
        found["50 sweeps of the day after the deadline"] = seconds(lambda: sweep(_LATE_DAY))
        found["mails of the day after"] = seconds(lambda: deliver(_LATE_DAY))
        found["database, MB"] = sum(file.stat().st_size for file in Path(folder).glob("bench.db*")) / 1e6
    return found | {"memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(), indent=2) + "\n")
