"""When is a task worth another try: not when dondoc itself refused, for that answer stays the same.

Only a database that is busy or restarting is asked again: a full disk stays full for half a minute, too.
"""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from models.faults import DatabaseBusyError
from rules.errors import DondocError


async def _may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    outcome = await state.aresult(raise_on_failure=False)
    return isinstance(outcome, DatabaseBusyError) or not isinstance(outcome, DondocError)


#: A busy database or a server that restarts is back within half a minute.
RETRY: dict[str, Any] = {"retries": 3, "retry_delay_seconds": 10, "retry_condition_fn": _may_pass}
