"""The rules told a second time, for the recount: who had to hear what, when, in which order, and who must not."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from recount_days import YEAR, shifted
from recount_evidence import ZONE, Evidence, Notice, stated

# On each of these all responsibilities run: the first Saturday off, the first weekday of Tết, the make-up Saturday.
SPECIAL = (date(YEAR, 1, 13), date(YEAR, 2, 8), date(YEAR, 5, 4))

LADDER = {"contact": (-15, -5, 0, 1, 6, 11, 16), "head": (1,)}
ESCALATION = {"officer": (1,), "office-head": (3,)}
# The communes' yearly report escalates, and no rung of it lies beyond the day on which the labour office consolidates.
REPORT, CONSOLIDATION = "V.4-3.a", "V.1-1.c"
OFFICE = "phong-ldtbxh"
ROLES = {"contact": ("dau-moi", "cong-chuc"), "head": ("chu-tich", "truong-phong", "giam-doc", "bi-thu")}
EARLY, LATE_BY = 5, 6
RESPONSIBILITIES = 17
MORNING = timedelta(hours=8, minutes=30)


def faults(year: Evidence) -> Iterator[str]:
    yield from odd_mails(year)
    yield from wrong_days(year)
    yield from wrong_readers(year)
    yield from wrong_reminders(year)
    yield from wrong_order(year)
    yield from wrong_cast(year)
    yield from wrong_runs(year)


def odd_mails(year: Evidence) -> Iterator[str]:
    """A repeat has the same bytes; every mail settles something, says that it is a rehearsal, and is in the tables."""
    first = {mail.id: mail for mail in year.mails}
    for mail in year.received:
        if mail.content != first[mail.id].content:
            yield f"{mail.file} repeats the Message-ID of {first[mail.id].file} with other bytes"
        if not mail.notices:
            yield f"{mail.file} settles no notice"
        if "Dữ liệu giả lập" not in mail.text:
            yield f"{mail.file} does not say that its data are made up"
        # Another deadline version has other days than the cycle file says; the demo changes none.
        if any(notice.version not in ("v0", "v1") for notice in mail.notices):
            yield f"{mail.file} speaks of a changed deadline, which this recount cannot follow"
    mailed = {notice for notice, _ in year.sent}
    told = {Notice.read(row["notice"]) for row in year.deliveries if row["outcome"] == "sent"}
    for notice in mailed ^ told:
        yield f"{'/'.join(notice)} is {'in no' if notice in mailed else 'only in a'} run's table of what was sent"


def wrong_days(year: Evidence) -> Iterator[str]:
    """A reminder comes on its working day, counted from the deadline; the news comes on the first morning."""
    opening = min(mail.at.date() for mail in year.mails)
    dated = [(notice.duty, notice.rung, mail.at.date(), mail.file) for notice, mail in year.sent]
    dated += [(name.split("/")[2], rung, day, f"sweep of {name}") for name, rung, _, day in stated(year, "owed")]
    for duty, rung, day, where in dated:
        right = opening if rung in ("opened", "invited") else shifted(year.deadlines[duty], int(rung))
        if day != right:
            yield f"{where}: rung {rung} of {duty} belongs to {right}, not {day}"


def wrong_readers(year: Evidence) -> Iterator[str]:
    """The unit's contact or head is written to, or the labour office's officer or head; nobody above them."""
    for notice, mail in year.sent:
        to_office = notice.audience in ESCALATION
        unit = OFFICE if to_office else notice.unit
        role = "head" if notice.audience in ("head", "office-head") else "contact"
        if mail.to not in {f"{prefix}.{unit}@konray.example" for prefix in ROLES[role]}:
            yield f"{mail.file}: {'/'.join(notice)} went to {mail.to}"


def wrong_reminders(year: Evidence) -> Iterator[str]:
    """Every assignment was announced, every rung that was reached before its report came was sent, and no other."""
    announced = {notice.assignment for notice, _ in year.sent if notice.rung in ("opened", "invited")}
    yield from (f"{name} was never announced" for name in {row["assignment"] for row in year.sweeps} - announced)
    seen = {(n.assignment, int(n.rung), n.audience) for n, _ in year.sent if n.rung not in ("opened", "invited")}
    expected = {found for name in {row["assignment"] for row in year.sweeps} for found in reached(year, name)}
    for name, offset, audience in expected - seen:
        yield f"{name}: {offset:+d} to {audience} was never sent"
    for name, offset, audience in seen - expected:
        yield f"{name}: {offset:+d} to {audience} was sent though it was not due"


def reached(year: Evidence, assignment: str) -> Iterator[tuple[str, int, str]]:
    duty = assignment.split("/")[2]
    if duty not in year.deadlines:
        return
    handed_in = year.submissions.get(assignment)
    ladder = LADDER | (ESCALATION if duty == REPORT else {})
    for audience, offset in ((audience, offset) for audience, offsets in ladder.items() for offset in offsets):
        day = shifted(year.deadlines[duty], offset)
        morning = datetime(day.year, day.month, day.day, tzinfo=ZONE) + MORNING
        useless = duty == REPORT and offset > 0 and day > year.deadlines[CONSOLIDATION]
        if not useless and (handed_in is None or morning < handed_in):
            yield assignment, offset, audience


def wrong_order(year: Evidence) -> Iterator[str]:
    """A unit's head hears of it in an earlier mail than the office's head; the office's head reads one list a day."""
    place = {mail.id: number for number, mail in enumerate(year.mails)}
    told = {notice.assignment: mail for notice, mail in year.sent if notice.audience == "head"}
    lists = {mail.id: mail for notice, mail in year.sent if notice.audience == "office-head"}
    for mail in lists.values():
        for notice in (one for one in mail.notices if one.audience == "office-head"):
            before = told.get(notice.assignment)
            if before is None or place[before.id] >= place[mail.id] or before.at >= mail.at:
                yield f"{notice.unit}: the office's head was told in {mail.file} before the unit's own head"
            if unit_name(year, notice.assignment) not in mail.text:
                yield f"{mail.file} does not name {notice.unit}"
    if len({mail.at.date() for mail in lists.values()}) != len(lists):
        yield "the office's head got more than one list on a day"


def unit_name(year: Evidence, assignment: str) -> str:
    return next(row["unit"] for row in year.sweeps if row["assignment"] == assignment)


def wrong_cast(year: Evidence) -> Iterator[str]:
    """Five communes report before the deadline, one six working days late, one never."""
    final = year.deadlines[REPORT]
    reports = {row["assignment"] for row in year.sweeps if row["assignment"].split("/")[2] == REPORT}
    days = [year.submissions[name].date() if name in year.submissions else None for name in sorted(reports)]
    early = sum(day is not None and day <= final for day in days)
    if (early, days.count(shifted(final, LATE_BY)), days.count(None)) != (EARLY, 1, 1):
        yield f"the reports came on {days}, not five early, one {LATE_BY} working days late and one never"


def wrong_runs(year: Evidence) -> Iterator[str]:
    """No run failed, each responsibility has one daily schedule, and all of them ran on the special days."""
    yield from (f"the run {run['name']} ended as {run['state_type']}" for run in year.runs if not completed(run))
    for one in year.deployments:
        if [schedule["active"] for schedule in one["schedules"]] != [False]:
            yield f"the deployment {one['name']} has not exactly one schedule, switched off while the year is played"
    if not any(run["auto_scheduled"] for run in year.runs):
        yield "no run came by schedule"
    for day in SPECIAL:
        ran = {
            run["name"]
            for run in year.runs
            if run["name"].endswith(f" · {day}") and "responsibility" in run["parameters"]
        }
        if len(ran) != RESPONSIBILITIES:
            yield f"on {day} {len(ran)} responsibilities ran, not {RESPONSIBILITIES}"


def completed(run: dict[str, Any]) -> bool:
    return bool(run["state_type"] == "COMPLETED")
