"""The Typer application, and how errors become messages and exit codes."""

import errno
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
import typer.models

from nettrain import __version__
from nettrain.cli.check import check
from nettrain.cli.compare import compare
from nettrain.cli.completion_in_bash import asks_for_completion, complete
from nettrain.cli.evaluate import evaluate
from nettrain.cli.export import export
from nettrain.cli.gradcheck import gradcheck
from nettrain.cli.graph import graph
from nettrain.cli.info import info
from nettrain.cli.init import init
from nettrain.cli.interrupt import ending
from nettrain.cli.landscape import landscape
from nettrain.cli.lessons import lessons
from nettrain.cli.list import list_kinds
from nettrain.cli.lr_find import lr_find
from nettrain.cli.predict import predict
from nettrain.cli.report import report
from nettrain.cli.resume import resume
from nettrain.cli.runs import runs
from nettrain.cli.schema import schema
from nettrain.cli.settings_as_options import CommandWithOverrides
from nettrain.cli.show import show
from nettrain.cli.sweep import sweep
from nettrain.cli.train import train
from nettrain.cli.tune import tune
from nettrain.errors import BackendError, NettrainError, SpecError, readable, shortened


def _version(asked: bool) -> None:
    if asked:
        print(f"nettrain {__version__}")
        raise typer.Exit


class Application(typer.Typer):
    """The commands, of which only the one that is called gets its options built: that takes a while."""

    def __init__(self) -> None:
        super().__init__(no_args_is_help=True, pretty_exceptions_enable=False)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        called = [one for one in self.registered_commands if sys.argv[1:2] == [command_name(one)]]
        if not called or called == self.registered_commands:
            return super().__call__(*arguments, **options)
        alone = Application()
        alone.registered_callback, alone.registered_commands = self.registered_callback, called
        return alone(*arguments, **options)


def command_name(command: typer.models.CommandInfo) -> str:
    """What a command is called by."""
    return command.name or str(getattr(command.callback, "__name__", ""))


app = Application()


@app.callback()
def nettrain(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Train multilayer perceptrons from one YAML file."""


app.command()(init)
app.command(cls=CommandWithOverrides)(check)
app.command("lr-find", cls=CommandWithOverrides)(lr_find)
for command in (
    train,
    resume,
    compare,
    sweep,
    tune,
    evaluate,
    predict,
    export,
    report,
    gradcheck,
    graph,
    show,
    schema,
    runs,
    lessons,
    info,
):
    takes_overrides = {"overrides", "arguments"} & command.__annotations__.keys()
    app.command(cls=CommandWithOverrides if takes_overrides else None)(command)
app.command()(landscape)
app.command("list")(list_kinds)


def main() -> None:
    """Run a command; errors are one line per problem and an exit code, with --debug a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # like all our files; on Windows a pipe would be cp1252
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not sys.warnoptions and "--debug" not in sys.argv:
        warnings.simplefilter("ignore", RuntimeWarning)  # of libraries: figures say what is not finite
    try:
        if asks_for_completion():
            complete(app)
        else:
            app()
    except BaseException as error:
        if ending.raised or isinstance(error, KeyboardInterrupt):  # whatever a library has made of it
            sys.exit(ending.tell())
        _report(error)
    if ending.raised:  # and lost, a moment ago
        sys.exit(ending.tell())


def _report(error: BaseException) -> NoReturn:
    match error:
        case NettrainError():
            _fail(error, str(error), error.code)
        case BrokenPipeError():  # the reader of the pipe has ended, as in `nettrain show … | head`
            sys.stderr.close()
            sys.exit(0)
        case MemoryError():
            import shlex

            command = shortened(shlex.join(["nettrain", *sys.argv[1:]]))
            _fail(error, f"{command}: not enough memory: {error}".removesuffix(": "), BackendError.code)
        case OSError(errno=errno.ENAMETOOLONG, filename=str()):
            _fail(
                error,
                f"{shortened(error.filename)}: no file or folder can have so long a name",
                SpecError.code,
            )
        case OSError(filename=str()):  # of a file or folder whose refusal is not handled elsewhere
            _fail(error, f"{error.filename}: {error.strerror}", 1)
        case Exception():  # a bug of nettrain: a traceback would not help the user
            _fail(error, _bug_message(error), 1)
    raise error


def _bug_message(error: Exception) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"nettrain has failed: {what} (--debug shows where)"


def _fail(error: Exception, message: str, code: int) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    print(readable(message), file=sys.stderr)
    sys.exit(code)
