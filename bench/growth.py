"""How does cost grow with the number of assignments? Each size in a process of its own, from opening to accepted mails.

`python -m bench.growth docs/images/growth.svg` measures, prints the table and draws it.
"""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.made_up import OPENED, fresh_engine, load
from bench.measures import Measure, seconds
from bench.mornings import QUIET_DAY, deliver_recorded, moment
from models.database import writing
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.follow_up import follow_up

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
#: Tasks of one unit; each unit gets one mail about all of them.
_DUTIES = 20
OPEN, OWED, MAILS, QUIET = "open the year", "sweep, everything owed", "its morning mails", "sweep, nothing owed"
STEPS = (OPEN, OWED, MAILS, QUIET)
MEMORY = "memory"


def growth() -> list[Measure]:
    """Compare what an assignment costs at a million with what it costs at ten thousand (fixed costs hide less)."""
    found = measured()
    few, many = found[10_000], found[1_000_000]
    steps = {step: (many[step] / 1_000_000) / (few[step] / 10_000) for step in STEPS}
    worst = max(steps, key=lambda step: steps[step])
    return [
        Measure(
            name="cost of an assignment at 1,000,000, the step that grows most",
            value=steps[worst],
            bound=2,
            unit="×",
            compared_with=f"its cost at 10,000 ({worst}: {many[worst]:.1f} s against {few[worst]:.2f} s)",
        )
    ]


def measured() -> dict[int, dict[str, float]]:
    """Return, by size, the seconds of each step, the mails, and the megabytes of the process."""
    found = {}
    for size in _SIZES:
        command = [sys.executable, "-m", "bench.growth", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found[size] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(size: int) -> dict[str, float]:
    calendar, steps = WorkingCalendar(), {}
    with tempfile.TemporaryDirectory() as folder:
        engine = fresh_engine(Path(folder))
        file = load(engine, communes=size // _DUTIES, clauses=1, duties=_DUTIES)
        gc.freeze()

        def open_year() -> None:
            with writing(engine) as session:
                open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)

        def sweep(day: date) -> None:
            follow_up(engine, plan="bench", clause="V.1", now=moment(day), calendar=calendar)

        steps[OPEN] = seconds(open_year)
        steps[OWED] = seconds(lambda: sweep(OPENED.date()))
        steps[MAILS] = seconds(lambda: asyncio.run(deliver_recorded(engine, calendar, OPENED.date())))
        sweep(QUIET_DAY)
        steps[QUIET] = min(seconds(lambda: sweep(QUIET_DAY)) for _ in range(3))
    return steps | {MEMORY: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _table(found: dict[int, dict[str, float]]) -> str:
    """Return the figures as the documents show them: seconds, and what they make of one assignment."""
    lines = ["| assignments | " + " | ".join(STEPS) + f" | {MEMORY} |", "|---:" * (len(STEPS) + 2) + "|"]
    for size, steps in found.items():
        cells = [f"{steps[step]:.2f} s ({steps[step] / size * 1e6:,.0f} µs)" for step in STEPS]
        lines.append(f"| {size:,} | " + " | ".join(cells) + f" | {steps[MEMORY]:,.0f} MB |")
    return "\n".join(lines) + "\n"


def _draw(found: dict[int, dict[str, float]], path: Path) -> None:
    """Draw seconds over assignments, both by powers of ten: what is linear rises by one for one."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only whoever draws needs it (the extra "bench")

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="assignments", ylabel="seconds")
    for step in STEPS:
        axes.plot(list(found), [steps[step] for steps in found.values()], marker="o", label=step)
    axes.plot(list(found), [size * 1e-4 for size in found], color="grey", linestyle=":", label="linear (100 µs each)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        sys.stdout.write(json.dumps(_measure(int(sys.argv[1]))) + "\n")
    else:
        _found = measured()
        sys.stdout.write(_table(_found))
        _draw(_found, Path(sys.argv[1]))
