"""`nettrain info`: what is installed and what would be used."""

from nettrain.cli.options import Debug, Json


def info(as_json: Json = False, debug: Debug = False) -> None:
    """Show versions, processors and the backend that `auto` takes."""
    import json

    from nettrain.engine.environment import environment, versions
    from nettrain.output.console import console
    from nettrain.output.listing import facts_table
    from nettrain.spec.load import available_cores

    facts = {**environment(available_cores()), "libraries": versions()}
    facts["processors"] = facts.pop("threads")
    if as_json:
        print(json.dumps(facts))
        return
    libraries = ", ".join(f"{name} {version}" for name, version in versions().items())
    shown = {name: str(value) for name, value in facts.items()} | {"libraries": libraries}
    facts_table(console(), shown)
