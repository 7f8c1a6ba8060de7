"""Who may do what on the labour office's pages, and how long a link lives."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from rules.errors import DondocError

#: A unit's link serves until its matter is usually over; a dead one offers a fresh one.
UNIT_LINK_LIFE = timedelta(days=45)
#: After a link's end what was being typed is still taken as a draft (never as a report), so that nothing is lost.
DRAFT_GRACE = timedelta(hours=24)
#: Greylisting eats minutes, hence an hour (and one use).
SIGN_IN_LIFE = timedelta(minutes=60)
#: One working day of an officer.
STAFF_SESSION_LIFE = timedelta(hours=12)


class StaffRole(StrEnum):
    """Công chức theo dõi, tổng hợp; người tiếp nhận báo cáo; Lãnh đạo Phòng (duyệt gửi); người xem."""

    COORDINATOR = "coordinator"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    VIEWER = "viewer"


class Right(StrEnum):
    """What an office page or act asks for."""

    VIEW = "view"
    RECEIVE = "receive"
    REVIEW = "review"
    COORDINATE = "coordinate"
    APPROVE = "approve"


_RIGHTS = {
    StaffRole.COORDINATOR: frozenset({Right.VIEW, Right.RECEIVE, Right.COORDINATE}),
    StaffRole.REVIEWER: frozenset({Right.VIEW, Right.RECEIVE, Right.REVIEW}),
    StaffRole.APPROVER: frozenset({Right.VIEW, Right.APPROVE}),
    StaffRole.VIEWER: frozenset({Right.VIEW}),
}


class NotAllowedError(DondocError):
    """This role may not do this."""


def rights_of(roles: Collection[StaffRole]) -> frozenset[Right]:
    """Return everything that any of the roles may do."""
    return frozenset(right for role in roles for right in _RIGHTS[role])
