"""From the responsibilities in force to Prefect's deployments: after every change of plans or years, at each start."""

from collections.abc import Sequence
from dataclasses import asdict

from deployments.reconcile import Outcome, reconcile
from deployments.table import POOL, ResponsibilityRow, wanted_deployments
from edge.entry import enter
from models.database import reading
from services.catalogue import Entry, catalogue


async def redeploy(pool: str = POOL, *, active: bool = True, apply: bool = True) -> Outcome:
    """Make Prefect's deployments what the database says; `active` false makes new schedules switched off.

    With `apply` false nothing is written: the outcome is what would be done.
    """
    edge = enter(None)
    with reading(edge.engine) as session:
        entries = catalogue(session, today=edge.today)
    return await reconcile(wanted_deployments(_rows(entries), active=active), pool=pool, apply=apply)


def _rows(entries: Sequence[Entry]) -> list[ResponsibilityRow]:
    return [ResponsibilityRow(**asdict(entry)) for entry in entries]
