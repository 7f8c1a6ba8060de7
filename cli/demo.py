"""The main job for a newcomer to watch: the real plan, a real server, the real flows, a year on a simulated clock.

Nothing that is configured is used: the demo has a folder, a database, ports and a mailbox of its own, and everything it
writes says "Dữ liệu giả lập".
"""

import asyncio
import json
import os
import shutil
import time as stopwatch
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer
from prefect.exceptions import FailedRun
from rich.console import Console
from rich.progress import Progress

from cli.common import print_json, print_table
from cli.demo_people import People
from cli.demo_year import DemoYear, Played
from cli.deploying import deploy
from cli.folder_lock import held
from cli.prefect_server import PrefectHome, connected, free_port, login_hint
from cli.process_tree import ProcessTree
from cli.servers import sign_in_hint
from cli.stack import Ports, start_mailbox, start_portal, start_worker, starting_server
from models import Mode
from models.database import make_engine, reading, writing
from plans.calendar_file import load_calendar
from plans.coverage import check
from rules.errors import DondocError
from rules.vocabulary import Audience, NoticeState
from services.figures import Row, figures, year_table
from services.installation import make
from services.plan_loading import load_plan
from settings import Settings

EXAMPLE = Path(__file__).parent.parent / "examples" / "konray"
_MARKER = "this-folder-belongs-to-dondoc-demo"


_OFFICE = (Audience.OFFICER, Audience.OFFICE_HEAD)
_STARTS = {
    "opened": "bắt đầu năm thực hiện",
    "changed": "thời hạn thay đổi",
    "invited": "đề nghị phối hợp",
}
_OUTCOMES = {
    NoticeState.OWED: "Chờ gửi",
    NoticeState.SENT: "Đã gửi",
    NoticeState.SUPERSEDED: "Được thay bằng lần nhắc sau",
    NoticeState.SKIPPED: "Không gửi",
    NoticeState.FAILED: "Gửi không thành công",
    NoticeState.BOUNCED: "Thư bị trả lại",
}


class DemoError(DondocError):
    """The demo cannot run like this."""


def play(*, year: int, headless: bool, as_json: bool, out: Path | None, folder: Path) -> None:
    """Play the year and print its table or, with `as_json`, its figures; then stay open unless `headless`."""
    began = stopwatch.monotonic()
    cycle_file = EXAMPLE / "cycles" / f"{year}.yaml"
    if not cycle_file.exists():
        known = ", ".join(path.stem for path in sorted(cycle_file.parent.glob("*.yaml")))
        raise DemoError(f"the example has no cycle file for {year}; it has: {known}")
    _refuse_used(out)
    with _own_folder(folder), ProcessTree(folder / "logs") as tree:
        ports = _own_settings(folder)
        settings = Settings.read()
        home = PrefectHome(settings.home, ports.prefect)
        with starting_server(tree, home):
            start_mailbox(tree, folder / "mails", ports, simulated=True)
            opened = _opened_year(settings, cycle_file, ports)
            start_portal(tree, ports)
        played = _play_year(opened, tree, home, quiet=as_json)
        result = _result(settings, played, began)
        if out:
            _keep(out, folder, cycle_file, played, result)
        _print(settings, result, as_json=as_json)
        if not headless:
            _stay(tree, home, ports)


def _refuse_used(out: Path | None) -> None:
    """Mails of two runs in one folder would be counted together."""
    if out is not None and out.exists() and any(out.iterdir()):
        raise DemoError(f"{out} is not empty; name a folder that is new or empty")


@contextmanager
def _own_folder(folder: Path) -> Iterator[None]:
    """Make the demo's folder anew and hold it; one that is not the demo's, or of a demo that runs, is never touched."""
    marker = folder / _MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise DemoError(f"{folder} is not a folder of the demo; name another with --folder")
    with held(marker, f"a demo is running in {folder}; end it, or choose another folder with --folder"):
        for entry in set(folder.iterdir()) - {marker}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        yield


def _own_settings(folder: Path) -> Ports:
    """Forget whatever is configured, here and for every program started from here."""
    for name in [name for name in os.environ if name.startswith(("DONDOC_", "PREFECT_"))]:
        del os.environ[name]
    os.environ["DONDOC_HOME"] = str(folder.absolute())
    return Ports(prefect=free_port(), mailbox_smtp=free_port(), mailbox_http=free_port(), portal=free_port())


def _opened_year(settings: Settings, cycle_file: Path, ports: Ports) -> DemoYear:
    engine = make_engine(settings.database)
    calendar = load_calendar(settings.calendar_file)
    now = datetime.now(UTC)
    make(engine, mode=Mode.REHEARSAL, now=now)
    checked = check(EXAMPLE / "plan.yaml", cycle_file)
    with writing(engine) as session:
        load_plan(session, checked.plan, checked.units, source_text=checked.source_text, now=now, actor="demo")
    people = People(engine=engine, mails=settings.home / "mails", portal_url=ports.portal_url)
    year = DemoYear(
        engine=engine,
        calendar=calendar,
        cycle=checked.cycles[0],
        cycle_text=cycle_file.read_text(),
        people=people,
    )
    year.open()
    return year


def _play_year(year: DemoYear, tree: ProcessTree, home: PrefectHome, *, quiet: bool) -> Played:
    outcome = deploy(home, active=False)  # the year has a clock of its own: real mornings must not break in
    start_worker(tree, home)
    with connected(home), Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        bar = progress.add_task(f"Năm {year.cycle.year}", total=365)
        played = _played(year, lambda day: progress.update(bar, completed=day))
    played.deployments = sum(name.endswith(f"_{year.cycle.plan}") for name in outcome.created)
    return played


def _played(year: DemoYear, tell: Callable[[int], None]) -> Played:
    try:
        return asyncio.run(year.play(tell))
    except FailedRun as failure:
        raise DemoError(f"a flow run failed: {failure}") from None


def _result(settings: Settings, played: Played, began: float) -> dict[str, object]:
    engine = make_engine(settings.database)
    with reading(engine) as session:
        found = figures(session, load_calendar(settings.calendar_file))
    return {
        "deployments": played.deployments,
        **asdict(found),
        "flow_runs": played.flow_runs,
        "seconds": round(stopwatch.monotonic() - began, 1),
    }


def _keep(out: Path, folder: Path, cycle_file: Path, played: Played, result: dict[str, object]) -> None:
    """Keep what a recount needs: the mails as received, when each unit handed in, and the cycle file."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "mails", out / "mails")
    shutil.copy(cycle_file, out / "cycle.yaml")
    _write_json(out / "submissions.json", played.submissions)
    _write_json(out / "decisions.json", played.decisions)
    _write_json(out / "figures.json", result)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), "utf-8")


def _print(settings: Settings, result: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    with reading(make_engine(settings.database)) as session:
        rows = year_table(session)
    print_table(
        "Dữ liệu giả lập: ai nhận gì, khi nào, vì sao",
        ("Ngày", "Người nhận", "Nội dung", "Vì sao", "Kết quả"),
        [_cells(row) for row in rows],
    )
    typer.echo("; ".join(f"{name} {_plain(value)}" for name, value in result.items()))


def _plain(value: object) -> object:
    return ", ".join(f"{count} {name}" for name, count in value.items()) if isinstance(value, dict) else value


def _cells(row: Row) -> tuple[str, ...]:
    (title, unit), rest = row.what[0], len(row.what) - 1
    if row.audience in _OFFICE:
        what = f"{title}: {'; '.join(unit for _, unit in row.what)}"
    else:
        what = f"{title} và {rest} nội dung khác" if rest else title
    outcome = f"{_OUTCOMES[row.outcome]}{f' ({row.reason})' if row.reason else ''}"
    return f"{row.day:%d/%m/%Y}", row.address or unit, what, _why(row), outcome


def _why(row: Row) -> str:
    """Say in an officer's words why this went out."""
    if row.rung in _STARTS:
        return _STARTS[row.rung]
    offset, final = int(row.rung), f"{row.final:%d/%m/%Y}" if row.final else ""
    if offset < 0:
        return f"còn {-offset:02d} ngày làm việc đến hạn {final}"
    if offset == 0:
        return f"ngày cuối của thời hạn {final}"
    listed = " (danh sách)" if row.audience in _OFFICE else ""
    return f"quá hạn {offset:02d} ngày làm việc, thời hạn {final}{listed}"


def _stay(tree: ProcessTree, home: PrefectHome, ports: Ports) -> None:
    typer.echo(login_hint(home))
    typer.echo(f"Hộp thư chạy thử: {ports.mailbox_url}")
    typer.echo(sign_in_hint(trial=True))
    typer.echo("Nhấn Ctrl-C để kết thúc.")
    tree.wait()
