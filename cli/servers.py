"""`dondoc deploy`, `up`, `demo`, `doctor`: the commands that know Prefect. Its import takes a second, so it is late."""

# ruff: noqa: PLC0415 - every other command would pay for Prefect's import

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from cli.common import AsJson, print_json
from models import Mode
from models.database import make_engine, reading
from rules.errors import DondocError
from services.finding import has_open_year
from services.installation import make
from settings import Settings


class TrialInEarnestError(DondocError):
    """A trial would swallow mails that the units wait for."""


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    app.command("deploy")(deploy_command)
    app.command("up")(up_command)
    app.command("portal")(portal_command)
    app.command("demo")(demo_command)
    app.command("doctor")(doctor_command)


def deploy_command(as_json: AsJson = False) -> None:
    """Bring Prefect's deployments up to the database: one per responsibility; unchanged ones are left alone.

    Without a Prefect server of another kind (PREFECT_API_URL) this is the one that `dondoc up` runs.
    """
    import asyncio
    from contextlib import nullcontext

    from httpx import HTTPError

    from cli.prefect_server import NoServerError, PrefectHome, connected, ensure_pool, require_server
    from deployments.deploy import redeploy
    from deployments.reconcile import Outcome

    settings = Settings.read()
    home = PrefectHome(settings.home, settings.prefect_port)

    async def run() -> Outcome:
        await ensure_pool()
        return await redeploy()

    own = "PREFECT_API_URL" not in os.environ
    if own:
        require_server(home)
    try:
        with connected(home) if own else nullcontext():
            outcome = asyncio.run(run())
    except HTTPError as fault:
        said = f"{type(fault).__name__}: {next(iter(str(fault).splitlines()), '')}"
        raise NoServerError(f"Prefect's server cannot be used ({said}); `dondoc doctor` says how to mend it") from None
    if as_json:
        print_json(outcome)
    else:
        typer.echo(_said(len(outcome.created), len(outcome.updated), len(outcome.removed), len(outcome.unchanged)))


def _said(created: int, updated: int, removed: int, unchanged: int) -> str:
    return f"deployments: {created} new, {updated} changed, {removed} removed, {unchanged} unchanged"


def up_command(
    trial: Annotated[bool, typer.Option("--trial", help="catch every mail in a local mailbox")] = False,
    even_in_earnest: Annotated[
        bool,
        typer.Option("--even-in-earnest", help="on trial: with a database in earnest whose year is open, too"),
    ] = False,
) -> None:
    """Run everything until Ctrl-C: pages, Prefect's server and worker, deployments and, on trial, the mailbox."""
    from cli.folder_lock import held

    if os.environ.pop("PREFECT_API_URL", ""):
        typer.echo("PREFECT_API_URL is left aside: `dondoc up` runs a Prefect server of its own", err=True)
    os.environ.update(Settings.read().as_absolute())
    settings = Settings.read()
    refusal = f"dondoc already runs with this home, {settings.home}: stop it first, or set another DONDOC_HOME"
    with held(settings.home / "running", refusal):
        engine = make_engine(settings.database)
        made = make(engine, mode=Mode.EARNEST, now=datetime.now(UTC))
        if trial and made.mode is Mode.EARNEST:
            _warn_or_refuse(engine, even_in_earnest=even_in_earnest)
        _run(settings, trial=trial)


def _warn_or_refuse(engine: Engine, *, even_in_earnest: bool) -> None:
    """What the trial mailbox catches is settled as sent, and nothing would ever send it again."""
    with reading(engine) as session:
        if has_open_year(session) and not even_in_earnest:
            raise TrialInEarnestError(
                "this database is in earnest and a year is open: what the trial mailbox catches would count as sent to "
                "the units. Set a DONDOC_HOME of the trial's own and begin there with `dondoc init --rehearsal`, or "
                "say --even-in-earnest"
            )
    typer.echo("This database is in earnest: what the trial mailbox catches counts as sent to the units.", err=True)


def _run(settings: Settings, *, trial: bool) -> None:
    from cli.prefect_server import PrefectHome, login_hint
    from cli.process_tree import ProcessTree
    from cli.stack import Ports, start_mailbox, start_portal, start_worker, starting_server

    home = PrefectHome(settings.home, settings.prefect_port)
    ports = Ports(
        prefect=settings.prefect_port,
        mailbox_smtp=settings.mailbox_smtp_port,
        mailbox_http=settings.mailbox_http_port,
        portal=settings.portal_port,
    )
    with ProcessTree(settings.home / "logs") as tree:
        with starting_server(tree, home):
            if trial:
                start_mailbox(tree, settings.home / "mails", ports, simulated=False)
                typer.echo(f"Hộp thư chạy thử: {ports.mailbox_url} (không thư nào ra ngoài)")
            elif not settings.smtp_host:
                typer.echo(
                    "DONDOC_SMTP_HOST is not set: no mail can be sent. Set it, or use `dondoc up --trial`.", err=True
                )
            if trial or settings.public_url:
                start_portal(tree, ports)
                typer.echo(sign_in_hint(trial=trial))
            else:
                typer.echo("DONDOC_PUBLIC_URL is not set: the pages are not started, mails have no links.", err=True)
            from cli.deploying import deploy  # imports Prefect, which takes seconds, as the server does
        outcome = deploy(home)
        typer.echo(_said(len(outcome.created), len(outcome.updated), len(outcome.removed), len(outcome.unchanged)))
        start_worker(tree, home)
        typer.echo(login_hint(home))
        typer.echo("dondoc is running; stop it with Ctrl-C.")
        raise typer.Exit(tree.wait())


def sign_in_hint(*, trial: bool) -> str:
    """Return how to come to the office's pages; on trial a coordinator's own link, which the mailbox shows as well."""
    from edge.entry import enter
    from edge.mail import letterhead
    from models.database import writing
    from services.links import first_coordinator
    from services.notes import Desk, send_sign_in

    edge = enter(None)
    desk = Desk(letterhead=letterhead(edge.settings), now=edge.now)
    with writing(edge.engine) as session:
        coordinator = first_coordinator(session, now=edge.now) if trial else None
        if coordinator is not None:
            return f"Trang của Phòng, đăng nhập một lần: {send_sign_in(session, desk, coordinator)}"
    nobody = " (hôm nay chưa có công chức nào của Phòng trong units.yaml để đăng nhập)" if trial else ""
    return f"Trang của Phòng: {edge.settings.public_url}/phong{nobody}"


def portal_command(
    port: Annotated[int | None, typer.Option(help="instead of DONDOC_PORTAL_PORT; on the loopback interface")] = None,
) -> None:
    """Run the pages alone, behind any reverse proxy; their mails go out at once."""
    from portal.__main__ import serve

    os.environ.update(Settings.read().as_absolute())
    serve(port)


def demo_command(
    year: Annotated[int, typer.Option(help="the year of the example plan to play")] = 2024,
    headless: Annotated[bool, typer.Option("--headless", help="end by itself, leave nothing open")] = False,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="keep every mail received and the facts of the year here")] = None,
    folder: Annotated[Path, typer.Option(help="the demo's own folder, made anew each time")] = Path(".dondoc-demo"),
) -> None:
    """Play a year of the Kon Rẫy plan on a simulated clock, with real flows, a real server and a local mailbox."""
    # Read by Prefect when it is imported: the logs of the year's runs are for its UI, not for this terminal.
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "ERROR"
    from cli.demo import play

    play(year=year, headless=headless, as_json=as_json, out=out, folder=folder)


def doctor_command(as_json: AsJson = False) -> None:
    """Say what is wrong with this configuration and how to mend it. Exit 3 when something is."""
    from cli.doctor import examine, show

    show(examine(), as_json=as_json)
