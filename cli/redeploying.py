"""After a plan or a year has changed by hand: bring the deployments of our own Prefect server up to it."""

import os

from cli.prefect_server import PrefectHome, server_ready
from settings import Settings


def redeploy_if_running() -> str:
    """Reconcile the deployments and say so; without our server say how it is done later."""
    if "PREFECT_API_URL" in os.environ:
        return "Prefect: `dondoc deploy` sẽ cập nhật lịch chạy."
    settings = Settings.read()
    home = PrefectHome(settings.home, settings.prefect_port)
    if not (home.auth_file.exists() and server_ready(home)):
        return "Prefect: `dondoc up` hoặc `dondoc deploy` sẽ cập nhật lịch chạy."
    from cli.deploying import deploy  # noqa: PLC0415 - Prefect takes a second to import

    outcome = deploy(home)
    changed = len(outcome.created) + len(outcome.updated) + len(outcome.removed)
    return f"Prefect: {changed} deployment(s) brought up to date, {len(outcome.unchanged)} unchanged"
