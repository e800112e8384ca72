"""How a command runs: in a process of its own with limits, or in this one; and what it did to its folder."""

import contextlib
import faulthandler
import fnmatch
import hashlib
import importlib
import io
import multiprocessing
import os
import pkgutil
import resource
import select
import shutil
import signal
import stat
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import process_time
from types import FrameType
from unittest.mock import patch

import typer
import typer.main
from typer.main import get_command

ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "NETTRAIN_DRAWING": "here", "NETTRAIN_BACKEND": "numpy"}
MEMORY_DISK = Path("/dev/shm")  # where there is one: files are synchronised, and disks are slow
MOST_OUTPUT = 1_000_000  # bytes of what a command prints that are kept
ALONE = 250  # MB of a process that has imported nettrain and done nothing
WHOLE = 2_000_000  # bytes of a file up to which its content is compared
Command = Sequence[str]
Entry = Callable[[Command], None]


@dataclass(frozen=True)
class Limits:
    """What a command may take."""

    seconds: float = 5.0  # of computing
    patience: float = 60.0  # seconds until it is killed, which waits: other work may share the machine
    megabytes: int = 1000  # of a process in which nothing else was done before
    address_space: int = 750 << 20  # more than a process has: 1 GB in all; nettrain must say so, and for what

    @property
    def most_computing(self) -> int:
        """Seconds of computing after which a command is ended."""
        return int(self.seconds) + 5


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it printed and took, and what it did to its folder."""

    code: int  # negative: the signal that ended it
    out: str
    err: str
    seconds: float
    megabytes: float = 0.0
    killed: bool = False  # after its patience
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()  # or removed
    files: Mapping[str, str] = field(default_factory=dict)  # digests of all files, after


def nettrain(command: Command) -> None:
    """The entry point of the command; ends by SystemExit.

    Workers of a sweep are forked too, which saves the second that their imports take, and the commands with
    their options are made once.
    """
    from nettrain.cli.app import main
    from nettrain.sweep import process_pool

    sys.argv = ["nettrain", *command]
    with (
        patch.object(process_pool, "get_context", lambda way: multiprocessing.get_context("fork")),
        patch.object(typer.main, "get_command", _commands),
    ):
        main()


@cache
def _commands(app: typer.Typer) -> object:
    """What Typer makes of all functions that are commands."""
    return get_command(app)


def preload() -> None:
    """Import all that commands import, so that a process that is forked begins with it.

    Polars is imported but not used: its threads would not be there in the forked process.
    """
    for name in (
        "matplotlib.figure",
        "matplotlib.backends.backend_agg",
        "numba",
        "polars",
        "scipy.special",
        "safetensors.numpy",
    ):
        importlib.import_module(name)
    import nettrain as package

    for module in pkgutil.walk_packages(package.__path__, "nettrain."):
        if not module.name.startswith(("nettrain.__main__", "nettrain.sklearn", "nettrain.backend.cupy")):
            with contextlib.suppress(ModuleNotFoundError):  # of what optional libraries are needed for
                importlib.import_module(module.name)


def forked(command: Command, folder: Path, limits: Limits | None = None, entry: Entry = nettrain) -> Outcome:
    """Run a command in a process that this one forks, in a folder and under limits."""
    limits, before, at_first = limits or Limits(), digests(folder), _resident()
    output = folder.parent / f".{folder.name}.output"
    output.mkdir(exist_ok=True)
    for name in ("out", "err"):
        (output / name).touch()  # it may be killed before it has begun
    child = _fork()
    if child == 0:
        faulthandler.disable()  # pytest enables it, and a crash that is asked for is no news
        _become(command, folder, output, limits, entry)
    killed = not _ends(child, limits.patience)
    if killed:
        with contextlib.suppress(ProcessLookupError):  # it has no group of its own yet
            os.killpg(child, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    texts = [_read(output / name) for name in ("out", "err")]
    shutil.rmtree(output)
    return _outcome(
        os.waitstatus_to_exitcode(status),
        texts,
        usage.ru_utime + usage.ru_stime,
        folder,
        before,
        megabytes=usage.ru_maxrss / 1024 - at_first + ALONE,
        killed=killed,
    )


def called(function: Callable[[], None]) -> bool:
    """Call a function in a forked process; returns whether it came to its end."""
    child = _fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _fork() -> int:
    """A child of this process, whose threads, those of BLAS for example, are not used in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns that there are threads
        return os.fork()


class TooLate(BaseException):
    """A command in this process has used up its patience; no `except Exception` may catch it."""


def inside(command: Command, folder: Path, limits: Limits | None = None, entry: Entry = nettrain) -> Outcome:
    """Run a command within this process, which is ten times as fast; what hangs in C is not interrupted."""
    limits, before, at_first = limits or Limits(), digests(folder), _resident()
    _forget_peak()
    started = process_time()
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="")
        for _ in range(2)
    )
    code, killed = 0, False
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(_restored())
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(_limited(limits))
        try:
            entry(command)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except TooLate:
            killed = True
        except BaseException:
            traceback.print_exc(file=err)
            code = 1
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", errors="replace"))  # type: ignore[attr-defined]
    seconds = process_time() - started
    megabytes = _peak() - at_first + ALONE
    return _outcome(code, texts, seconds, folder, before, megabytes=megabytes, killed=killed)


def _outcome(
    code: int, texts: Sequence[str], seconds: float, folder: Path, before: Mapping[str, str], **more: object
) -> Outcome:
    after = digests(folder)
    created = tuple(sorted(after.keys() - before.keys()))
    changed = tuple(sorted(name for name, one in before.items() if after.get(name) != one))
    return Outcome(code, *texts, seconds, created=created, changed=changed, files=after, **more)  # type: ignore[arg-type]


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """The environment of commands, and then that from before."""
    arguments, environment, stdin = sys.argv, dict(os.environ), sys.stdin
    os.environ.update(ENVIRONMENT)
    sys.stdin = io.TextIOWrapper(io.BytesIO())
    try:
        yield
    finally:
        sys.argv, sys.stdin = arguments, stdin
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    """An alarm by either clock, and a limit of memory for this process."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise TooLate

    bounds = resource.getrlimit(resource.RLIMIT_AS)
    handlers = {number: signal.signal(number, alarm) for number in (signal.SIGALRM, signal.SIGPROF)}
    signal.setitimer(signal.ITIMER_REAL, limits.patience)
    signal.setitimer(signal.ITIMER_PROF, limits.most_computing)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limits.address_space, bounds[1]))
    try:
        yield
    finally:
        for clock in (signal.ITIMER_REAL, signal.ITIMER_PROF):
            signal.setitimer(clock, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        resource.setrlimit(resource.RLIMIT_AS, bounds)


def _forget_peak() -> None:
    """Begin to measure the largest memory of this process anew."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """The largest memory of this process since then (MB)."""
    return _status("VmHWM:")


def _resident() -> float:
    """The memory of this process, which may have done other things before (MB)."""
    return _status("VmRSS:")


def _status(name: str) -> float:
    return int(Path("/proc/self/status").read_text().partition(name)[2].split()[0]) / 1024


def _address_space() -> int:
    """Bytes that this process has mapped."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _become(command: Command, folder: Path, output: Path, limits: Limits, entry: Entry) -> None:
    """Turn this process into the command; never returns."""
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        for number, path in enumerate((Path("/dev/null"), output / "out", output / "err")):
            opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.dup2(opened, number)
            os.close(opened)
        os.environ.update(ENVIRONMENT)
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
        sys.stdout, sys.stderr = (_text_stream(number) for number in (1, 2))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.most_computing, limits.most_computing + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limits.address_space,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        entry(command)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _text_stream(number: int) -> io.TextIOWrapper:
    """What is printed to a descriptor of this process."""
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8")


def _ends(child: int, seconds: float) -> bool:
    """Whether a process ends within so many seconds."""
    descriptor = os.pidfd_open(child)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _read(path: Path) -> str:
    with path.open("rb") as f:
        return f.read(MOST_OUTPUT).decode("utf-8", errors="replace")


def digests(folder: Path) -> dict[str, str]:
    """What is in a folder: for each path its kind, and of files size and content."""
    return {str(path.relative_to(folder)): _digest(path) for path in sorted(_walk(folder))}


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(root) / name


def _digest(path: Path) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"link to {os.readlink(path)}"
    if not stat.S_ISREG(status.st_mode):
        return "folder" if stat.S_ISDIR(status.st_mode) else "special"
    if status.st_size > WHOLE:
        return f"{status.st_size} {status.st_mtime_ns}"
    return hashlib.sha1(path.read_bytes()).hexdigest()


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a path is one of those that a pattern names."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
