"""The one zone: stored moments are UTC, working days and everything shown are Vietnamese (UTC+7, no summer time)."""

from datetime import UTC, date, datetime, time

import pendulum

ZONE_NAME = "Asia/Ho_Chi_Minh"
ZONE = pendulum.timezone(ZONE_NAME)


def local(moment: datetime) -> datetime:
    """Return an aware moment as Vietnamese local time."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone says nothing")
    return moment.astimezone(ZONE)


def local_date(moment: datetime) -> date:
    return local(moment).date()


def moment_at(day: date, at: time) -> datetime:
    """Return the UTC moment at which Vietnamese clocks show `at` on `day`."""
    return datetime.combine(day, at, tzinfo=ZONE).astimezone(UTC)
