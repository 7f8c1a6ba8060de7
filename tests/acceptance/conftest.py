"""Years that are made once, by the command line: copied by the tests that play with one, or played by the demo.

The demo takes two minutes, more than any other test: it comes first, so that a second process has the rest.
"""

import subprocess

import pytest

from tests.acceptance.command_line import DONDOC, environment, left_over, open_year, owe_opening
from tests.acceptance.played_year import Demo

STOP_SECONDS = 60


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Return a home folder in which the year 2024 of the real plan is open and nothing was looked at. Copy it."""
    home = tmp_path_factory.mktemp("opened")
    open_year(home)
    return home


@pytest.fixture(scope="session")
def owed(opened, tmp_path_factory):
    """Return a home folder in which the opening mails are owed and none was made. Copy it."""
    return owe_opening(opened, tmp_path_factory.mktemp("owed") / "home")


def _looks_at_the_demo(item):
    return "demo" in getattr(item, "fixturenames", ()) and item.path.name == "test_demo.py"


def pytest_collection_modifyitems(items):
    items.sort(key=_looks_at_the_demo, reverse=True)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Play the year in a program of its own; `Demo.finished()` waits for its end."""
    folder = tmp_path_factory.mktemp("demo")
    # Whatever is configured must not matter: no mail may leave, no other database be touched.
    variables = environment(folder, smtp_host="mail.invalid", database_url="sqlite:////nowhere/dondoc.db")
    options = ["--year", "2024", "--headless", "--json", "--out", "out", "--folder", "folder"]
    with (folder / "printed").open("wb") as printed, (folder / "log").open("wb") as log:
        process = subprocess.Popen([DONDOC, "demo", *options], env=variables, cwd=folder, stdout=printed, stderr=log)
    yield Demo(
        process=process, folder=folder / "folder", out=folder / "out", printed=folder / "printed", log=folder / "log"
    )
    if process.poll() is None:
        process.terminate()
        process.wait(STOP_SECONDS)
    assert left_over(folder / "folder") == []
