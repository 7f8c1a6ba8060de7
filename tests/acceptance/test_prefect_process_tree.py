"""A tree of processes starts in order, says what went wrong, and leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process_tree import ChildDiedError, NotReadyError, ProcessTree, processes_marked

# A child that ignores SIGTERM and has a child of its own in another session, as Prefect's worker has its flow runs.
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""
# A child that ends with 7 on Ctrl-C, however its parent was started.
OBEDIENT = """
import pathlib, signal, sys, time
try:
    pathlib.Path(sys.argv[1]).touch()
    signal.raise_signal(signal.SIGINT)
    time.sleep(600)
except KeyboardInterrupt:
    sys.exit(7)
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_leaving_the_tree_ends_children_of_children_and_those_that_ignore_sigterm(tmp_path):
    ready = tmp_path / "ready"
    with ProcessTree(tmp_path / "logs", grace=0.3) as tree:
        tree.start("stubborn", python(STUBBORN, ready), dict(os.environ), ready.exists, 20)
        mark = tree._token
        until(lambda: len(processes_marked(mark)) == 2)
    assert processes_marked(mark) == []


def test_an_error_while_the_tree_runs_stops_it_too(tmp_path):
    ready = tmp_path / "ready"
    with pytest.raises(ZeroDivisionError), ProcessTree(tmp_path, grace=0.3) as tree:  # noqa: PT012
        tree.start("stubborn", python(STUBBORN, ready), dict(os.environ), ready.exists, 20)
        mark = tree._token
        _ = 1 / 0
    assert processes_marked(mark) == []


def test_a_child_that_dies_is_named_with_its_exit_code_and_the_last_lines_of_its_log(tmp_path):
    with ProcessTree(tmp_path) as tree, pytest.raises(ChildDiedError) as error:
        tree.start("mailbox", python("print('no room left'); exit(3)"), dict(os.environ), lambda: False, 20)
    assert "mailbox ended with exit code 3" in str(error.value)
    assert "no room left" in str(error.value)


def test_a_child_that_dies_later_ends_the_waiting(tmp_path):
    with ProcessTree(tmp_path) as tree:
        tree.start("mailbox", python("import time; time.sleep(1)"), dict(os.environ), lambda: True, 20)
        with pytest.raises(ChildDiedError, match="mailbox ended with exit code 0"):
            tree.wait()


def test_a_child_that_is_not_ready_in_time_is_stopped_and_named(tmp_path):
    with ProcessTree(tmp_path) as tree:
        with pytest.raises(NotReadyError, match="server was not ready after 0 s"):
            tree.start("server", python("import time; time.sleep(600)"), dict(os.environ), lambda: False, 0.2)
        mark = tree._token
    assert processes_marked(mark) == []


def test_what_the_block_does_is_done_while_the_child_starts(tmp_path):
    asked, ready = tmp_path / "asked", tmp_path / "ready"
    waits = (
        "import pathlib, sys, time; asked, ready = map(pathlib.Path, sys.argv[1:])\n"
        "while not asked.exists():\n    time.sleep(0.05)\n"
        "ready.touch(); time.sleep(600)"
    )
    with ProcessTree(tmp_path, grace=0.3) as tree:
        with tree.starting("server", python(waits, asked, ready), dict(os.environ), ready.exists, 20):
            assert not ready.exists()
            asked.touch()
        assert ready.exists()
        mark = tree._token
    assert processes_marked(mark) == []


def test_an_error_in_the_block_stops_the_child_that_starts(tmp_path):
    with pytest.raises(ZeroDivisionError), ProcessTree(tmp_path, grace=0.3) as tree:  # noqa: PT012
        mark = tree._token
        with tree.starting("server", python("import time; time.sleep(600)"), dict(os.environ), lambda: False, 20):
            until(lambda: len(processes_marked(mark)) == 1)
            _ = 1 / 0
    assert processes_marked(mark) == []


def test_a_child_reacts_to_sigint_though_our_own_shell_had_it_ignored(tmp_path):
    ready = tmp_path / "ready"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ProcessTree(tmp_path) as tree, pytest.raises(ChildDiedError, match="exit code 7"):
            tree.start("worker", python(OBEDIENT, ready), dict(os.environ), lambda: False, 20)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_tree_and_is_no_failure(tmp_path, number):
    program = (
        "import os, pathlib, sys; from cli.process_tree import ProcessTree; folder = pathlib.Path(sys.argv[1])\n"
        "with ProcessTree(folder, grace=0.3) as tree:\n"
        "    tree.start('stubborn', sys.argv[2:], dict(os.environ), (folder / 'ready').exists, 20)\n"
        "    try:\n"
        "        (folder / 'mark').write_text(tree._token)\n"
        "        sys.exit(tree.wait())\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(0)  # the signal came before the waiting began\n"
    )
    child = python(STUBBORN, tmp_path / "ready")
    with subprocess.Popen(python(program, tmp_path, *child), cwd=Path(__file__).parents[2]) as parent:
        until((tmp_path / "mark").exists)
        until(lambda: (tmp_path / "mark").read_text() != "")
        parent.send_signal(number)
        assert parent.wait(20) == 0
    assert processes_marked((tmp_path / "mark").read_text()) == []
