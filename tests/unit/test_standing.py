"""Does a notice that was owed still hold when its mail is made, and again before every attempt?"""

from dataclasses import replace

import pytest

from rules.standing import Standing, moot
from rules.vocabulary import AssignmentState, NoticeState, SkipReason

HOLDS = Standing(state=AssignmentState.OPEN, notice_version=1, current_version=1, cycle_closed=False, unit_ended=False)


@pytest.mark.parametrize("state", [AssignmentState.OPEN, AssignmentState.RETURNED])
def test_a_notice_holds_while_the_unit_has_something_to_do(state):
    assert moot(replace(HOLDS, state=state)) is None


@pytest.mark.parametrize(
    ("standing", "end"),
    [
        # It was handed in, whatever was decided of it.
        (replace(HOLDS, state=AssignmentState.SUBMITTED), (NoticeState.SKIPPED, SkipReason.HANDED_IN)),
        (replace(HOLDS, state=AssignmentState.ACCEPTED), (NoticeState.SKIPPED, SkipReason.HANDED_IN)),
        (replace(HOLDS, state=AssignmentState.NOTED), (NoticeState.SKIPPED, SkipReason.HANDED_IN)),
        # The date it speaks of is no longer the date: the new version has a notice of its own.
        (replace(HOLDS, current_version=2), (NoticeState.SUPERSEDED, SkipReason.DEADLINE_CHANGED)),
        (replace(HOLDS, unit_ended=True), (NoticeState.SKIPPED, SkipReason.UNIT_ENDED)),
        (replace(HOLDS, cycle_closed=True), (NoticeState.SKIPPED, SkipReason.CYCLE_CLOSED)),
        # The unit has confirmed that it knows: word that there is something to do is needless.
        (replace(HOLDS, acknowledged=True), (NoticeState.SKIPPED, SkipReason.ACKNOWLEDGED)),
        # The head of the office decided that this mailing is not sent.
        (replace(HOLDS, dropped=True), (NoticeState.SKIPPED, SkipReason.NOT_APPROVED)),
        # Of several reasons the one that ends most is named.
        (
            replace(HOLDS, cycle_closed=True, state=AssignmentState.ACCEPTED, unit_ended=True, current_version=2),
            (NoticeState.SKIPPED, SkipReason.CYCLE_CLOSED),
        ),
    ],
)
def test_a_notice_that_no_longer_holds_ends_with_its_reason(standing, end):
    assert moot(standing) == end
