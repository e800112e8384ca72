"""Noise on the inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nettrain.backend.base import Array, ArrayModule
from nettrain.backend.philox import add_noise
from nettrain.catalogue.settings import number
from nettrain.model.layers.base import Context, Definition, Layer, layers

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

NORMAL_COST = 16  # a Gaussian number costs as much as visiting so many elements


@layers.register(
    "input_noise", source="Bishop 1995, Training with noise is equivalent to Tikhonov regularization"
)
class InputNoise(Layer):
    """y = x + σ·Gaussian noise, drawn anew in each training step; nothing at prediction."""

    sigma: float = number(0.0, "standard deviation σ", ge=0)
    random: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
    drawn: ClassVar[tuple[str, ...]] = ("noisy",)

    def forward(self, tape: "Tape", at: Context, x: Array) -> Array:
        if not at.training or at.draws is None:
            return x
        noisy = at.buffer("noisy", (at.members, *x.shape[1:]))
        draw = (at.draws.keys, at.draws.step, at.draws.first, at.column(self.sigma))
        tape.launch(add_noise, noisy, x, *draw, work=NORMAL_COST * noisy.size)
        return noisy

    def backward(self, tape: "Tape", at: Context, delta: Array) -> Array:
        return delta

    def definition(self, xp: ArrayModule, at: Definition, x: Any) -> Any:
        return at.drawn.get("noisy", x)

    def summary(self, behind: Sequence[Layer]) -> str:
        return f"noise {self.sigma:g}"
