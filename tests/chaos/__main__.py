"""`python -m tests.chaos`: kill mornings, play random years; print what was done, and exit 1 when a promise broke."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.histories import play_many
from tests.chaos.kills import kill


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000, help="how often a morning is killed")
    parser.add_argument("--histories", type=int, default=10_000, help="how many random years are played")
    parser.add_argument("--seed", type=int, default=2024, help="chooses the mornings and the points")
    parser.add_argument("--connections", type=int, default=4, help="to the mail server, at once")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that play random years side by side"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dondoc-chaos-") as folder:
        mails = play_many(Path(folder), histories=given.histories, seed=given.seed, processes=given.processes)
        tally = kill(Path(folder), kills=given.kills, seed=given.seed, connections=given.connections)
    table = Table("morning", "kills", title=f"SIGKILL, seed {given.seed}, {given.connections} connections")
    for day, count in sorted(tally.by_morning.items()):
        table.add_row(f"{day}", f"{count}")
    table.add_section()
    table.add_row("in all", f"{tally.kills}")
    table.add_row("promises broken (lost, false, in two mails, other outcome)", f"{len(tally.faults)}")
    table.add_row("mails that came twice, same Message-ID and bytes", f"{tally.repeated}")
    table.add_section()
    table.add_row(
        f"mails in {given.histories:,} random years, each checked: none false, doubled or forgotten", f"{mails:,}"
    )
    Console(width=120).print(table)
    for fault in tally.faults[:20]:
        sys.stderr.write(f"{fault}\n")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
