"""The `dondoc` command: every use case by hand. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 done but incomplete."""

import gc
import os
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from cli import assignments, backups, bounces, cycles, operations, plans, servers
from rules.errors import DondocError

app = typer.Typer(
    name="dondoc",
    help="Follows up the duties of an administrative plan: assignments, reminders, escalation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(plans.app, name="plan")
app.add_typer(cycles.app, name="cycle")
app.add_typer(assignments.app, name="assignment")
operations.register(app)
backups.register(app)
bounces.register(app)
servers.register(app)


def run() -> None:
    """Run the command; a refusal is one message on standard error, never a traceback.

    What is imported stays for good: the collector need not look through it again and again. What is written is for its
    owner alone, also in a folder that is open to others: mails and links are nobody else's.
    """
    gc.freeze()
    os.umask(0o077)
    try:
        app()
    except DondocError as refusal:
        sys.stderr.write(f"dondoc: {refusal}\n")
        sys.exit(1)
    except PermissionError as fault:
        sys.stderr.write(f"dondoc: {fault.filename}: {fault.strerror}; run this as dondoc's user, or mend the rights\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as fault:  # noqa: BLE001 - whatever it is, a user reads one line and the log keeps the rest
        sys.stderr.write(f"dondoc: {_first_line(fault)}\nThe details are in {_kept(fault)}\n")
        sys.exit(1)


def _first_line(fault: Exception) -> str:
    """Return the driver's own words where a database failed: SQLAlchemy's show the statement and its values."""
    said = str(getattr(fault, "orig", fault)).strip()
    return f"{type(fault).__name__}: {said.splitlines()[0] if said else 'no details'}"


def _kept(fault: Exception) -> Path:
    """Keep the traceback for whoever looks after the machine."""
    with tempfile.NamedTemporaryFile("w", prefix="dondoc-fault-", suffix=".log", delete=False) as log:
        traceback.print_exception(fault, file=log)
    return Path(log.name)
