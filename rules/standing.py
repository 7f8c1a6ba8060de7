"""Is a notice that was owed still true? Asked when a mail is made and again before every attempt to send it."""

from dataclasses import dataclass

from rules.lifecycle import WAITING
from rules.vocabulary import AssignmentState, NoticeState, SkipReason


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The facts a notice stands on, as they are now.

    `acknowledged`: it only says that there is something to do, and the unit has confirmed that it knows. `dropped`: the
    head of the office decided that this mailing is not sent.
    """

    state: AssignmentState
    notice_version: int
    current_version: int
    cycle_closed: bool
    unit_ended: bool
    clause_retired: bool = False
    acknowledged: bool = False
    dropped: bool = False


def moot(standing: Standing) -> tuple[NoticeState, str] | None:
    """Return how a notice ends that no longer holds, or None while it holds; the first reason that applies counts."""
    changed = standing.notice_version != standing.current_version
    reasons = (
        (standing.cycle_closed, NoticeState.SKIPPED, SkipReason.CYCLE_CLOSED),
        (standing.state not in WAITING, NoticeState.SKIPPED, SkipReason.HANDED_IN),
        (standing.clause_retired, NoticeState.SKIPPED, SkipReason.CLAUSE_RETIRED),
        (standing.unit_ended, NoticeState.SKIPPED, SkipReason.UNIT_ENDED),
        (changed, NoticeState.SUPERSEDED, SkipReason.DEADLINE_CHANGED),
        (standing.acknowledged, NoticeState.SKIPPED, SkipReason.ACKNOWLEDGED),
        (standing.dropped, NoticeState.SKIPPED, SkipReason.NOT_APPROVED),
    )
    return next(((state, str(reason)) for applies, state, reason in reasons if applies), None)
