"""The socket the pages are served on: answers leave at once, and a taken port is told in words."""

import socket

import pytest

from portal.__main__ import HOST, PortTakenError, listen


def test_answers_leave_without_waiting_for_acknowledgements() -> None:
    with listen(0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_refused_with_the_setting_that_mends_it() -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(PortTakenError, match="DONDOC_PORTAL_PORT"):
        listen(taken.getsockname()[1])
