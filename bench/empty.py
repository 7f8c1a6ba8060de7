"""A flow that does nothing: what a run costs on a worker before any work."""

from prefect import flow


@flow(name="empty")
async def empty() -> None:
    """Do nothing."""
