"""Brings the deployments of our own Prefect server up to the database. It imports Prefect, which takes seconds."""

import asyncio

from cli.prefect_server import PrefectHome, connected, ensure_pool
from deployments.deploy import redeploy
from deployments.reconcile import Outcome


def deploy(home: PrefectHome, *, active: bool = True) -> Outcome:
    """Make the work pool and the deployments what they must be; with `active` false nothing runs by the real clock."""

    async def both() -> Outcome:
        await ensure_pool()
        return await redeploy(active=active)

    with connected(home):
        return asyncio.run(both())
