"""Years that are made once, by the command line: copied by the tests that play with one, or played in the background.

The demo takes two minutes of which much is waiting. It plays while the other tests run, and the tests that look at what
it did come last.
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
    items.sort(key=_looks_at_the_demo)


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


@pytest.fixture(scope="session", autouse=True)
def _demo_in_the_background(request):
    if any(map(_looks_at_the_demo, request.session.items)):
        request.getfixturevalue("demo")
