"""`dondoc bounce`: a returned mail from a pipe, or all that lie unread in the mailbox of returned mails."""

import sys
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from cli.common import INCOMPLETE, AsJson, print_json
from edge.entry import enter
from edge.mail import returned_mails
from notifications.dsn import LONGEST, UnreadableError
from rules.errors import DondocError
from services.bounces import Taken, take_in, take_in_all

#: What mail programs call EX_TEMPFAIL: the one that pipes to us keeps the mail and tries again.
_TRY_AGAIN = 75

_SAID = {
    Taken.BOUNCED: "the mail came back: what it told is owed again",
    Taken.DOUBTED: "the mail came back, as too many do: the mailbox is not marked, see to the mail server",
    Taken.KNOWN: "nothing changed: this mail is known to have come back, or was not sent",
    Taken.NO_FAILURE: "nothing changed: the mail is late or has arrived",
    Taken.NOT_OURS: "nothing changed: no notification about a mail of ours",
    Taken.TOO_EARLY: "nothing changed: the mail is just being sent; try again later",
}


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("bounce")(bounce_command)


def bounce_command(
    mailbox: Annotated[bool, typer.Option("--mailbox", help="read the mailbox of DONDOC_IMAP_HOST instead")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a returned mail from standard input. Exit 75: not now, the mail program is to try again."""
    if mailbox:
        _read_mailbox(as_json=as_json)
        return
    content = sys.stdin.buffer.read(LONGEST)
    while sys.stdin.buffer.read(LONGEST):  # whoever pipes to us must not find the pipe closed
        pass
    try:
        edge = enter(None)
        taken = take_in(edge.engine, content, now=edge.now)
    except UnreadableError:
        raise
    except (DondocError, SQLAlchemyError, OSError) as fault:
        typer.echo(f"dondoc: not taken in, try again later: {str(fault).splitlines()[0]}", err=True)
        raise typer.Exit(_TRY_AGAIN) from None
    if as_json:
        print_json({"taken": taken})
    else:
        typer.echo(_SAID[taken])
    if taken is Taken.TOO_EARLY:
        raise typer.Exit(_TRY_AGAIN)


def _read_mailbox(*, as_json: bool) -> None:
    edge = enter(None)
    with returned_mails(edge.settings) as mails:
        emptied = take_in_all(edge.engine, mails, now=edge.now)
    if as_json:
        print_json({"taken": emptied.taken, "unreadable": emptied.unreadable})
    else:
        for taken, count in emptied.taken.items():
            typer.echo(f"{taken}: {count}")
        if emptied.unreadable:
            typer.echo(f"cannot be read, and left there: {', '.join(emptied.unreadable)}")
        elif not emptied.taken:
            typer.echo("no unread notification")
    if emptied.unreadable:
        raise typer.Exit(INCOMPLETE)
