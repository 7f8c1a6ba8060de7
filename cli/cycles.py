"""`dondoc cycle`: a plan's year, from its cycle file to its end."""

from dataclasses import asdict
from datetime import date, time
from pathlib import Path
from typing import Annotated

import typer

from cli.common import ACTOR, AsJson, AsOf, parse_day, parse_time, print_json, print_table
from cli.redeploying import redeploy_if_running
from edge.entry import enter
from models.database import reading, writing
from plans.located import read_text
from plans.reading import read_cycle
from rules.deadlines import DueRule, Form
from rules.periods import period_from
from rules.vocabulary import AssignmentState
from services.board import StatusRow, status
from services.cycles import change_deadline, close_cycle, open_cycle
from services.preview import Line, Preview

app = typer.Typer(help="Open, look at, change and close a plan's year.", no_args_is_help=True)
_STATES = {
    AssignmentState.OPEN: "chưa gửi",
    AssignmentState.SUBMITTED: "đã gửi",
    AssignmentState.RETURNED: "đề nghị bổ sung",
    AssignmentState.ACCEPTED: "đã tiếp nhận",
    AssignmentState.NOTED: "đã ghi nhận",
}
Plan = Annotated[str, typer.Argument(help="the plan's short name, such as konray-2022-2025")]
Year = Annotated[int, typer.Argument(help="the year, such as 2024")]


@app.command("open")
def open_command(
    file: Annotated[Path, typer.Argument(help="the cycle file: plan, year, each deadline and its basis")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would happen")] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Open a year; opening twice changes nothing, a changed file is refused with its difference."""
    edge = enter(as_of)
    text, cycle = read_text(file), read_cycle(file)
    with writing(edge.engine) as session:
        seen = open_cycle(session, cycle, text, now=edge.now, calendar=edge.calendar, actor=ACTOR, apply=not dry_run)
    deployed = "" if dry_run or seen.already_open else redeploy_if_running()
    if as_json:
        print_json(seen)
        return
    _show(seen, dry_run=dry_run)
    if deployed:
        typer.echo(deployed)


def _show(seen: Preview, *, dry_run: bool) -> None:
    print_table(
        f"{seen.plan}, năm {seen.year}: {seen.assignments} nhiệm vụ được giao",
        ("Nội dung công việc", "", "Đơn vị", "Nơi nhận", "Kỳ", "Thời hạn"),
        [(line.duty, line.title, line.units, line.recipient, line.period, _due(line)) for line in seen.lines],
    )
    for warning in seen.warnings:
        typer.echo(f"! {warning}")
    for line in seen.difference:
        typer.echo(line)
    if seen.already_open:
        typer.echo(f"Năm {seen.year} đã được bắt đầu ngày {seen.opens_on:%d/%m/%Y}: không có gì thay đổi.")
    elif dry_run:
        typer.echo("Xem trước: chưa có gì được tạo. Bỏ --dry-run để bắt đầu năm.")
    else:
        typer.echo(f"Đã bắt đầu năm {seen.year}.")


def _due(line: Line) -> str:
    return _day(line.final) if line.can_have_deadline else "không có"


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "chưa ấn định"


@app.command("status")
def status_command(plan: Plan, year: Year, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """List every assignment of the year with its number, state and deadline."""
    edge = enter(as_of)
    with reading(edge.engine) as session:
        rows = status(session, plan=plan, year=year, now=edge.now, calendar=edge.calendar)
    if as_json:
        print_json({"plan": plan, "year": year, "assignments": [asdict(row) for row in rows]})
        return
    print_table(
        f"{plan}, năm {year} (quá hạn tính theo ngày làm việc)",
        ("Số", "Nội dung", "Đơn vị", "Nơi nhận", "Trạng thái", "Thời hạn"),
        [
            (
                row.id,
                row.duty if row.period.isdigit() else f"{row.duty} {row.period}",
                f"{row.unit_short_name} (đã kết thúc)" if row.unit_ended else row.unit_short_name,
                row.recipient,
                _STATES[row.state],
                _standing(row),
            )
            for row in rows
        ],
    )


def _standing(row: StatusRow) -> str:
    late = f", quá hạn {row.overdue_working_days}" if row.overdue_working_days else ""
    return f"{_day(row.final)}{late}"


@app.command("deadline")
def deadline_command(
    plan: Plan,
    year: Year,
    duty: Annotated[str, typer.Argument(help="the duty, such as V.4-3.a")],
    basis: Annotated[str, typer.Option(help="the document that sets the date")],
    before: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help="trước ngày (exclusive)")
    ] = None,
    latest: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help="chậm nhất ngày (inclusive)")
    ] = None,
    at: Annotated[time | None, typer.Option("--time", parser=parse_time, metavar="HH:MM")] = None,
    recipient: Annotated[str, typer.Option(help="for a duty with several recipients: whose date this is")] = "",
    period: Annotated[str | None, typer.Option(help="H1, Q3, M07; the whole year without it")] = None,
    as_of: AsOf = None,
) -> None:
    """Set or change a deadline of the year; every unit concerned is told once."""
    if (before is None) == (latest is None):
        raise typer.BadParameter("give either --before or --latest")
    form, written = (Form.BEFORE, before) if before else (Form.LATEST, latest)
    assert written is not None
    if not basis.strip():
        raise typer.BadParameter("name the document that sets the date", param_hint="--basis")
    edge = enter(as_of)
    with writing(edge.engine) as session:
        changed = change_deadline(
            session,
            plan=plan,
            year=year,
            key=(duty, recipient, period_from(year, period).key),
            rule=DueRule(form=form, written=written, at=at, basis=basis),
            now=edge.now,
            calendar=edge.calendar,
            actor=ACTOR,
        )
    typer.echo(f"{duty}: {changed} assignment(s) got a new deadline version")
    if changed:
        typer.echo(redeploy_if_running())


@app.command("close")
def close_command(plan: Plan, year: Year, as_of: AsOf = None) -> None:
    """End the year: nothing more is owed for it."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        waiting = close_cycle(session, plan=plan, year=year, now=edge.now, actor=ACTOR)
    if waiting is None:
        typer.echo(f"{plan} {year} was closed before; nothing changed")
    else:
        typer.echo(f"{plan} {year} is closed; {waiting} dated assignment(s) were still waiting")
