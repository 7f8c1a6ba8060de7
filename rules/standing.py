"""Is a notice that was owed still true? Asked when a mail is made and again before every attempt to send it."""

from dataclasses import dataclass

from rules.lifecycle import WAITING
from rules.vocabulary import AssignmentState, NoticeState, SkipReason


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The facts a notice stands on, as they are now."""

    state: AssignmentState
    notice_version: int
    current_version: int
    cycle_closed: bool
    unit_ended: bool
    clause_retired: bool = False


def moot(standing: Standing) -> tuple[NoticeState, str] | None:
    """Return how a notice ends that no longer holds, or None while it holds."""
    if standing.cycle_closed:
        return NoticeState.SKIPPED, SkipReason.CYCLE_CLOSED
    if standing.state not in WAITING:
        return NoticeState.SKIPPED, SkipReason.HANDED_IN
    if standing.clause_retired:
        return NoticeState.SKIPPED, SkipReason.CLAUSE_RETIRED
    if standing.unit_ended:
        return NoticeState.SKIPPED, SkipReason.UNIT_ENDED
    if standing.notice_version != standing.current_version:
        return NoticeState.SUPERSEDED, SkipReason.DEADLINE_CHANGED
    return None
