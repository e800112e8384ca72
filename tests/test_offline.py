"""No test reaches a network, in its own process or in one that it starts, unless it is marked."""

import socket
import sys

import pytest

from tests.cli.command import ended

CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9))"


def test_this_process_cannot_connect(capfd):
    with pytest.raises(RuntimeError, match="no network in tests: "):
        socket.create_connection(("127.0.0.1", 9))
    with (
        socket.socket() as one,
        pytest.raises(RuntimeError, match=r"no network in tests: \('127.0.0.1', 9\)"),
    ):
        one.connect(("127.0.0.1", 9))
    assert 2 == capfd.readouterr().err.count("wants to reach")


def test_a_process_that_a_test_starts_cannot_either(tmp_path):
    done = ended([sys.executable, "-c", CONNECT], tmp_path)
    assert 1 == done.code
    assert "RuntimeError: no network in tests: 127.0.0.1" in done.err


@pytest.mark.network
def test_one_that_is_marked_can():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_sockets_of_files_are_no_network(tmp_path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
