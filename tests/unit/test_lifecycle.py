"""Which act is possible in which state, and who may decide."""

import pytest

from rules.lifecycle import WAITING, Act, ActRefusedError, after, require_decider
from rules.vocabulary import AssignmentState

OPEN, SUBMITTED, RETURNED, ACCEPTED, NOTED = AssignmentState

#: Every act that is possible; whatever is not in this table is refused.
POSSIBLE = {
    (OPEN, Act.SUBMIT): SUBMITTED,
    (OPEN, Act.RECEIVE): SUBMITTED,  # it arrived as a document
    (OPEN, Act.EXTEND): OPEN,
    (RETURNED, Act.SUBMIT): SUBMITTED,
    (RETURNED, Act.RECEIVE): SUBMITTED,
    (RETURNED, Act.EXTEND): RETURNED,
    (SUBMITTED, Act.ACCEPT): ACCEPTED,
    (SUBMITTED, Act.NOTE): NOTED,
    (SUBMITTED, Act.RETURN): RETURNED,
}


@pytest.mark.parametrize(("state", "act"), POSSIBLE)
def test_a_possible_act_leads_to_its_state(state, act):
    assert after(state, act) is POSSIBLE[state, act]


@pytest.mark.parametrize(
    ("state", "act"), [(state, act) for state in AssignmentState for act in Act if (state, act) not in POSSIBLE]
)
def test_every_other_act_is_refused_and_what_is_possible_is_named(state, act):
    with pytest.raises(ActRefusedError) as refused:
        after(state, act)
    possible = [str(allowed) for found, allowed in POSSIBLE if found is state] or ["nothing more"]
    assert str(refused.value).startswith(f"cannot {act} an assignment that is {state}; possible now: ")
    assert all(word in str(refused.value) for word in possible)


def test_only_what_is_open_or_returned_is_waited_for():
    assert {OPEN, RETURNED} == WAITING


@pytest.mark.parametrize(
    ("recipient", "acting"),
    [("phong-ldtbxh", "phong-ldtbxh"), ("", "phong-ldtbxh")],  # the addressee; or nobody is named
)
def test_the_one_it_is_addressed_to_decides(recipient, acting):
    require_decider(recipient=recipient, acting=acting)


@pytest.mark.parametrize("acting", ["phong-ldtbxh", "", "xa-dak-koi"])
def test_anybody_else_can_only_note(acting):
    with pytest.raises(ActRefusedError, match=r"addressed to so-ldtbxh-kon-tum: .* can only note it"):
        require_decider(recipient="so-ldtbxh-kon-tum", acting=acting)
