"""What the browser tests of one module share: the pages at work, and one Chromium."""

import pytest

from tests.system.pages import chromium, running_office


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with running_office(tmp_path_factory.mktemp("pages")) as office:
        yield office


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
