"""Random histories of a year keep every promise; `make chaos` plays ten thousand of them."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.chaos.histories import HISTORIES, opened, play


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("histories")) as file:
        yield file


@settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(steps=HISTORIES)
def test_whatever_happens_no_mail_is_false_doubled_or_forgotten(template, steps):
    play(template, steps)
