"""The life of an assignment: which act is possible in which state, and who may decide."""

from enum import StrEnum

from rules.errors import DondocError
from rules.vocabulary import AssignmentState

#: In these states the unit still has something to do, so reminders may be owed.
WAITING = frozenset({AssignmentState.OPEN, AssignmentState.RETURNED})


class Act(StrEnum):
    """What people do to an assignment."""

    SUBMIT = "submit"
    RECEIVE = "receive"
    ACCEPT = "accept"
    NOTE = "note"
    RETURN = "return"
    EXTEND = "extend"


class ActRefusedError(DondocError):
    """The assignment is not in a state that allows this."""


_TRANSITIONS = {
    (AssignmentState.OPEN, Act.SUBMIT): AssignmentState.SUBMITTED,
    (AssignmentState.RETURNED, Act.SUBMIT): AssignmentState.SUBMITTED,
    (AssignmentState.OPEN, Act.RECEIVE): AssignmentState.SUBMITTED,
    (AssignmentState.RETURNED, Act.RECEIVE): AssignmentState.SUBMITTED,
    (AssignmentState.SUBMITTED, Act.ACCEPT): AssignmentState.ACCEPTED,
    (AssignmentState.SUBMITTED, Act.NOTE): AssignmentState.NOTED,
    (AssignmentState.SUBMITTED, Act.RETURN): AssignmentState.RETURNED,
    (AssignmentState.OPEN, Act.EXTEND): AssignmentState.OPEN,
    (AssignmentState.RETURNED, Act.EXTEND): AssignmentState.RETURNED,
}


def after(state: AssignmentState, act: Act) -> AssignmentState:
    """Return the state after `act`; an impossible act is refused by name."""
    found = _TRANSITIONS.get((state, act))
    if found is None:
        possible = ", ".join(str(a) for s, a in _TRANSITIONS if s is state) or "nothing more"
        raise ActRefusedError(f"cannot {act} an assignment that is {state}; possible now: {possible}")
    return found


def require_decider(*, recipient: str, acting: str) -> None:
    """Only the one a report is addressed to accepts, returns or extends it; anybody else can only note it."""
    if recipient and recipient != acting:
        own = acting or "this office"
        raise ActRefusedError(
            f"this report is addressed to {recipient}: {own} can only note it (`dondoc assignment note`)"
        )
