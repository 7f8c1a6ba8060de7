"""What is left of a demo year, for the recount: the mails as received, the cycle file, and Prefect's records."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import httpx
from recount_days import shifted
from ruamel.yaml import YAML

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ENDED = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"]
STATED = re.compile(r"(\S+) → (\S+) \((\d\d)/(\d\d)/(\d{4})\)")


class Notice(NamedTuple):
    """One reminder of one assignment to one audience."""

    assignment: str
    version: str
    rung: str
    audience: str

    @classmethod
    def read(cls, key: str) -> Self:
        return cls(*key.strip().rsplit("/", 3))

    @property
    def duty(self) -> str:
        return self.assignment.split("/")[2]

    @property
    def unit(self) -> str:
        return self.assignment.split("/")[3]


@dataclass(frozen=True)
class Mail:
    """A mail as the server received it."""

    file: str
    id: str
    to: str
    at: datetime
    kind: str
    notices: tuple[Notice, ...]
    text: str
    content: bytes


@dataclass(frozen=True)
class Decision:
    """What the office decided of one assignment: returned to be completed, or given more time, until a day."""

    at: datetime
    kind: str
    until: date


@dataclass(frozen=True)
class Version:
    """One deadline of one assignment: from when it held, until when something was waited for, and its last day.

    `end` is empty while nothing ended it; `handed_in` says whether a report did (and not another decision).
    """

    name: str
    since: datetime | None
    final: date | None
    end: datetime | None
    handed_in: bool


@dataclass(frozen=True)
class Evidence:
    """All that is left of the year. `mails` are in the order of arrival, each Message-ID once."""

    received: list[Mail]
    submissions: dict[str, list[datetime]]
    decisions: dict[str, list[Decision]]
    deadlines: dict[str, date]
    deployments: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    sweeps: list[dict[str, str]]
    deliveries: list[dict[str, str]]

    @property
    def mails(self) -> list[Mail]:
        return list({mail.id: mail for mail in reversed(self.received)}.values())[::-1]

    def versions(self, assignment: str) -> list[Version]:
        """Return the deadlines that this assignment had, one after the other."""
        duty = assignment.split("/")[2]
        decided = self.decisions.get(assignment, [])
        first = self.deadlines.get(duty)
        starts = [(None, first), *((one.at, shifted(one.until, 0)) for one in decided)]
        found = []
        for number, (since, final) in enumerate(starts, start=1 if first else 0):
            following = [one.at for one in decided if since is None or one.at > since]
            handed = [at for at in self.submissions.get(assignment, []) if since is None or at > since]
            ends = sorted([*((at, False) for at in following), *((at, True) for at in handed)])
            end, by_report = ends[0] if ends else (None, False)
            found.append(Version(name=f"v{number}", since=since, final=final, end=end, handed_in=by_report))
        return found

    def version(self, notice: Notice) -> Version | None:
        return next((one for one in self.versions(notice.assignment) if one.name == notice.version), None)

    @property
    def opening(self) -> date:
        return min(mail.at.date() for mail in self.mails)

    def day_of(self, notice: Notice) -> date | None:
        """Return the day to which a notice belongs; None for a deadline that nobody set."""
        version = self.version(notice)
        if version is None:
            return None
        if notice.rung in ("opened", "invited"):
            return self.opening
        if notice.rung == "changed":
            return version.since.date() if version.since else None
        return shifted(version.final, int(notice.rung)) if version.final else None

    @property
    def sent(self) -> list[tuple[Notice, Mail]]:
        return [(notice, mail) for mail in self.mails for notice in mail.notices]


def read_mail(path: Path) -> Mail:
    content = path.read_bytes()
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    return Mail(
        file=path.name,
        id=message["Message-ID"].strip(),
        to=parseaddr(message["To"])[1],
        at=message["Date"].datetime.astimezone(ZONE),
        kind=message["X-Dondoc-Kind"],
        notices=tuple(Notice.read(key) for key in message.get_all("X-Dondoc-Notice", [])),
        text=body.get_content() if body else "",
        content=content,
    )


def read_deadlines(cycle: Path) -> dict[str, date]:
    """Return the last day of each duty; the plan rolls a day off to the working day before it."""
    entries = YAML(typ="safe").load(cycle)["deadlines"]
    written = {one["duty"]: one.get("latest") or one["before"] - timedelta(days=1) for one in entries}
    return {duty: shifted(day, 0) for duty, day in written.items()}


class Prefect:
    """Prefect's API, signed in and with the token that guards it against other people's web pages."""

    def __init__(self, url: str, auth_file: Path) -> None:
        secret = b64encode(auth_file.read_bytes().strip()).decode("ascii")
        headers = {"Authorization": f"Basic {secret}", "Prefect-Csrf-Client": "recount"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
        token = self._answer(self._http.get("/csrf-token", params={"client": "recount"}))["token"]
        self._http.headers["Prefect-Csrf-Token"] = token

    def all(self, what: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        found = 0
        while page := self._answer(self._http.post(f"/{what}/filter", json={**query, "limit": 100, "offset": found})):
            found += len(page)
            yield from page

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        response.raise_for_status()
        return response.json()


def rows(artifacts: list[dict[str, Any]], prefix: str) -> list[dict[str, str]]:
    tables = [json.loads(one["data"]) for one in artifacts if one["key"].startswith(prefix)]
    return [row for table in tables for row in table]


def grouped(entries: list[dict[str, str]], read: Callable[[dict[str, str]], Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in entries:
        found.setdefault(one["assignment"], []).append(read(one))
    return found


def read_decision(one: dict[str, str]) -> Decision:
    at = datetime.fromisoformat(one["at"]).astimezone(ZONE)
    return Decision(at=at, kind=one["kind"], until=date.fromisoformat(one["until"]))


def gather(folder: Path, prefect: Prefect) -> Evidence:
    artifacts = list(prefect.all("artifacts", {"sort": "ID_DESC"}))
    submissions = json.loads((folder / "submissions.json").read_text("utf-8"))
    decisions = json.loads((folder / "decisions.json").read_text("utf-8"))
    ended = {"flow_runs": {"state": {"type": {"any_": ENDED}}}, "sort": "ID_DESC"}
    return Evidence(
        received=[read_mail(path) for path in sorted((folder / "mails").glob("*.eml"))],
        submissions=grouped(submissions, lambda one: datetime.fromisoformat(one["at"]).astimezone(ZONE)),
        decisions=grouped(decisions, read_decision),
        deadlines=read_deadlines(folder / "cycle.yaml"),
        deployments=[
            one
            for one in prefect.all("deployments", {"sort": "NAME_ASC"})
            if any(tag.startswith("clause:") for tag in one["tags"])
        ],
        runs=list(prefect.all("flow_runs", ended)),
        sweeps=rows(artifacts, "sweep-"),
        deliveries=rows(artifacts, "deliver-mail"),
    )


def stated(year: Evidence, column: str) -> Iterator[tuple[str, str, str, date]]:
    """Yield assignment, rung, audience and day of what the sweeps' tables list in a column."""
    for row in year.sweeps:
        for rung, audience, day, month, in_year in STATED.findall(row[column]):
            yield row["assignment"], rung, audience, date(int(in_year), int(month), int(day))
