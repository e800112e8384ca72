"""What a layer is: one entry in one file of this folder, from which everything else follows.

Conventions: R members, B rows, W columns. An input x is (R, B, W), of the first layers also (1, B, W) where
all members take the same rows. `forward` and `backward` compute nothing: they append calls to a tape, bound
to arrays that exist, and a training step replays them. What `forward` keeps for `backward` lies in the
buffers of the `Context`. `delta` is ∂loss/∂(output of the layer), which `backward` may overwrite; it returns
∂loss/∂x and writes the gradient of what the layer learns.

`definition` says the same in plain functions of the array module, one line of the formula after the other.
The gradient check differentiates it with dual numbers, and compares.

A new kind of layer is a class here under `@layers.register(name, source=…)`; a normalization, which the key
`model.norm` can name, stands under `@norms.register(name, source=…)` instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Backend, HostArray
from nettrain.catalogue.optimizers.groups import GROUPS
from nettrain.catalogue.registry import Registry, Variant

if TYPE_CHECKING:
    from nettrain.model.parameters import ParameterLayout
    from nettrain.model.tape import Tape

Allocate = Callable[..., Array]  # name, shape, and a dtype unless it is the run's

layers: Registry["Layer"] = Registry("layer")
norms: Registry["Layer"] = Registry("norm")


@dataclass(frozen=True)
class LearnedArray:
    """An array that a layer keeps for each member: its shape, its group, and the value it starts at."""

    shape: tuple[int, int]
    group: str = "weight"
    start: float = 0.0

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"group {self.group!r} is none of {', '.join(GROUPS)}")


@dataclass(frozen=True)
class DropoutState:
    """Where random masks and noise come from: keys (R, 2) and step (1,) uint64, `first` row of the batch.

    Draws of `purpose` 0 are those of training.
    """

    keys: Array
    step: Array
    first: int = 0
    purpose: int = 0


@dataclass
class Context:
    """What one layer works with in one pass of all members over a batch.

    `draws` is None where nothing is random. `may_overwrite` says whether the input's memory is free,
    `needs_delta` whether a layer below learns something.
    """

    backend: Backend
    number: int  # of the layer, in the order of the forward pass
    draw_number: int  # which of the layers that draw the same kind of numbers it is
    parameters: Array
    layout: "ParameterLayout"
    statistics: Array
    statistics_layout: "ParameterLayout"
    allocate: Allocate
    training: bool
    draws: DropoutState | None
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
        """Where an array that the layer learns begins in a row of the parameters."""
        return self.layout.start(self.number, name)

    def statistic_start(self, name: str) -> int:
        """Where a running statistic begins in a row of the statistics."""
        return self.statistics_layout.start(self.number, name)

    def array(self, name: str) -> Array:
        """What the layer has learned: a view (R, m, n) of the parameters."""
        return self.layout.view(self.parameters, self.number, name)

    def slope(self, name: str) -> Array:
        """Where the gradient of an array goes: a view (R, m, n)."""
        return self.layout.view(self.gradient, self.number, name)

    def buffer(self, name: str, shape: Sequence[int], dtype: Any = None) -> Array:
        """An array of this pass, by name; `backward` finds it under `buffers`."""
        self.buffers[name] = self.allocate(f"{self.number}.{name}", tuple(shape), dtype)
        return self.buffers[name]

    def column(self, values: Any) -> Array:
        """Numbers of the members (R,) on the device, in the run's dtype."""
        return self.backend.from_host(np.asarray(values, dtype=float))


class Body:
    """The layers inside another one, as `Network` runs them: forward in order, backward in reverse."""

    def forward(self, tape: "Tape", x: Array) -> Array:
        """Append the layers to the tape; returns their output."""
        raise NotImplementedError

    def backward(self, tape: "Tape", delta: Array, *, needs_delta: bool) -> Array:
        """Append their way back; returns ∂loss/∂x."""
        raise NotImplementedError


@dataclass(frozen=True)
class Definition:
    """What the definition of a layer reads beside its input.

    `arrays` are (1, m, n), arrays or dual numbers; `drawn` the buffers that training has drawn by chance;
    `body` runs the layers inside.
    """

    arrays: Mapping[str, Any]
    drawn: Mapping[str, HostArray] = field(default_factory=dict)
    body: Callable[[Any], Any] = lambda x: x


class Layer(Variant):
    """One step of a network, from (R, B, W) to (R, B, width(W)).

    Its settings that members may differ in are (R,) in `forward` and `backward`, (1, 1, 1) in `definition`.
    """

    couples_rows: ClassVar[bool] = False  # a row's output depends on the batch that it is trained in
    random: ClassVar[bool] = False  # its output is drawn by chance while training
    centres_columns: ClassVar[bool] = False  # adding a number to a whole column of its input changes nothing
    reads_output: ClassVar[bool] = True  # backward reads the output, so that nobody may overwrite it
    starts_from_rows: ClassVar[bool] = False  # `begin` reads the layer's input for some training rows
    stream: ClassVar[str] = ""  # what it draws: layers of one stream in a block draw different numbers
    drawn: ClassVar[tuple[str, ...]] = ()  # buffers of training that the definition takes as they are

    def width(self, inputs: int) -> int:
        """Columns that come out for those that go in."""
        return inputs

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        """What the layer learns."""
        return {}

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        """Running averages that the layer keeps of batches."""
        return {}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        """Rows and columns of the matrices that its input is multiplied by."""
        return []

    def inside(self) -> tuple["Layer", ...]:
        """The layers that it is made of, which come before it in the order of the forward pass."""
        return ()

    def begin(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        """What its arrays start as, each (m, n) or a number: a function of seed and layer alone.

        Where `starts_from_rows`, `rows` (B, W) is the layer's input for some training rows.
        """
        return {name: array.start for name, array in self.arrays(inputs).items()}

    def forward(self, tape: "Tape", at: Context, x: Array) -> Array:
        """Append the forward pass; returns the output (R, B, width)."""
        raise NotImplementedError

    def backward(self, tape: "Tape", at: Context, delta: Array) -> Array:
        """Append the way back from delta (R, B, width) to ∂loss/∂x, which it returns."""
        raise NotImplementedError

    def definition(self, xp: ArrayModule, at: Definition, x: Any) -> Any:
        """The output (1, B, width) in training, in functions that dual numbers know."""
        raise NotImplementedError

    def sides(self, xp: ArrayModule, x: HostArray) -> HostArray | None:
        """On which smooth piece each input lies, as whole numbers; None where the layer has no kinks."""
        return None

    def amplification(self, at: Definition, x: HostArray) -> float:
        """By how much a normalization multiplies a delta, and its rounding, on the way back."""
        return 1.0

    def summary(self, behind: Sequence["Layer"]) -> str:
        """In a few words for the table of layers; "" where it goes without saying.

        `behind` are the layers after it in its block.
        """
        return ""

    def way_back(self) -> str:
        """What its backward pass does to delta, in words of the gradient check's advice; "" for nothing."""
        return ""
