"""The interface of a layer: one class in one file of this folder; everything else reads the registries.

Conventions: R members, B rows, W columns. The input x is (R, B, W), or (1, B, W) where all members share the
rows. `forward` and `backward` do not compute: they append calls on preallocated arrays to a tape, which is
replayed at every step. Whatever `forward` saves for `backward` lies in `ctx.buffers`. `delta` is the gradient
of the loss with respect to the layer's output; `backward` may overwrite it, writes the gradients of the
layer's parameters and returns the gradient with respect to x.

`definition` states the layer once more as a formula in functions of the array module, and `prediction` does
where prediction differs from training. The gradient check differentiates the first with dual numbers and
compares; files that predict elsewhere are made of the second.

A new kind of layer is a class decorated with `@layers.register(name, source=…)`. A normalization, which the
key `model.norm` selects, is decorated with `@norms.register(name, source=…)` instead. Embeddings of numbers
have an interface of their own, see `number_embeddings.base`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Backend, HostArray
from nettrain.backend.pool import Allocate
from nettrain.catalogue.optimizers.groups import GROUPS
from nettrain.catalogue.registry import Registry, Variant

if TYPE_CHECKING:
    from nettrain.model.parameters import ParameterLayout
    from nettrain.model.tape import Tape

BLOCK = 64  # columns that one iteration of a kernel sums up over the rows: their sums stay in the cache

layers: Registry["Layer"] = Registry("layer")
norms: Registry["Layer"] = Registry("norm")


@dataclass(frozen=True)
class LearnedArray:
    """A parameter or running statistic of one member: its shape, its parameter group, its initial value.

    It may consist of several arrays of one shape, `blocks`, one on another.
    """

    shape: tuple[int, int]
    group: str = "weight"
    start: float = 0.0
    blocks: int = 1

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"group {self.group!r} is none of {', '.join(GROUPS)}")


@dataclass(frozen=True, eq=False)
class StartData:
    """Encoded training rows x (N, D) and their targets y, (N,) or (N, K), as a network sees them."""

    x: HostArray
    y: HostArray


@dataclass(frozen=True)
class DropoutState:
    """The counters that masks and noise are drawn from: keys (R, 2) and step (1,), both uint64.

    `first` is the number of the batch's first row; `purpose` 0 is training. `factors` (R,), in float64,
    multiply numbers that have a schedule, by name, such as dropout; they change from step to step.
    """

    keys: Array
    step: Array
    first: int = 0
    purpose: int = 0
    factors: Mapping[str, Array] = field(default_factory=dict)


@dataclass
class Context:
    """The arrays and the mode of one layer in one pass of all members over a batch.

    `dropout_state` is None when nothing is drawn at random. `own_batches` is whether the batch consists of
    one for each sub-member, rather than of one that they share. `may_overwrite` is whether the layer may work
    in place on its input, `needs_delta` whether a layer before it has parameters.
    """

    backend: Backend
    number: int  # position of the layer in the order of the forward pass
    stream_number: int  # keeps the random numbers of layers of one kind apart
    parameters: Array
    layout: "ParameterLayout"
    statistics: Array
    statistics_layout: "ParameterLayout"
    allocate: Allocate
    training: bool
    dropout_state: DropoutState | None
    own_batches: bool = False
    may_overwrite: bool = False
    needs_delta: bool = False
    body: "Body" = field(default_factory=lambda: Body())  # noqa: PLW0108 defined below
    gradient: Array | None = None
    output: Array | None = None
    buffers: dict[str, Array] = field(default_factory=dict)

    @property
    def members(self) -> int:
        return int(self.parameters.shape[0])

    def start(self, name: str) -> int:
        """The offset of a parameter in a row of `parameters`."""
        return self.layout.start(self.number, name)

    def statistic_start(self, name: str) -> int:
        """The offset of a running statistic in a row of `statistics`."""
        return self.statistics_layout.start(self.number, name)

    def parameter(self, name: str) -> Array:
        """A parameter of the layer as a view (R, m, n) of `parameters`."""
        return self.layout.view(self.parameters, self.number, name)

    def gradient_of(self, name: str) -> Array:
        """The gradient of a parameter, to be written: a view (R, m, n) of `gradient`."""
        return self.layout.view(self.gradient, self.number, name)

    def buffer(self, name: str, shape: Sequence[int], dtype: Any = None) -> Array:
        """Scratch memory of this pass, also available in `backward` as `buffers[name]`."""
        self.buffers[name] = self.allocate(f"{self.number}.{name}", tuple(shape), dtype)
        return self.buffers[name]

    def writable(self, tape: "Tape", x: Array) -> Array:
        """The input (R, B, W) to work on in place: x itself if `may_overwrite`, else a copy of it."""
        if self.may_overwrite:
            return x
        copy = self.buffer("copy", (self.members, *x.shape[1:]))
        tape.call(self.backend.xp.copyto, copy, x)
        return copy

    def column(self, values: Any) -> Array:
        """Values of the members, (R,) or (R, k) as they are, on the device and in the run's dtype.

        This is how settings reach a kernel, which reads those of its member: `numbers[r, 0]`.
        """
        return self.backend.from_host(np.asarray(values, dtype=float))


class Body:
    """The layers inside another layer: forward in order, backward in reverse order."""

    def forward(self, tape: "Tape", x: Array) -> Array:
        """Append the forward pass; returns the output."""
        raise NotImplementedError

    def backward(self, tape: "Tape", delta: Array, *, needs_delta: bool) -> Array:
        """Append the backward pass; returns the gradient with respect to x."""
        raise NotImplementedError


@dataclass(frozen=True)
class DefinitionContext:
    """What a layer's definition reads besides its input.

    `arrays` are the parameters (1, m, n), arrays or dual numbers; `drawn` are the buffers that training drew
    at random; `body` applies the layers inside; `statistics` are the running statistics (1, m, n).
    """

    arrays: Mapping[str, Any]
    drawn: Mapping[str, HostArray] = field(default_factory=dict)
    body: Callable[[Any], Any] = lambda x: x
    statistics: Mapping[str, HostArray] = field(default_factory=dict)


class Layer(Variant):
    """A function of a batch, from (R, B, W) to (R, B, width(W)).

    Settings that may differ between members are (R,) in `forward` and `backward`, (1, 1, 1) in `definition`.
    """

    couples_rows: ClassVar[bool] = False  # in training, a row's output depends on the other rows
    random: ClassVar[bool] = False  # in training, the output is random
    centres_columns: ClassVar[bool] = False  # invariant to a bias in front of it, as batch norm is
    reads_output: ClassVar[bool] = True  # backward reads the output: it must not be overwritten
    starts_from_rows: ClassVar[bool] = False  # `initial_values` reads the input for some training rows
    statistics_from_rows: ClassVar[bool] = False  # `initial_statistics` reads all training rows
    stream: ClassVar[str] = ""  # what is drawn at random, such as weights or masks
    drawn: ClassVar[tuple[str, ...]] = ()  # random buffers that the definition takes from training

    def width(self, inputs: int) -> int:
        """Columns of the output for that many columns of the input."""
        return inputs

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        """The parameters by name."""
        return {}

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        """The running statistics by name."""
        return {}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        """Rows and columns of the matrices that the input is multiplied by."""
        return []

    @property
    def batches(self) -> int:
        """How many batches its output has for one that it gets, each for a sub-member of the network."""
        return 1

    def weight_factor(self, inputs: int) -> float:
        """By what the layer multiplies its `weight` before it multiplies the input with it."""
        return 1.0

    def children(self) -> tuple["Layer", ...]:
        """The layers inside this one; in the order of the forward pass they come before it."""
        return ()

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        """Initial values by name, each an array (m, n) or a number: a function of seed and position alone.

        If `starts_from_rows`, `rows` (B, W) is the layer's input for some training rows.
        """
        return {name: array.start for name, array in self.arrays(inputs).items()}

    def initial_statistics(self, inputs: int, start: StartData | None = None) -> dict[str, Any]:
        """Statistics before the first batch by name, each an array (m, n) or a number.

        If `statistics_from_rows`, `start` are all training rows, as the inputs of the network. Members that
        train on other rows have other statistics of the same shapes.
        """
        return {name: array.start for name, array in self.statistics(inputs).items()}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        """Append the forward pass; returns the output (R, B, width)."""
        raise NotImplementedError

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        """Append the backward pass for delta (R, B, width); returns the gradient with respect to x."""
        raise NotImplementedError

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """The output (1, B, width) in training, in functions that dual numbers support."""
        raise NotImplementedError

    def prediction(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        """The output (R, B, width) in prediction of R members with arrays (R, m, n); x is (1|R, B, W).

        The definition itself, unless prediction differs from training. Exported files compute this formula.
        """
        return self.definition(xp, ctx, x)

    def sides(self, xp: ArrayModule, x: HostArray) -> HostArray | None:
        """The smooth piece on which each input lies, as whole numbers; None for a layer without kinks."""
        return None

    def output_sides(self, xp: ArrayModule, y: HostArray) -> HostArray | None:
        """The same of each output, where parameters come before the kink; None where `sides` says it all."""
        return None

    def amplification(self, ctx: DefinitionContext, x: HostArray) -> float:
        """The largest factor by which backward multiplies an element of delta, for the batch x (1, B, W).

        Rounding errors grow by it on the way to the layers before. The gradient check allows for that;
        without it, a right gradient may be called wrong.
        """
        return 1.0

    def summary(self, behind: Sequence["Layer"]) -> str:
        """A few words for the table of layers, "" for nothing; `behind` are the later layers of the block."""
        return ""

    def backward_step(self) -> str:
        """What backward does to delta, as the gradient check names it; "" for nothing."""
        return ""
