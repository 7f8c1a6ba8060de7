"""The `dondoc` command: every use case by hand. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 done but incomplete."""

import sys

import typer

from cli import assignments, cycles, operations, plans, servers
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
servers.register(app)


def run() -> None:
    """Run the command; a refusal is one message on standard error, never a traceback."""
    try:
        app()
    except DondocError as refusal:
        sys.stderr.write(f"dondoc: {refusal}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
