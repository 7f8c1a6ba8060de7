"""Open a plan's year from the text of its cycle file."""

import asyncio

from prefect import task

from edge.entry import enter
from models.database import writing
from plans.reading import read_cycle_text
from services.cycles import open_cycle
from services.preview import Preview


@task(name="open year")
async def open_year(cycle_file: str, *, apply: bool) -> Preview:
    """Show what opening would do or, with `apply`, do it."""
    return await asyncio.to_thread(_open, cycle_file, apply=apply)


def _open(text: str, *, apply: bool) -> Preview:
    edge, file = enter(None), read_cycle_text(text)
    with writing(edge.engine) as session:
        return open_cycle(session, file, text, now=edge.now, calendar=edge.calendar, actor="prefect", apply=apply)
