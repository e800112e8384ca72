"""What a sweep is after: the metrics that trials are compared by, and constraints on their figures."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from nettrain.catalogue.searches import search_methods
from nettrain.catalogue.settings import Settings, option
from nettrain.errors import did_you_mean
from nettrain.experiment.document import KeyPath, PlainValue
from nettrain.experiment.monitors import trial_metrics
from nettrain.experiment.problems import KeyProblem, describe_errors, shortened_yaml

METRIC, CONSTRAINTS = ("sweep", "metric"), ("sweep", "constraints")
PARAMETERS, SECONDS = "parameters", "seconds_per_epoch"
COSTS = {  # of a trial, known before it trains: further metrics, and figures of constraints
    PARAMETERS: "how many numbers the network learns",
    SECONDS: "time of an epoch, measured before training, of the network alone with one thread",
}
ALIASES = {  # what people may call them
    PARAMETERS: "params size weights n_params num_params n_parameters num_parameters model_size",
    SECONDS: "milliseconds_per_epoch epoch_seconds epoch_time time_per_epoch time seconds",
}
ALLOWED = "val_ or train_, then loss or a metric of nettrain list"
FORMS = "a metric, a block with its name, or a list of these"


class SweepMetric(Settings):
    """A metric by which trials are compared."""

    name: str = option("val_loss", "a metric of the trained network: val_ or train_, then loss or its name")
    goal: Literal["minimize", "maximize"] | None = option(
        None, "which values are better; null: those that are better for this metric"
    )


class OneOrSeveral:
    """Annotation of a field that takes a metric by name or as a block, or a list of metrics."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        dump = core_schema.plain_serializer_function_ser_schema(_dumped)
        return core_schema.no_info_plain_validator_function(_metrics, serialization=dump)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        one = _forms(trial_metrics())
        further = {"anyOf": _forms([*trial_metrics(), *COSTS])}
        several = {"type": "array", "prefixItems": [{"anyOf": one}], "items": further, "minItems": 1}
        return {"anyOf": [*one, several]}


def _forms(names: list[str]) -> list[JsonSchemaValue]:
    """A metric by one of these names, and as a block."""
    block = SweepMetric.model_json_schema()
    name = {**block["properties"]["name"], "enum": names}
    return [{"enum": names}, {**block, "properties": {**block["properties"], "name": name}}]


MetricChoice = Annotated[SweepMetric | list[SweepMetric], OneOrSeveral()]


class FigureBounds(Settings):
    """What a figure of a trial must not exceed, or fall below."""

    at_most: float | None = option(None, "the largest value that is allowed")
    at_least: float | None = option(None, "the smallest value that is allowed")

    @model_validator(mode="after")
    def _bounds_something(self) -> "FigureBounds":
        if self.at_most is None and self.at_least is None:
            raise PydanticCustomError("elsewhere", "needs at_most or at_least")
        if self.at_most is not None and self.at_least is not None and self.at_most < self.at_least:
            raise PydanticCustomError("elsewhere", "at_most is below at_least")
        return self


def goal_problems(sweep: Mapping[str, PlainValue]) -> Iterator[KeyProblem]:
    """The problems of a `sweep` block with its metrics and constraints, by their path in the document."""
    names = list(_names(sweep.get("metric")))
    for place, (path, name) in enumerate(names):
        if name in [other for _, other in names[:place]]:
            yield KeyProblem(path, f"{name} is listed twice")
        elif name in COSTS and place == 0:
            yield KeyProblem(path, f"{name} may come second: the first metric is one of the trained network")
        elif name not in COSTS:
            yield from _unknown(path, name, costs=place > 0)
    yield from _constraint_problems(sweep.get("constraints"))
    yield from _misfits(sweep, several=len(names) > 1)


def _names(metric: PlainValue) -> Iterator[tuple[KeyPath, str]]:
    """The names of metrics, each with its path, as far as they are names at all."""
    several = isinstance(metric, list)
    for place, one in enumerate(metric if isinstance(metric, list) else [metric]):
        path: KeyPath = (*METRIC, place) if several else METRIC
        if isinstance(one, str):
            yield path, one
        elif isinstance(one, dict) and isinstance(name := one.get("name", "val_loss"), str):
            yield (*path, "name"), name


def _unknown(path: KeyPath, name: str, *, costs: bool) -> Iterator[KeyProblem]:
    if name not in trial_metrics():
        yield KeyProblem(path, f'unknown "{name}"{_hint(name, costs=costs)}')


def _hint(name: str, *, costs: bool) -> str:
    if name.startswith("test_"):
        return ", test rows are for the run of the best"
    known = [*trial_metrics(), *(COSTS if costs else ())]
    more = f", or {' or '.join(COSTS)}" if costs else ""
    meant = next((cost for cost, others in ALIASES.items() if costs and name in others.split()), "")
    if meant:
        return f', did you mean "{meant}"?'
    return did_you_mean(name, [f"val_{name}"] if f"val_{name}" in known else known) or (
        f" (allowed: {ALLOWED}{more})"
    )


def _constraint_problems(constraints: PlainValue) -> Iterator[KeyProblem]:
    """The problems of `constraints`; that they are a block at all is found by pydantic."""
    for name, bounds in constraints.items() if isinstance(constraints, dict) else ():
        path = (*CONSTRAINTS, name)
        if name not in COSTS:
            yield from _unknown(path, name, costs=True)
        if not isinstance(bounds, dict):
            text = shortened_yaml(bounds)
            yield KeyProblem(path, f"{text} is not a block of keys, write {{at_most: {text}}} or at_least")
            continue
        try:
            FigureBounds.model_validate(bounds)
        except ValidationError as error:
            yield from (
                KeyProblem((*path, *below), text) for below, text in describe_errors(error, FigureBounds)
            )


def _misfits(sweep: Mapping[str, PlainValue], *, several: bool) -> Iterator[KeyProblem]:
    """What does not go with several metrics, or with constraints."""
    written = sweep.get("method")
    name = written.get("name") if isinstance(written, dict) else written
    method = search_methods.get(name) if isinstance(name, str) else None
    if several and sweep.get("early_terminate") is not None:
        text = "does not go with several metrics: it would end trials by the first one alone"
        yield KeyProblem(("sweep", "early_terminate"), text)
    if several and method is not None and method.stops_trials:
        text = f"{name} compares trials by one metric, for several take random, grid, sobol or bayes"
        yield KeyProblem(("sweep", "method"), text)
    elif sweep.get("constraints") and method is not None and method.evolves:
        text = f"does not go with {name}, whose networks take over weights by the metric alone"
        yield KeyProblem(CONSTRAINTS, text)


def _metrics(value: object) -> object:
    """The metric or the metrics of either spelling. Raises pydantic's ValidationError."""
    if isinstance(value, list):
        return _several().validate_python([_long_form(one) for one in value])
    if not isinstance(value, str | dict | SweepMetric):
        raise PydanticCustomError("expected", "is not {expected}", {"expected": FORMS})
    return SweepMetric.model_validate(_long_form(value))


def _several() -> TypeAdapter[list[SweepMetric]]:
    return TypeAdapter(Annotated[list[SweepMetric], Field(min_length=1)])


def _long_form(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _dumped(value: SweepMetric | list[SweepMetric]) -> object:
    return [one.model_dump() for one in value] if isinstance(value, list) else value.model_dump()
