"""What a delivery's run says of the mails that came back."""

from collections import Counter

import pytest

from services.bounces import Emptied, Taken
from tasks.mailing import returned_sentence

DOUBTED = ", trong đó 05 thư nghi do máy chủ thư, chưa ngừng gửi đến các địa chỉ này"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, ""),
        (Emptied(taken=Counter({Taken.BOUNCED: 2})), " Thư bị trả lại: 02."),
        (Emptied(taken=Counter({Taken.BOUNCED: 2, Taken.DOUBTED: 5})), f" Thư bị trả lại: 07{DOUBTED}."),
        (RuntimeError("a@b.example"), " Chưa đọc được hộp thư trả lại: RuntimeError."),
    ],
    ids=["no mailbox", "believed", "doubted", "a fault"],
)
def test_the_run_says_what_came_back_and_what_is_doubted(found, said):
    assert returned_sentence(found) == said
