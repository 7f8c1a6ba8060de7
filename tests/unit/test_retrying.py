"""A task is tried again when the cause may pass: never when dondoc refused, nor when a disk is full."""

import pytest
from prefect.states import Failed

from models.faults import DatabaseBusyError, DatabaseUnavailableError
from rules.errors import DondocError
from tasks.retrying import RETRY


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (DondocError("there is no plan"), False),
        (DatabaseUnavailableError("the disk is full"), False),
        (DatabaseBusyError("the database is busy"), True),
        (OSError("something else"), True),
    ],
)
async def test_only_what_may_pass_is_tried_again(fault, again):
    assert await RETRY["retry_condition_fn"](None, None, Failed(data=fault)) is again
