"""`--epochs 10`, which other programs take, where this one takes `training.epochs=10`."""

from typing import Any

from typer.core import TyperCommand


class CommandWithOverrides(TyperCommand):
    """A command that takes KEY=VALUE, and names the key that an unknown option is meant for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments. Raises SpecError for an option that is the name of a setting."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # of Click, whose module is Typer's own in some versions
            option = getattr(error, "option_name", None)
            unknown = type(error).__name__ == "NoSuchOption"  # not one of ours that lacks its value
            key = meant_key(option) if unknown and isinstance(option, str) else ""
            if not key:
                raise
            from nettrain.errors import SpecError

            raise SpecError(f"{option}: no such option, write {key}=VALUE") from None


def meant_key(option: str) -> str:
    """The dotted key that an option such as `--lr` is meant for; nothing where none is like it."""
    from nettrain.experiment.near_misses import key_called
    from nettrain.experiment.settings import Experiment

    return key_called(option.lstrip("-"), Experiment)
