"""What the commands share: dates and periods as people type them, JSON for programs, tables for people."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Done, but something is left: mails undelivered, findings in a plan.
INCOMPLETE = 3
ACTOR = "cli"
#: Characters: a column of dates or numbers is not broken, and the width of a table that goes into a file.
_WHOLE, _PAGE = 12, 120


def parse_day(text: str) -> date:
    """Read YYYY-MM-DD only; a day that does not exist is named."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2024-11-14") from None


def parse_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it as 16:00") from None


Day = Annotated[date, typer.Option(parser=parse_day, metavar="YYYY-MM-DD")]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_day,
        metavar="YYYY-MM-DD",
        help="the day that counts instead of today; a day to come only in a rehearsal",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object for programs")]


def print_json(value: Any) -> None:
    """Print one JSON object; dates are ISO 8601."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    typer.echo(json.dumps(plain, ensure_ascii=False, indent=2, default=str))


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that wraps to the terminal, or to a page's width where there is none; nothing is cut off."""
    cells = [["" if cell is None else _printable(str(cell)) for cell in row] for row in rows]
    table = Table(title=Text(title), title_justify="left")
    for place, heading in enumerate(headings):
        longest = max(len(text) for text in (heading, *(row[place] for row in cells)))
        table.add_column(heading, overflow="fold", no_wrap=longest <= _WHOLE)
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PAGE
    console.print(table)


def _printable(text: str) -> str:
    """What a unit has typed is no markup, and no command to the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
