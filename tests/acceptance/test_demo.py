"""The main job: the real plan plays its year, and a program that knows nothing of dondoc counts the same."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.prefect_server import PrefectHome, free_port
from cli.process_tree import ProcessTree
from cli.stack import starting_server
from tests.acceptance.command_line import ended, environment, left_over, until

pytestmark = pytest.mark.server

RECOUNT = Path(__file__).with_name("recount.py")
OUTSIDE = {"httpx", "ruamel"}
COMMUNE_THAT_REPORTS_EARLY = "konray-2022-2025/2024/V.4-3.a/xa-dak-koi"


@pytest.fixture(scope="module")
def played(demo):
    """Wait for the year that plays in the background; nothing of it is left running."""
    demo.finished()
    assert left_over(demo.folder) == []
    return demo


@pytest.fixture(scope="module")
def prefect(played):
    """Start the server on what the demo left, without a worker: nothing more is run."""
    home = PrefectHome(played.folder, free_port())
    with ProcessTree(played.folder / "logs-of-recount") as tree:
        with starting_server(tree, home):
            pass
        yield home


@pytest.fixture
def recount(prefect):
    def run(folder):
        argv = [sys.executable, str(RECOUNT), str(folder), prefect.api_url, str(prefect.auth_file)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_a_second_demo_in_the_folder_of_one_that_plays_is_refused_and_the_first_goes_on(demo, tmp_path):
    """First, while it plays; what it leaves is looked at by the others."""
    until((demo.folder / "logs").exists)
    refused = ended(environment(tmp_path), "demo", "--folder", demo.folder)
    assert refused.stderr == (
        f"dondoc: a demo is running in {demo.folder}; end it, or choose another folder with --folder\n"
    )
    assert (demo.folder / "logs").exists()


def test_the_year_shows_what_was_promised(played):
    printed = json.loads(played.printed.read_text("utf-8"))
    assert printed.keys() >= {"assignments", "mails", "notices", "flow_runs", "seconds"}
    nought = ("duplicates", "mails_after_report", "mails_on_days_off")
    assert [printed[name] for name in nought] == [0, 0, 0]
    assert (printed["deployments"], printed["escalations"]) == (17, 2)
    assert printed == json.loads((played.out / "figures.json").read_text("utf-8"))


def test_the_recount_agrees_with_every_figure(played, recount):
    done = recount(played.out)
    assert done.returncode == 0, done.stderr
    counted, claimed = json.loads(done.stdout), figures(played.out)
    assert counted.pop("seconds") <= claimed.pop("seconds")
    assert counted == claimed


@pytest.mark.parametrize("script", sorted(RECOUNT.parent.glob("recount*.py")), ids=lambda path: path.stem)
def test_the_recount_imports_nothing_of_dondoc(script):
    nodes = list(ast.walk(ast.parse(script.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("recount_")} <= OUTSIDE


def the_list(out):
    """Return the mail to the head of the labour office."""
    [found] = [mail for mail in mails(out) if b"/office-head" in mail.read_bytes()]
    return found


def last_morning(out):
    """Return the last morning mail with a notice: what follows it answers people."""
    return [mail for mail in mails(out) if b"X-Dondoc-Kind: morning" in mail.read_bytes()][-1]


def remove_the_list_to_the_head_of_the_office(out):
    the_list(out).unlink()


def send_the_list_above_him(out):
    own, above = b"<truong-phong.phong-ldtbxh@", b"<van-phong.ubnd-huyen-kon-ray@"
    content = the_list(out).read_bytes()
    assert own in content
    the_list(out).write_bytes(content.replace(own, above))


def let_the_list_come_first(out):
    the_list(out).rename(out / "mails" / "0000.eml")


def send_a_mail_on_a_saturday(out):
    last = last_morning(out)
    content = last.read_bytes()
    assert b"Fri, 15 Nov 2024" in content
    last.write_bytes(content.replace(b"Fri, 15 Nov 2024", b"Sat, 16 Nov 2024"))


def send_a_mail_twice(out):
    again = re.sub(rb"^Message-ID: <", b"Message-ID: <again.", last_morning(out).read_bytes(), flags=re.MULTILINE)
    one_more(out).write_bytes(again)


def repeat_a_mail_with_other_bytes(out):
    one_more(out).write_bytes(last_morning(out).read_bytes() + b"\r\n")


def let_a_report_come_before_its_last_reminder(out):
    entries = json.loads((out / "submissions.json").read_text("utf-8"))
    [entry] = [one for one in entries if one["assignment"] == COMMUNE_THAT_REPORTS_EARLY]
    entry["at"] = "2024-10-21T03:00:00+00:00"
    (out / "submissions.json").write_text(json.dumps(entries), "utf-8")


def set_a_deadline_a_day_later(out):
    cycle = (out / "cycle.yaml").read_text("utf-8")
    assert "before: 2024-11-01" in cycle
    (out / "cycle.yaml").write_text(cycle.replace("before: 2024-11-01", "before: 2024-11-02"), "utf-8")


def claim_one_run_more(out):
    claim(out, "flow_runs", 1)


def claim_one_second_in_all(out):
    claim(out, "seconds", 1 - figures(out)["seconds"])


def lose_the_receipt_of_a_report(out):
    [receipt] = [mail for mail in mails(out) if b"Fri, 08 Nov 2024 10:00" in mail.read_bytes()]
    receipt.unlink()


def claim_that_nobody_was_given_more_time(out):
    decisions = json.loads((out / "decisions.json").read_text("utf-8"))
    kept = [one for one in decisions if one["kind"] != "extended"]
    assert len(kept) == len(decisions) - 1
    (out / "decisions.json").write_text(json.dumps(kept), "utf-8")


def one_more(out):
    """Return where the next mail would stand."""
    return out / "mails" / f"{int(mails(out)[-1].stem) + 1:04}.eml"


def mails(out):
    return sorted((out / "mails").glob("*.eml"))


def figures(out):
    return json.loads((out / "figures.json").read_text("utf-8"))


def claim(out, name, more):
    claimed = figures(out)
    (out / "figures.json").write_text(json.dumps(claimed | {name: claimed[name] + more}), "utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (remove_the_list_to_the_head_of_the_office, "escalations: 2 was claimed, 0 counted"),
        (send_the_list_above_him, "went to van-phong.ubnd-huyen-kon-ray@konray.example"),
        (let_the_list_come_first, "before the unit's own head"),
        (send_a_mail_on_a_saturday, "mails_on_days_off: 0 was claimed, 1 counted"),
        (send_a_mail_twice, "duplicates: 0 was claimed, 2 counted"),
        (repeat_a_mail_with_other_bytes, "with other bytes"),
        (let_a_report_come_before_its_last_reminder, "mails_after_report: 0 was claimed, 1 counted"),
        (set_a_deadline_a_day_later, "rung -15 of V.4-3.a belongs to 2024-10-11, not 2024-10-10"),
        (lose_the_receipt_of_a_report, "has no receipt"),
        (claim_that_nobody_was_given_more_time, "speaks of a deadline that nobody decided"),
        (claim_one_run_more, "flow_runs: "),
        (claim_one_second_in_all, "seconds: 1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_recount_names_what_does_not_agree(played, recount, tmp_path, change, told):
    out = shutil.copytree(played.out, tmp_path / "out")
    change(out)
    done = recount(out)
    assert done.returncode == 1
    assert told in done.stderr
