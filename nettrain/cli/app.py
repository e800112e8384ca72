"""The Typer application, and what happens to errors."""

import sys
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from nettrain import __version__
from nettrain.cli.evaluate import evaluate
from nettrain.cli.gradcheck import gradcheck
from nettrain.cli.info import info
from nettrain.cli.init import init
from nettrain.cli.list import list_kinds
from nettrain.cli.predict import predict
from nettrain.cli.resume import resume
from nettrain.cli.runs import runs
from nettrain.cli.schema import schema
from nettrain.cli.show import show
from nettrain.cli.sweep import sweep
from nettrain.cli.train import train
from nettrain.errors import BackendError, NettrainError

INTERRUPTED = 130


def _version(asked: bool) -> None:
    if asked:
        print(f"nettrain {__version__}")
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def nettrain(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Train multilayer perceptrons from one YAML file."""


for command in (init, train, resume, sweep, evaluate, predict, gradcheck, show, schema, runs, info):
    app.command()(command)
app.command("list")(list_kinds)


def main() -> None:
    """Run a command; an error is one line per problem and an exit code, a traceback only with --debug."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # as our files are; a pipe on Windows would be cp1252
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except NettrainError as error:
        _fail(error, str(error), error.code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe has gone, as in `nettrain show … | head`
        sys.stderr.close()
        sys.exit(0)
    except MemoryError as error:
        _fail(error, f"not enough memory: {error}", BackendError.code)
    except OSError as error:  # of a file or folder that nobody expected to be refused
        what = f"{error.filename}: {error.strerror}" if error.filename else _at_a_loss(error)
        _fail(error, what, 1)
    except Exception as error:
        # a mistake of ours: still no traceback for somebody who cannot do anything with it
        _fail(error, _at_a_loss(error), 1)


def _at_a_loss(error: Exception) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"nettrain has failed: {what} (--debug shows where)"


def _fail(error: Exception, message: str, code: int) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    print(message, file=sys.stderr)
    sys.exit(code)
