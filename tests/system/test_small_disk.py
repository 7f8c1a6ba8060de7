"""A real disk that is full, and one that is mounted read-only: the command says so, and all is whole afterwards.

The disk is a tmpfs in a mount name space of its own: nobody else sees it, and it ends with the script.
"""

import os
import subprocess

import pytest
from sqlmodel import select

from models import Notice
from models.database import make_engine, reading
from tests.acceptance.command_line import DONDOC, OPENING, PLAN, environment, open_year

pytestmark = pytest.mark.system

_SCRIPT = """
set -u
mount -t tmpfs -o size=8m tmpfs "$DISK" && cp "$MADE"/dondoc.db "$DISK"/ || exit 99
run() { name=$1; shift; "$DONDOC" "$@" >"$OUT/$name.out" 2>"$OUT/$name.err"; echo $? >"$OUT/$name.code"; }

dd if=/dev/zero of="$DISK"/ballast bs=4096 2>/dev/null
run sweep-full follow-up "$PLAN" --as-of "$DAY"
run hold-full hold --reason x
run backup-full backup "$DISK"/backup.zip
rm "$DISK"/ballast
ls -A "$DISK" >"$OUT"/left

run sweep follow-up "$PLAN" --as-of "$DAY"
run backup backup "$DISK"/backup.zip

mount -o remount,ro "$DISK" || exit 98
run sweep-locked follow-up "$PLAN" --as-of "$DAY"
run hold-locked hold --reason x
run backup-locked backup "$DISK"/second.zip
cp "$DISK"/backup.zip "$OUT"/backup.zip
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Play it once; return a function that tells how a step ended and what it said."""
    folder = tmp_path_factory.mktemp("small")
    made, disk, out = folder / "made", folder / "disk", folder / "out"
    disk.mkdir()
    out.mkdir()
    open_year(made)
    words = {"DISK": disk, "MADE": made, "OUT": out, "DONDOC": DONDOC, "PLAN": PLAN, "DAY": OPENING}
    variables = environment(disk) | {name: str(value) for name, value in words.items()}
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    argv = ["unshare", "--mount", *as_root, "sh", "-c", _SCRIPT]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr

    def step(name):
        return int((out / f"{name}.code").read_text()), (out / f"{name}.err").read_text()

    step.out = out
    return step


@pytest.mark.parametrize("name", ["sweep-full", "hold-full"])
def test_a_command_on_a_full_disk_is_refused_in_one_sentence(played, name):
    code, said = played(name)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith("dondoc: the disk of the database is full: nothing was written; make room there")


def test_a_backup_for_which_there_is_no_room_leaves_nothing_there(played):
    code, said = played("backup-full")
    assert (code, said.count("\n")) == (1, 1), said
    assert {name for name in (played.out / "left").read_text().split() if "backup" in name} == set()


def test_once_there_is_room_everything_goes_on(played):
    assert played("sweep") == (0, "")
    assert played("backup") == (0, "")


@pytest.mark.parametrize("name", ["sweep-locked", "hold-locked"])
def test_a_command_on_a_read_only_disk_is_refused_in_one_sentence(played, name):
    code, said = played(name)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith("dondoc: the database can"), said
    assert "mounted" in said


def test_a_backup_onto_a_read_only_disk_is_refused_in_one_sentence(played):
    code, said = played("backup-locked")
    assert (code, said.count("\n")) == (1, 1), said


def test_the_backup_made_on_the_small_disk_is_whole(played, tmp_path):
    argv = [DONDOC, "restore", str(played.out / "backup.zip")]
    subprocess.run(argv, env=environment(tmp_path / "home"), check=True, capture_output=True, timeout=60)
    engine = make_engine(f"sqlite:///{tmp_path / 'home' / 'dondoc.db'}")
    with reading(engine) as session:
        assert session.exec(select(Notice)).first() is not None
    engine.dispose()
