"""The rules told a second time, for the recount: who had to hear what, when, in which order, and who must not."""

from collections import Counter
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
EARLY, LATE_BY = 3, 6
RECEIPT_WITHIN = timedelta(minutes=1)  # of the played clock, which stands still while somebody acts
RESPONSIBILITIES = 17
NEWS = ("opened", "invited", "changed")
#: The heading of the office's weekly overview; in a mail's text it stands in capitals.
OVERVIEW = "tình hình đầu tuần"
MORNING = timedelta(hours=8, minutes=30)


def faults(year: Evidence) -> Iterator[str]:
    yield from odd_mails(year)
    yield from wrong_days(year)
    yield from wrong_readers(year)
    yield from wrong_reminders(year)
    yield from wrong_answers(year)
    yield from wrong_order(year)
    yield from wrong_cast(year)
    yield from wrong_runs(year)


def odd_mails(year: Evidence) -> Iterator[str]:
    """A repeat has the same bytes; every mail settles something, says that it is a rehearsal, and is in the tables."""
    first = {mail.id: mail for mail in year.mails}
    for mail in year.received:
        if mail.content != first[mail.id].content:
            yield f"{mail.file} repeats the Message-ID of {first[mail.id].file} with other bytes"
        if not mail.notices and mail.kind != "immediate" and OVERVIEW not in mail.text.casefold():
            yield f"{mail.file} settles no notice and answers nobody"
        if "Dữ liệu giả lập" not in mail.text:
            yield f"{mail.file} does not say that its data are made up"
        for notice in mail.notices:
            if year.version(notice) is None:
                yield f"{mail.file} speaks of a deadline that nobody decided: {'/'.join(notice)}"
    mailed = {notice for notice, _ in year.sent}
    told = {Notice.read(row["notice"]) for row in year.deliveries if row["outcome"] == "sent"}
    # Word of a changed date is sent by the pages themselves, as soon as somebody has changed it: by no run.
    by_pages = {notice for notice, mail in year.sent if mail.kind == "immediate"}
    for notice in (mailed - told - by_pages) | (told - mailed):
        yield f"{'/'.join(notice)} is {'in no' if notice in mailed else 'only in a'} run's table of what was sent"


def wrong_days(year: Evidence) -> Iterator[str]:
    """A reminder comes on its working day, counted from the deadline; the news comes on the first morning."""
    for notice, mail in year.sent:
        right = year.day_of(notice)
        if mail.at.date() != right:
            yield f"{mail.file}: rung {notice.rung} of {notice.duty} belongs to {right}, not {mail.at.date()}"
    for name, rung, audience, day in stated(year, "owed"):
        days = {year.day_of(Notice(name, one.name, rung, audience)) for one in year.versions(name)}
        if day not in days:
            yield f"sweep of {name}: rung {rung} of {name.split('/')[2]} belongs to one of {days}, not {day}"


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
    told = {(notice.assignment, notice.version) for notice, _ in year.sent if notice.rung == "changed"}
    decided = {(name, one.name) for name in year.decisions for one in year.versions(name)[1:]}
    yield from (f"{name} {version} was never told as changed" for name, version in decided - told)
    announced = {notice.assignment for notice, _ in year.sent if notice.rung in ("opened", "invited")}
    yield from (f"{name} was never announced" for name in {row["assignment"] for row in year.sweeps} - announced)
    seen = {(n.assignment, n.version, int(n.rung), n.audience) for n, _ in year.sent if n.rung not in NEWS}
    expected = {found for name in {row["assignment"] for row in year.sweeps} for found in reached(year, name)}
    for name, version, offset, audience in expected - seen:
        yield f"{name}: {offset:+d} to {audience} was never sent ({version})"
    for name, version, offset, audience in seen - expected:
        yield f"{name}: {offset:+d} to {audience} was sent though it was not due ({version})"


def reached(year: Evidence, assignment: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield the rungs of every deadline that came while something was waited for."""
    duty = assignment.split("/")[2]
    ladder = LADDER | (ESCALATION if duty == REPORT else {})
    pairs = [(audience, offset) for audience, offsets in ladder.items() for offset in offsets]
    for version in year.versions(assignment):
        for audience, offset in pairs if version.final else []:
            day = shifted(version.final, offset)
            morning = datetime(day.year, day.month, day.day, tzinfo=ZONE) + MORNING
            useless = duty == REPORT and offset > 0 and day > year.deadlines[CONSOLIDATION]
            begun = version.since is None or morning > version.since
            if not useless and begun and (version.end is None or morning < version.end):
                yield assignment, version.name, offset, audience


def wrong_answers(year: Evidence) -> Iterator[str]:
    """Whatever a unit sends is answered by an immediate mail, and the office is told of its week once."""
    answered = {(mail.to, mail.at.replace(second=0, microsecond=0)) for mail in year.mails if mail.kind == "immediate"}
    for name, moments in year.submissions.items():
        unit = name.split("/")[3]
        addresses = {f"{prefix}.{unit}@konray.example" for prefix in ROLES["contact"]}
        for at in moments:
            if not any((address, at + RECEIPT_WITHIN * n) in answered for address in addresses for n in (0, 1)):
                yield f"{name}: what was handed in at {at} has no receipt"
    weeks = Counter(
        (mail.to, mail.at.date().isocalendar()[:2]) for mail in year.mails if OVERVIEW in mail.text.casefold()
    )
    yield from (f"{to} got {count} overviews in week {week}" for (to, week), count in weeks.items() if count > 1)
    yield from (f"the overview went to {to}" for to, _ in weeks if not to.startswith(f"cong-chuc.{OFFICE}@"))


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
    """Three communes report early, one is returned and comes again, one has more time, one is late, one never comes."""
    final = year.deadlines[REPORT]
    reports = {row["assignment"] for row in year.sweeps if row["assignment"].split("/")[2] == REPORT}
    kinds: Counter[str] = Counter()
    for name in reports:
        days = [at.date() for at in year.submissions.get(name, [])]
        last = year.versions(name)[-1]
        decided = [one.kind for one in year.decisions.get(name, [])]
        in_time = bool(days) and last.final is not None and days[-1] <= last.final
        late = days == [shifted(final, LATE_BY)]
        kinds[
            f"{'+'.join(decided) or 'plain'} {len(days)} {'in time' if in_time else 'late' if late else 'never'}"
        ] += 1
    right = {"plain 1 in time": EARLY, "returned 2 in time": 1, "extended 1 in time": 1, "plain 1 late": 1}
    if kinds != Counter(right | {"plain 0 never": 1}):
        yield f"the communes' reports came as {dict(kinds)}, not as {right} and one never"


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
