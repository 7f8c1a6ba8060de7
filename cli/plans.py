"""`dondoc plan`: check a plan file against its source text, and load it."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.common import ACTOR, AsJson, print_json
from models import Mode
from models.database import make_engine, writing
from plans.coverage import Checked, check
from rules.errors import DondocError
from services.installation import make
from services.plan_loading import load_plan
from settings import Settings

app = typer.Typer(help="Check and load plan files.", no_args_is_help=True)
PlanPath = Annotated[Path, typer.Argument(help="plan.yaml; units.yaml, the source text and cycles/ lie beside it")]


class PlanRefusedError(DondocError):
    """The plan has errors and was not loaded."""


@app.command("check")
def check_command(file: PlanPath, as_json: AsJson = False) -> None:
    """Say whether every clause of the source has its responsibility, and what is still open. Exit 1 on errors."""
    checked = check(file)
    if as_json:
        print_json({**_summary(checked), "findings": [asdict(finding) for finding in checked.findings]})
    else:
        _show(checked)
    if checked.errors:
        raise typer.Exit(1)


@app.command("load")
def load_command(file: PlanPath, as_json: AsJson = False) -> None:
    """Check the plan and bring the database up to it; nothing is written when there is an error."""
    checked = check(file)
    if checked.errors:
        lines = "\n".join(str(finding) for finding in checked.errors)
        raise PlanRefusedError(f"{file} has {len(checked.errors)} error(s), nothing was loaded:\n{lines}")
    engine, now = make_engine(Settings.read().database), datetime.now(UTC)
    make(engine, mode=Mode.EARNEST, now=now)
    with writing(engine) as session:
        loaded = load_plan(session, checked.plan, checked.units, source_text=checked.source_text, now=now, actor=ACTOR)
    if as_json:
        print_json(loaded)
        return
    changes = [("new", loaded.new_clauses), ("changed", loaded.changed_clauses), ("ended", loaded.retired_clauses)]
    told = "; ".join(f"{word}: {', '.join(clauses)}" for word, clauses in changes if clauses) or "nothing changed"
    typer.echo(f"{loaded.plan}: {loaded.clauses} responsibilities, {loaded.duties} duties; {told}")


def _summary(checked: Checked) -> dict[str, object]:
    return {
        "plan": checked.plan.plan.slug,
        "responsibilities": len(checked.plan.responsibilities),
        "duties": sum(1 for _ in checked.plan.duties()),
        "errors": len(checked.errors),
        "warnings": len(checked.findings) - len(checked.errors),
    }


def _show(checked: Checked) -> None:
    for finding in checked.findings:
        typer.echo(str(finding))
    figures = _summary(checked)
    typer.echo(
        f"{figures['plan']}: {figures['responsibilities']} responsibilities, {figures['duties']} duties, "
        f"{figures['errors']} errors, {figures['warnings']} warnings"
    )
