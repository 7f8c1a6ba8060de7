"""The table of which flow is scheduled when, made from the rows of the database."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rules.errors import DondocError

TAG = "dondoc"
#: The process work pool that dondoc's workers serve.
POOL = "dondoc"
TIMEZONE = "Asia/Ho_Chi_Minh"

# Minutes over which the responsibilities of a morning are spread: each run costs seconds of CPU to start.
_MORNING_MINUTES = 10
# Above this many units a deployment is tagged with their groups only: the UI shows every tag.
_UNITS_TAGGED = 10

# Every calendar day: the flow itself asks the rules whether it is a working day, and leaves a sweep either way.
FOLLOW_UP = "{minute} 7 * * *"
# Every 15 minutes from 07:00 to 17:00, the last one included; one cron line cannot say that.
DELIVER_MAIL = {"quarter-hours": "*/15 7-16 * * *", "last": "0 17 * * *"}
# After the morning: a responsibility without today's sweep is then a fault.
WATCHDOG = "0 9 * * *"


class NameClashError(DondocError):
    """Two responsibilities would get the same deployment name."""


@dataclass(frozen=True, kw_only=True)
class Cron:
    """One schedule of a deployment. The slug is its identity: while it stays, its scheduled runs are not doubled."""

    slug: str
    line: str
    timezone: str = TIMEZONE
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A deployment as it ought to be; `entrypoint` is a module path such as `flows.follow_up.follow_up`."""

    name: str
    flow_name: str
    entrypoint: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = (TAG,)
    schedules: tuple[Cron, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResponsibilityRow:
    """What the table needs to know of a responsibility; `deadlines` are sentences an officer can read."""

    plan_slug: str
    plan_title: str
    key: str
    title: str
    citation: str
    text: str
    unit_slugs: tuple[str, ...] = ()
    unit_names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    cadences: tuple[str, ...] = ()
    deadlines: tuple[str, ...] = ()


def minute_for(plan: str, responsibility: str) -> int:
    """Return the minute after 07:00 at which a responsibility is looked at: 0 to 9, the same for ever."""
    digest = hashlib.sha256(f"{plan}\n{responsibility}".encode()).digest()
    return int.from_bytes(digest[:4]) % _MORNING_MINUTES


def deployment_name(plan: str, responsibility: str) -> str:
    """Return `V.4-3_konray-2022-2025`: letters, digits, dot, hyphen and underscore only, for addresses and shells."""
    return f"{_plain(responsibility)}_{_plain(plan)}"


def wanted_deployments(rows: Sequence[ResponsibilityRow], *, active: bool = True) -> list[Wanted]:
    """Return every deployment: one for each responsibility and the three that serve them all.

    With `active` false their schedules are made switched off: nothing runs before somebody switches one on.
    """
    wanted = [_follow_up(row) for row in rows] + [_open_cycle(), _deliver_mail(), _watchdog()]
    _refuse_clashes(wanted)
    if active:
        return wanted
    return [replace(one, schedules=tuple(replace(cron, active=False) for cron in one.schedules)) for one in wanted]


def _follow_up(row: ResponsibilityRow) -> Wanted:
    line = FOLLOW_UP.format(minute=minute_for(row.plan_slug, row.key))
    return Wanted(
        name=deployment_name(row.plan_slug, row.key),
        flow_name="follow_up",
        entrypoint="flows.follow_up.follow_up",
        parameters={"plan": row.plan_slug, "responsibility": row.key},
        tags=_tags(row),
        description=_description(row),
        schedules=(Cron(slug="morning", line=line),),
    )


def _open_cycle() -> Wanted:
    return Wanted(
        name="open-cycle",
        flow_name="open_cycle",
        entrypoint="flows.open_cycle.open_cycle",
        description="Bắt đầu năm thực hiện của một Kế hoạch. Mặc định chỉ xem trước; chọn `apply` để thực hiện.",
    )


def _deliver_mail() -> Wanted:
    return Wanted(
        name="deliver-mail",
        flow_name="deliver_mail",
        entrypoint="flows.deliver_mail.deliver_mail",
        description="Gửi thư nhắc việc: 15 phút một lần, từ 07 giờ 00 đến 17 giờ 00 hằng ngày.",
        schedules=tuple(Cron(slug=slug, line=line) for slug, line in DELIVER_MAIL.items()),
    )


def _watchdog() -> Wanted:
    return Wanted(
        name="watchdog",
        flow_name="watchdog",
        entrypoint="flows.watchdog.watchdog",
        description="Tự kiểm tra hệ thống: 09 giờ 00 hằng ngày. Lượt chạy không đạt nêu rõ còn thiếu những gì.",
        schedules=(Cron(slug="daily", line=WATCHDOG),),
    )


def _tags(row: ResponsibilityRow) -> tuple[str, ...]:
    many = len(row.unit_slugs) > _UNITS_TAGGED
    addressees = [f"group:{slug}" for slug in row.groups] if many else [f"unit:{slug}" for slug in row.unit_slugs]
    cadences = [f"cadence:{cadence}" for cadence in row.cadences]
    return (TAG, f"plan:{row.plan_slug}", f"clause:{row.key}", *addressees, *cadences)


def _description(row: ResponsibilityRow) -> str:
    """Return the clause as the plan has it, then who and by when, in Markdown."""
    quote = "\n".join(f"> {line}".rstrip() for line in row.text.strip().splitlines())
    units = _bullets(row.unit_names) or "Chưa phân công."
    deadlines = _bullets(row.deadlines) or "Không có thời hạn theo Kế hoạch."
    return "\n\n".join(
        [
            f"**{row.title}**",
            quote,
            f"Căn cứ: {row.citation}, {row.plan_title}.",
            f"**Đơn vị**\n\n{units}",
            f"**Thời hạn**\n\n{deadlines}",
        ]
    )


def _bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _plain(text: str) -> str:
    """Write đ as typists do, dd, so that the clauses d and đ of a plan stay apart."""
    latin = unicodedata.normalize("NFKD", text.replace("đ", "dd").replace("Đ", "DD"))
    return re.sub(r"[^A-Za-z0-9.-]+", "-", re.sub(r"[\u0300-\u036f]", "", latin)).strip("-")


def _refuse_clashes(wanted: Sequence[Wanted]) -> None:
    seen: set[str] = set()
    for one in wanted:
        if one.name in seen:
            raise NameClashError(f"Two responsibilities would both be deployed as {one.name}; rename one in its plan.")
        seen.add(one.name)
