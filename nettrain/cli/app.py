"""The Typer application, and what happens to errors."""

import sys

import typer

from nettrain.cli.info import info
from nettrain.cli.predict import predict
from nettrain.cli.show import show
from nettrain.cli.train import train
from nettrain.errors import NettrainError

INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train multilayer perceptrons from one YAML file.",
)
for command in (train, predict, show, info):
    app.command()(command)


def main() -> None:
    """Run a command; an expected error is one line per problem and an exit code, never a traceback."""
    try:
        app()
    except NettrainError as error:
        if "--debug" in sys.argv:
            raise
        print(error, file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe has gone, as in `nettrain show … | head`
        sys.stderr.close()
        sys.exit(0)
