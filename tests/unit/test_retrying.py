"""A task is tried again when the cause may pass: never when dondoc refused, nor when a disk is full."""

import pytest
from prefect.states import Failed

from flows.ending import refusals_said
from models.faults import DatabaseBusyError, DatabaseUnavailableError, Fault, unavailable
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


async def test_a_run_that_meets_a_full_disk_fails_with_the_sentence_alone():
    @refusals_said
    async def run():
        raise unavailable(Fault.FULL, "database or disk is full")

    state = await run()
    assert state.is_failed()
    assert state.message == f"{Fault.FULL} (database or disk is full)"
