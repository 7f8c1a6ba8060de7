"""The `dondoc` command as a person runs it: a program of its own, in a folder of its own, with nothing else set."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DONDOC = str(Path(sys.executable).with_name("dondoc"))
EXAMPLE = Path(__file__).parents[2] / "examples" / "konray"
PLAN = "konray-2022-2025"
OPENING = "2024-01-08"
_PATIENCE_SECONDS = 120  # for one command, on a machine that is busy with other tests


def environment(home: Path, **settings: object) -> dict[str, str]:
    """Return an environment in which `smtp_port=25` is DONDOC_SMTP_PORT, and in which nobody's settings are left."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DONDOC_", "PREFECT_"))}
    own = {f"DONDOC_{name.upper()}": str(value) for name, value in settings.items()}
    return inherited | own | {"DONDOC_HOME": str(home)}


def dondoc(variables: dict[str, str], *arguments: object, code: int = 0) -> str:
    """Run one command, which must end with `code`, and return what it printed."""
    return ended(variables, *arguments, code=code).stdout


def ended(variables: dict[str, str], *arguments: object, code: int = 1) -> subprocess.CompletedProcess[str]:
    """Run one command, which must end with `code`; without a word about it, be refused."""
    argv = [DONDOC, *map(str, arguments)]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
    assert done.returncode == code, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def open_year(home: Path, **settings: object) -> None:
    """Make a rehearsal in which the real plan's year 2024 is open; nothing has been looked at yet."""
    variables = environment(home, **settings)
    dondoc(variables, "init", "--rehearsal")
    dondoc(variables, "plan", "load", EXAMPLE / "plan.yaml")
    dondoc(variables, "cycle", "open", EXAMPLE / "cycles" / "2024.yaml", "--as-of", OPENING)


def owe_opening(opened: Path, home: Path) -> Path:
    """Copy a year that is open, and look at every responsibility once: the opening mails are owed."""
    shutil.copytree(opened, home)
    dondoc(environment(home), "follow-up", PLAN, "--as-of", OPENING)
    return home


def left_over(home: Path) -> list[int]:
    """Return the running processes that were started with this home folder, however they were detached."""
    wanted = f"DONDOC_HOME={home}".encode()
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _has(entry, wanted)]


def _has(entry: Path, variable: bytes) -> bool:
    try:
        return variable in (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or just gone
        return False


def until(condition: Callable[[], object], seconds: float = _PATIENCE_SECONDS) -> None:
    """Poll until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
