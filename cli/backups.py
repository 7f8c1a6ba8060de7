"""`dondoc backup` and `restore`: everything as one verified file, and back into an empty place."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cli.common import ACTOR, INCOMPLETE, AsJson, print_json
from models.database import make_engine
from services.backups import Manifest, back_up
from services.restoring import restore
from settings import Settings


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    file: Annotated[Path, typer.Argument(help="the file to make; one that exists is never replaced")],
    as_json: AsJson = False,
) -> None:
    """Copy database and files into one file while everything runs, and read it back. Exit 3 when files are missing."""
    settings = Settings.read()
    made = back_up(
        make_engine(settings.database),
        settings.files_folder,
        file,
        program=version("dondoc"),
        now=datetime.now(UTC),
    )
    _show(made, f"backed up to {file}, read back and found whole", as_json=as_json)
    if made.faulty:
        typer.echo(
            f"{len(made.faulty)} file(s) are missing or changed in {settings.files_folder}; everything else is in the "
            f"backup: {', '.join(made.faulty[:10])}",
            err=True,
        )
        raise typer.Exit(INCOMPLETE)


def restore_command(
    file: Annotated[Path, typer.Argument(help="a backup made by `dondoc backup`")], as_json: AsJson = False
) -> None:
    """Put a backup into an empty place, verified; sending is held until `dondoc hold --lift`."""
    settings = Settings.read()
    done = restore(make_engine(settings.database), settings.files_folder, file, actor=ACTOR, now=datetime.now(UTC))
    _show(done, f"restored from {file}", as_json=as_json)
    if not as_json:
        typer.echo(
            "Sending is held for all units. Record what arrived since the backup, look at what was mailed since, then: "
            "dondoc hold --lift"
        )


def _show(manifest: Manifest, done: str, *, as_json: bool) -> None:
    rows, files = sum(manifest.rows.values()), len(manifest.files)
    if as_json:
        print_json(
            {
                **manifest.model_dump(exclude={"members"}, mode="json"),
                "files": files,
                "bytes": sum(member.size for member in manifest.members.values()),
            }
        )
        return
    made = f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"{done}: {manifest.backend}, {manifest.mode}, {rows} rows, {files} file(s), as of {made}")
