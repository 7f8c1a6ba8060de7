"""`dondoc init`, `hold`, `follow-up`, `deliver`: the year by hand, the same services that Prefect's flows call."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import track

from cli.common import ACTOR, INCOMPLETE, AsJson, AsOf, print_json
from edge.entry import enter
from edge.mail import letterhead, mailer
from models import Mode
from models.database import make_engine, reading, writing
from services import holds
from services.assigning import current_clauses
from services.delivery import deliver as deliver_owed
from services.delivery_job import DeliveryReport
from services.finding import find_plan
from services.follow_up import follow_up
from services.installation import make
from settings import Settings


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    app.command("init")(init_command)
    app.command("hold")(hold_command)
    app.command("follow-up")(follow_up_command)
    app.command("deliver")(deliver_command)


def init_command(
    rehearsal: Annotated[bool, typer.Option("--rehearsal", help="for trying out: may play days to come")] = False,
) -> None:
    """Make the database, in earnest or as a rehearsal; one that exists keeps what it is."""
    settings = Settings.read()
    mode = Mode.REHEARSAL if rehearsal else Mode.EARNEST
    made = make(make_engine(settings.database), mode=mode, now=datetime.now(UTC))
    if made.mode is not mode:
        typer.echo(
            f"the database was made as {made.mode} before and stays so; the other kind needs a DONDOC_HOME of its own",
            err=True,
        )
        raise typer.Exit(INCOMPLETE)
    typer.echo(f"the database is ready ({made.mode})")


def hold_command(
    unit: Annotated[str | None, typer.Option(help="one unit; all without it")] = None,
    reason: Annotated[str, typer.Option(help="why sending is held")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="send again")] = False,
) -> None:
    """Tạm dừng gửi: hold sending for a unit or for all; what is owed stays owed."""
    edge = enter(None)
    if not lift and not reason:
        raise typer.BadParameter("say why with --reason")
    with writing(edge.engine) as session:
        if lift:
            holds.lift(session, unit=unit, actor=ACTOR, now=edge.now)
        else:
            holds.hold(session, unit=unit, reason=reason, actor=ACTOR, now=edge.now)
    typer.echo(f"sending is {'no longer held' if lift else 'held'} for {unit or 'all units'}")


def follow_up_command(
    plan: Annotated[str, typer.Argument(help="the plan's short name, such as konray-2022-2025")],
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Look at every responsibility of the plan once, as its flows do each morning."""
    edge = enter(as_of)
    with reading(edge.engine) as session:
        clauses = [clause.clause for clause in current_clauses(session, find_plan(session, plan).id or 0)]
    reports = [
        follow_up(edge.engine, plan=plan, clause=clause, now=edge.now, calendar=edge.calendar)
        for clause in track(clauses, description=plan, disable=as_json, transient=True)
    ]
    if as_json:
        print_json({"day": edge.today, "sweeps": [asdict(report) for report in reports]})
        return
    for report in reports:
        counts = ", ".join(f"{word} {count}" for word, count in report.counts.items()) or "nothing owed"
        made = f", {report.made} assignment(s) made" if report.made else ""
        typer.echo(f"{report.clause:8} {report.title}: {counts}{made}")
    if reports and not reports[0].working_day:
        typer.echo(f"{edge.today:%d/%m/%Y} is a day off: nothing is owed")


def deliver_command(as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Send what is owed. Exit 3 when something stays undelivered."""
    edge = enter(as_of)
    client = mailer(edge.settings)

    async def send() -> DeliveryReport:
        async with client:
            return await deliver_owed(
                edge.engine,
                mailer=client,
                calendar=edge.calendar,
                letterhead=letterhead(edge.settings),
                now=edge.now,
            )

    report = asyncio.run(send())
    if as_json:
        print_json(asdict(report))
    else:
        _show(report)
    if report.incomplete:
        raise typer.Exit(INCOMPLETE)


def _show(report: DeliveryReport) -> None:
    if report.busy:
        typer.echo("another delivery is under way")
        return
    counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(report.notices.items())) or "none"
    typer.echo(f"{report.mails} mail(s) sent; notices: {counts}")
    if not report.working_day:
        typer.echo(f"{report.day:%d/%m/%Y} is a day off: no morning mail")
    if report.held:
        typer.echo("sending is held for everybody; `dondoc hold --lift` lets it go on")
    if report.waiting_for:
        typer.echo(f"morning mails wait for the sweeps of: {', '.join(report.waiting_for)}")
    if report.undelivered:
        typer.echo(f"{report.undelivered} mail(s) are still to be delivered", err=True)
    if report.alarm:
        typer.echo(f"what stopped it: {report.alarm}", err=True)
