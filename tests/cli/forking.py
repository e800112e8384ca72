"""The real command without the second that its imports take: a process that has them forks for each call.

What calls the command dozens of times, in a terminal or from bash, finds it here as an executable file. Each
call has a process of its own with the arguments, folder, environment and streams of its caller. That a command
starts by itself, and imports little, is for the tests that start one.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cli.command import ENVIRONMENT, ROOT

SERVER = """
import contextlib, importlib, json, os, pkgutil, socket, sys
import matplotlib.figure, matplotlib.backends.backend_agg, numba, polars, scipy.special
import nettrain
from nettrain.cli.app import main

for module in pkgutil.walk_packages(nettrain.__path__, "nettrain."):
    if not module.name.startswith(("nettrain.__main__", "nettrain.sklearn", "nettrain.backend.cupy")):
        with contextlib.suppress(ModuleNotFoundError):  # of what optional libraries are needed for
            importlib.import_module(module.name)


def answer(connection):
    message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while piece := connection.recv(1 << 20):
        message += piece
    arguments, folder, environment = json.loads(message)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["nettrain", *arguments]
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", closefd=False, buffering=1 if os.isatty(number) else -1)
        for number in (1, 2)
    )
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(bytes([code]))


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen()
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            try:
                answer(connection)
            finally:
                os._exit(0)
        connection.close()
        reap()
"""
CLIENT = """#!{python} -IS
import json, os, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    message = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    sent = socket.send_fds(server, [message], [0, 1, 2])
    server.sendall(message[sent:])
    server.shutdown(socket.SHUT_WR)
    answer = server.recv(1)
sys.exit(answer[0] if answer else "the command has ended without an answer")
"""


@contextlib.contextmanager
def forking_command(folder: Path) -> Iterator[Path]:
    """A folder, to be put on the path, in which `nettrain` is."""
    address = str(folder / "calls")
    start = [sys.executable, "-c", SERVER, address]
    with subprocess.Popen(start, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert "ready\n" == server.stdout.readline()
            program = folder / "bin" / "nettrain"
            program.parent.mkdir()
            program.write_text(CLIENT.format(python=sys.executable, address=address))
            program.chmod(0o755)
            yield program.parent
        finally:
            server.kill()
