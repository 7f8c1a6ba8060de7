"""Counts a demo year again from what is left of it: the mails as received, Prefect's records, and the calendar.

    recount.py DIR API_URL AUTH_FILE

DIR is what `dondoc demo --out` kept. Nothing of dondoc is imported: the working days (`recount_days`), the reminder
ladder and who stands where (`recount_rules`) are written a second time, from the Government's announcements and from
the plan. Prints the figures as one JSON object; ends with 1 and names on standard error whatever disagrees with
DIR/figures.json or with the rules.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from recount_days import working
from recount_evidence import Evidence, Mail, Notice, Prefect, gather, stated
from recount_rules import faults


def figures(year: Evidence) -> dict[str, Any]:
    mails = year.mails
    return {
        "deployments": len(year.deployments),
        "assignments": len({row["assignment"] for row in year.sweeps}),
        "mails": len(mails),
        "notices": outcomes(year),
        "escalations": sum(notice.audience == "office-head" for notice, _ in year.sent),
        "duplicates": duplicates(year),
        "mails_after_report": sum(after_report(year, notice, mail) for notice, mail in year.sent),
        "mails_on_days_off": sum(mail.kind == "morning" and not working(mail.at.date()) for mail in mails),
        "flow_runs": len(year.runs),
        "seconds": least_seconds(year),
    }


def outcomes(year: Evidence) -> dict[str, int]:
    """Sent is what the mails say; the rest is what the runs' tables say. Owed is what was recorded and never ended."""
    ended = {Notice.read(row["notice"]): row["outcome"] for row in year.deliveries if row["outcome"] != "sent"}
    ended |= {notice: "sent" for notice, _ in year.sent}
    short = {
        (notice.assignment, notice.rung, notice.audience, year.day_of(notice)): outcome
        for notice, outcome in ended.items()
    }
    for word in ("superseded", "skipped"):
        short = dict.fromkeys(stated(year, word), word) | short
    owed = set(stated(year, "owed")) - short.keys()
    return dict.fromkeys(("owed", "sent", "superseded", "skipped", "failed", "bounced"), 0) | Counter(
        [*short.values(), *("owed" for _ in owed)]
    )


def duplicates(year: Evidence) -> int:
    """Count notices in more than one mail, and morning mails beyond the first per address and day."""
    keys = Counter(notice for notice, _ in year.sent)
    mornings = Counter((mail.to.casefold(), mail.at.date()) for mail in year.mails if mail.kind == "morning")
    return sum(count - 1 for counted in (keys, mornings) for count in counted.values())


def after_report(year: Evidence, notice: Notice, mail: Mail) -> bool:
    """A report ends the reminders of its own deadline; after a return they begin anew for the next."""
    version = year.version(notice)
    return version is not None and version.handed_in and version.end is not None and mail.at > version.end


def least_seconds(year: Evidence) -> float:
    """Return the time between the first run's start and the last one's end: the demo cannot have taken less."""
    starts = [datetime.fromisoformat(run["start_time"]) for run in year.runs]
    ends = [datetime.fromisoformat(run["end_time"]) for run in year.runs]
    return round((max(ends) - min(starts)).total_seconds(), 1) if year.runs else 0.0


def differences(claimed: dict[str, Any], counted: dict[str, Any]) -> Iterator[str]:
    """The seconds are a lower bound; everything else is equal."""
    if claimed.keys() != counted.keys():
        yield f"the figures are {sorted(claimed)}, not {sorted(counted)}"
    for key in (claimed.keys() & counted.keys()) - {"seconds"}:
        if claimed[key] != counted[key]:
            yield f"{key}: {claimed[key]} was claimed, {counted[key]} counted"
    if claimed.get("seconds", 0) < counted["seconds"]:
        yield f"seconds: {claimed.get('seconds')} was claimed, the runs alone took {counted['seconds']}"


def main() -> int:
    """Count, compare, and say what disagrees."""
    parser = argparse.ArgumentParser(description="Count a demo year again, without dondoc.")
    parser.add_argument("folder", type=Path, help="what `dondoc demo --out` kept")
    parser.add_argument("api_url", help="such as http://127.0.0.1:4200/api")
    parser.add_argument("auth_file", type=Path)
    given = parser.parse_args()
    year = gather(given.folder, Prefect(given.api_url, given.auth_file))
    counted = figures(year)
    print(json.dumps(counted, indent=2))  # noqa: T201 - the answer
    claimed = json.loads((given.folder / "figures.json").read_text("utf-8"))
    found = [*differences(claimed, counted), *faults(year)]
    print("\n".join(found), file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
