"""What is wrong with this configuration, and how is it mended? Looks and tells; changes nothing."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches

import typer
from sqlalchemy import Engine

from cli.common import INCOMPLETE, print_json
from cli.doctor_prefect import prefect_parts
from cli.findings import Part, Verdict
from cli.stack import portal_ready
from edge.mail import mailer, returned_mails
from models import Mode
from models.database import is_current, is_made, make_engine, reading
from notifications.addresses import is_address
from plans.calendar_file import load_calendar
from rules.errors import DondocError
from rules.moments import local, local_date
from rules.workdays import EXACT_UNTIL
from services.directory import contacts_on
from services.holds import standing_holds
from services.installation import current
from services.links import first_coordinator
from services.outreach import unreachable_units
from settings import Settings

_ALIKE = 0.85  # all names share their beginning


def examine() -> list[Part]:
    """Look at every part; a part that cannot be looked at is itself a finding."""
    parts = list(_unknown_variables())
    try:
        settings = Settings.read()
    except DondocError as refusal:
        wrong = Part(name="settings", verdict=Verdict.WRONG, found=str(refusal), mend="correct the variables named")
        return [*parts, wrong]
    parts += (database := _looked(_database, settings))
    for look in (_calendar, _sender, _mail_server, _returned_mails, _portal, _prefect):
        parts += _looked(look, settings)
    if database[0].verdict is Verdict.GOOD:
        parts += _looked(_staff, settings)
    return parts


def _unknown_variables() -> Iterator[Part]:
    for name in Settings.unknown():
        close = get_close_matches(name, Settings.variables(), n=1, cutoff=_ALIKE)
        yield Part(
            name=name,
            verdict=Verdict.WARNING,
            found="there is no such setting: it does nothing",
            mend=f"did you mean {close[0]}?" if close else "remove it; README lists the settings",
        )


def _looked(look: Callable[[Settings], Iterator[Part]], settings: Settings) -> list[Part]:
    try:
        return list(look(settings))
    except (DondocError, OSError) as refusal:
        return [
            Part(
                name=look.__name__.strip("_").replace("_", " "),
                verdict=Verdict.WRONG,
                found=str(refusal),
                mend="see the message",
            )
        ]


def _database(settings: Settings) -> Iterator[Part]:
    engine = make_engine(settings.database)
    if not is_made(engine):
        yield Part(
            name="database",
            verdict=Verdict.WRONG,
            found="there is no database yet",
            mend="load a plan: dondoc plan load FILE; for trying out begin with dondoc init --rehearsal",
        )
        return
    if not is_current(engine):
        yield Part(
            name="database",
            verdict=Verdict.WRONG,
            found="the database is of another version than this program",
            mend="`dondoc up` brings an older one to this version; for a newer one install the newer dondoc",
        )
        return
    with reading(engine) as session:
        mode = current(session).mode
        today = local_date(datetime.now(UTC))
        missing = unreachable_units(session, today)
        known = len(contacts_on(session, today))
        holds = [
            (hold.made_at, hold.reason, unit.name if unit else "everybody") for hold, unit in standing_holds(session)
        ]
    yield Part(name="database", verdict=Verdict.GOOD, found=f"{_engine_name(engine)}, {mode}, {known} mailboxes")
    if mode is Mode.REHEARSAL:
        yield Part(
            name="mode",
            verdict=Verdict.WARNING,
            found="this database is a rehearsal: every mail says so",
            mend="for earnest work point DONDOC_DATABASE_URL at a new database",
        )
    for since, reason, whom in holds:
        yield Part(
            name=f"sending to {whom}",
            verdict=Verdict.WARNING,
            found=f"held since {local(since):%Y-%m-%d %H:%M}: {reason}",
            mend="dondoc hold --lift, or with --unit",
        )
    if missing:
        yield Part(
            name="contacts",
            verdict=Verdict.WARNING,
            found=f"no mailbox for {', '.join(missing[:10])}{' …' if len(missing) > 10 else ''}",  # noqa: PLR2004
            mend="add a contact to units.yaml and load the plan again",
        )


def _engine_name(engine: Engine) -> str:
    """Return "sqlite 3.40.1" or "postgresql 15.16"; a connection must have been made before."""
    version = engine.dialect.server_version_info or ()
    return f"{engine.dialect.name} {'.'.join(map(str, version))}"


def _calendar(settings: Settings) -> Iterator[Part]:
    load_calendar(settings.calendar_file)
    year = local_date(datetime.now(UTC)).year
    if year > EXACT_UNTIL:
        yield Part(
            name="calendar",
            verdict=Verdict.WARNING,
            found=f"the days off of {year} are only provisional",
            mend="enter the announced days in a file and name it in DONDOC_CALENDAR_FILE",
        )
    else:
        yield Part(name="calendar", verdict=Verdict.GOOD, found=f"exact until {EXACT_UNTIL}")


def _sender(settings: Settings) -> Iterator[Part]:
    for name, address in (("DONDOC_MAIL_FROM", settings.mail_from), ("DONDOC_MAIL_REPLY_TO", settings.mail_reply_to)):
        if not address:
            yield Part(
                name=name,
                verdict=Verdict.WARNING,
                found="not set: the mailbox of the labour office's officer is used",
                mend=f"set {name} to a mailbox that a person reads",
            )
        elif not is_address(address):
            yield Part(
                name=name, verdict=Verdict.WRONG, found=f"{address!r} is no mail address", mend=f"correct {name}"
            )
        else:
            yield Part(name=name, verdict=Verdict.GOOD, found=address)


def _mail_server(settings: Settings) -> Iterator[Part]:
    if not settings.smtp_host:
        yield Part(
            name="mail server",
            verdict=Verdict.WRONG,
            found="DONDOC_SMTP_HOST is not set: nothing can be sent",
            mend="set DONDOC_SMTP_HOST, or try things out with `dondoc up --trial`",
        )
        return
    answer = asyncio.run(_probed(settings))
    where = f"{settings.smtp_host}:{settings.smtp_port} ({settings.smtp_security})"
    if answer:
        yield Part(
            name="mail server",
            verdict=Verdict.WRONG,
            found=answer,
            mend="check DONDOC_SMTP_HOST, _PORT, _SECURITY, _USER and _PASSWORD",
        )
    else:
        yield Part(name="mail server", verdict=Verdict.GOOD, found=f"{where} answers and lets us in")


async def _probed(settings: Settings) -> str:
    async with mailer(settings) as client:
        return await client.probe()


def _returned_mails(settings: Settings) -> Iterator[Part]:
    if not settings.imap_host:
        yield Part(
            name="returned mails",
            verdict=Verdict.WARNING,
            found="DONDOC_IMAP_HOST is not set: an address that does not exist may stay unnoticed",
            mend="set DONDOC_IMAP_HOST, or let your mail server pipe returned mails to `dondoc bounce`",
        )
        return
    where = f"{settings.imap_host}:{settings.imap_port} ({settings.imap_security}), {settings.imap_folder}"
    try:
        with returned_mails(settings) as mails:
            waiting = len(mails.unread())
    except DondocError as refusal:
        mend = "check DONDOC_IMAP_HOST, _PORT, _SECURITY, _FOLDER, _USER and _PASSWORD"
        yield Part(name="returned mails", verdict=Verdict.WRONG, found=str(refusal), mend=mend)
        return
    yield Part(name="returned mails", verdict=Verdict.GOOD, found=f"{where} can be read, {waiting} unread")


def _portal(settings: Settings) -> Iterator[Part]:
    if not settings.public_url:
        yield Part(
            name="pages",
            verdict=Verdict.WARNING,
            found="DONDOC_PUBLIC_URL is not set: mails have no links, and the pages are not started",
            mend="set it to the address under which units reach the pages, such as https://dondoc.konray.example",
        )
    elif portal_ready(settings.portal_port):
        yield Part(name="pages", verdict=Verdict.GOOD, found=f"served for {settings.public_url}")
    else:
        yield Part(
            name="pages",
            verdict=Verdict.WARNING,
            found=f"nothing answers on port {settings.portal_port}",
            mend="start them with `dondoc up` or `dondoc portal`",
        )


def _staff(settings: Settings) -> Iterator[Part]:
    with reading(make_engine(settings.database)) as session:
        coordinator = first_coordinator(session, now=datetime.now(UTC))
    if coordinator is None:
        yield Part(
            name="staff",
            verdict=Verdict.WARNING,
            found="nobody can sign in to the office's pages as a coordinator today",
            mend="name the office's staff in units.yaml and load the plan again",
        )


def _prefect(settings: Settings) -> Iterator[Part]:
    return prefect_parts(settings)


def show(parts: list[Part], *, as_json: bool) -> None:
    """Print the findings; exit 3 when something is wrong."""
    if as_json:
        print_json({"parts": [asdict(part) for part in parts]})
    else:
        for part in parts:
            mend = f" → {part.mend}" if part.mend else ""
            typer.echo(f"{part.verdict:8} {part.name}: {part.found}{mend}")
    if any(part.verdict is Verdict.WRONG for part in parts):
        raise typer.Exit(INCOMPLETE)
