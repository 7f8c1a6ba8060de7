"""Where does the time of a mail go, what do more connections bring? `python -m bench.profile`, for docs/capacity.md.

Clocks and not a profiler, which makes small functions look dear: each step is a function that is replaced by one that
looks at the clock before and after. SMTP is what remains of the sending.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.sending import NOW, UNITS, deliver_to, median_turn, owed, sink
from services import composing, delivery, sending

_STEPS: tuple[tuple[Any, str, str], ...] = (
    (composing, "end_moot", "what is owed, and does it still hold"),
    (composing, "parcels", "gathered by reader"),
    (composing, "Letters", "facts of the assignments"),
    (composing, "_rendered", "words, text and HTML"),
    (composing, "deadlines_ics", "calendar"),
    (composing, "build", "MIME"),
    (composing, "_drafted", "drafting as a whole"),
    (composing, "_store", "stored with link and notices"),
    (sending._Round, "turn", "checked again, claimed, settled"),  # noqa: SLF001 - a part of it is clocked
    (delivery, "_finish", "run's table"),
)


def main() -> None:
    """Print the rate by connections, and the milliseconds of each step, per mail."""
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        owed(Path(folder), units=UNITS, tasks=1).dispose()
        for connections in (1, 2, 4, 8, 16):
            ours, theirs, _, _ = median_turn(Path(folder, "bench.db"), port, connections)
            sys.stdout.write(f"| {connections} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} |\n")
    spent: dict[str, float] = defaultdict(float)
    for owner, name, _ in _STEPS:
        setattr(owner, name, _clocked(getattr(owner, name), name, spent))
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        engine = owed(Path(folder), units=UNITS, tasks=1)
        began = time.perf_counter()
        mails, _ = asyncio.run(deliver_to(engine, port, NOW))
        whole = time.perf_counter() - began
    spent["_drafted"] -= sum(spent[name] for name in ("_rendered", "deadlines_ics", "build"))
    spent["SMTP"] = whole - sum(spent.values())
    names = {name: said for _, name, said in _STEPS} | {
        "_drafted": "what it says, link, Message-ID",
        "SMTP": "SMTP, waiting included",
    }
    for name, said in names.items():
        sys.stdout.write(f"| {said} | {spent[name] / mails * 1e3:.2f} ms | {spent[name] / whole:.0%} |\n")
    sys.stdout.write(f"| in all | {whole / mails * 1e3:.2f} ms | 100% |\n")


def _clocked(step: Any, name: str, spent: dict[str, float]) -> Any:
    def clocked(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return step(*given, **named)
        finally:
            spent[name] += time.perf_counter() - began

    return clocked


if __name__ == "__main__":
    main()
