"""How a run ends when dondoc refuses: failed, with the one sentence that says what is wrong, and no traceback.

A run is named before it begins, so its name must never refuse anything: what is wrong is said by the run itself.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Failed

from rules.errors import DondocError

P = ParamSpec("P")


def refusals_said(run: Callable[P, Awaitable[State[Any]]]) -> Callable[P, Awaitable[State[Any]]]:
    """Turn a DondocError into a failed state with its message."""

    @wraps(run)
    async def said(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        try:
            return await run(*args, **kwargs)
        except DondocError as refusal:
            return Failed(message=str(refusal))

    return said


def named_or(plain: str, name: Callable[[], str]) -> str:
    """Return the name, or a plain one where dondoc refuses what the run was given."""
    try:
        return name()
    except DondocError:
        return plain
