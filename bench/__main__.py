"""`python -m bench [NAME …]`: measure, print the table, exit 1 when a bound is broken."""

import gc
import sys

from rich.console import Console
from rich.table import Table

from bench.growth import growth
from bench.measures import Measure, demo_year, opening, quiet_sweep
from bench.mornings import whole_country, year_of_mornings
from bench.sending import morning_process, whole_path
from bench.servers import up
from bench.workbench import workbench

_ALL = {
    "opening": opening,
    "sweep": quiet_sweep,
    "delivery": whole_path,
    "morning": morning_process,
    "year": year_of_mornings,
    "country": whole_country,
    "growth": growth,
    "workbench": workbench,
    "up": up,
    "demo": demo_year,
}


def main(names: list[str]) -> int:
    """Run the named measures, or all.

    Every process of ours freezes what it has imported, so that the collector need not look through it.
    """
    if unknown := [name for name in names if name not in _ALL]:
        sys.exit(f"no measure is called {', '.join(unknown)}; there are: {', '.join(_ALL)}")
    gc.freeze()
    measures = [measure for name in names or _ALL for measure in _ALL[name]()]
    _print(measures)
    return 0 if all(measure.holds for measure in measures) else 1


def _print(measures: list[Measure]) -> None:
    table = Table("what", "measured", "bound", "holds", "compared with")
    for measure in measures:
        value, bound = (
            f"{measure.value:.2f} {measure.unit}",
            f"{'≥' if measure.at_least else '≤'} {measure.bound:g} {measure.unit}",
        )
        table.add_row(measure.name, value, bound, "yes" if measure.holds else "NO", measure.compared_with)
    Console(width=160).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
