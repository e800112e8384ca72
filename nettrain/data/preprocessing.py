"""All that was fitted on the training rows, so that new rows become the same numbers."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, NotRequired

import numpy as np
from pydantic import ConfigDict, Field, ValidationError, with_config
from typing_extensions import TypedDict

from nettrain.data.cell_formats.formats import FormatJson, format_from_json, format_json
from nettrain.data.columns.encoding import (
    Encoder,
    EncoderJson,
    encode_all,
    encode_columns,
    encoder_from_json,
    features_of,
    names_of,
    with_open_gaps,
)
from nettrain.data.columns.input_kind import INDICATOR, NUMBER, InputKind
from nettrain.data.columns.scaling import Fitted, Scaling, scalings
from nettrain.data.reading.image_shape import ImageShape, ImageShapeJson
from nettrain.data.reading.layout import InputLayout
from nettrain.data.tables.arrays import Floats, Indices, Mask, Numbers
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target, TargetJson, TargetKind
from nettrain.errors import DataError, StoredContentError

BLOCK = 1 << 19  # cells of training rows to which a scaling is fitted at once
NUMBERS_ALONE: tuple[InputKind, ...] = (NUMBER,)
WITH_INDICATORS: tuple[InputKind, ...] = (NUMBER, INDICATOR)
SEPARATOR = r"^(?:whitespace|[\t\x20\x21\x23-\x7e])$"  # of a stored layout


@with_config(ConfigDict(extra="forbid"))
class PreprocessingJson(TypedDict):
    """The content of `preprocessing.json`, and its schema."""

    columns: list[str]
    header: bool
    separator: Annotated[str, Field(pattern=SEPARATOR)]
    missing: list[str]
    text: list[str]
    skip_rows: Literal["auto"] | Annotated[int, Field(ge=0)]
    sheet: str | int | None
    comment: str
    comments: list[str]
    named: bool
    formats: dict[str, FormatJson]
    inputs: Annotated[list[EncoderJson], Field(min_length=1)]
    scaling: dict[str, object]
    fitted: dict[str, list[float] | list[list[float]]]
    target: TargetJson
    weight: str | None
    empty_rows: bool
    empty_columns: list[str]
    image: NotRequired[ImageShapeJson | None]
    scale_indicators: NotRequired[bool]


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """How cells become inputs and outputs become predictions; nothing else is needed to predict.

    `weight` is the column that weighs rows, which only matters where figures are computed; `empty_rows` says
    whether training rows without any value were among the others, and `empty_columns` which columns had none.
    `image` is the shape of the image whose pixels are the inputs. With `scale_indicators` they are scaled as
    numbers are.
    """

    layout: InputLayout
    encoders: tuple[Encoder, ...]
    scaling: Scaling
    fitted: Fitted
    target: Target
    weight: str | None = None
    empty_rows: bool = False
    empty_columns: tuple[str, ...] = ()
    image: ImageShape | None = None
    scale_indicators: bool = False

    @property
    def inputs(self) -> int:
        """Number of inputs D."""
        return len(self.feature_names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What each of the D inputs holds."""
        return tuple(name for encoder in self.encoders for name in encoder.features)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The predicted columns, K of them."""
        return self.target.names

    @property
    def target_kind(self) -> TargetKind:
        """Whether classes, numbers or several 0/1 labels are predicted."""
        return self.target.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of y's numbers, of two the positive one last; empty for other kinds."""
        return self.target.classes

    @property
    def target_center(self) -> Floats:
        """What was subtracted from targets (K,), 0 when unscaled."""
        return np.array(self.target.center or (0.0,) * len(self.target.names))

    @property
    def target_scale(self) -> Floats:
        """What targets were divided by (K,), 1 when unscaled."""
        return np.array(self.target.scale or (1.0,) * len(self.target.names))

    def outputs(self, *, one_for_two: bool = False) -> int:
        """Outputs a network needs: one per number, label or class, or `one_for_two` classes."""
        if self.target_kind != "classes":
            return len(self.target.names)
        return 1 if one_for_two and len(self.classes) == 2 else len(self.classes)

    def encode(self, table: Table) -> Floats:
        """Inputs (N, D) of a table's rows, by column name: order and further columns do not matter.

        Raises DataError for a missing column, with the nearest name, and for text among numbers.
        """
        return self.scaled(encode_all(self.scaled_encoders, table))

    def scaled(self, x: Floats) -> Floats:
        """The inputs (N, D) of features x (N, D), which may be changed."""
        return scale_features(x, self.scaled_features, self.scaling, self.fitted)

    @cached_property
    def scaled_encoders(self) -> tuple[Encoder, ...]:
        """The encoders of the features that the scaling is given, some of which leave gaps open."""
        return encoders_for(self.scaling, self.encoders)

    @cached_property
    def scaled_features(self) -> Mask:
        """Which of the D inputs are scaled: (D,)."""
        return features_of(scaled_kinds(self.scale_indicators), self.encoders)

    def unscale(self, y: Numbers) -> Floats:
        """Numbers (..., K) in the target's own unit."""
        return np.asarray(y, dtype=np.float64) * self.target_scale + self.target_center

    def to_json(self) -> PreprocessingJson:
        """Plain values from which `from_json` makes an equal one, bit by bit."""
        return {
            "columns": list(self.layout.columns),
            "header": self.layout.header,
            "separator": self.layout.separator,
            "missing": list(self.layout.missing),
            "text": list(self.layout.text),
            "skip_rows": self.layout.skip_rows,
            "sheet": self.layout.sheet,
            "comment": self.layout.comment,
            "comments": list(self.layout.comments),
            "named": self.layout.named,
            "formats": {name: format_json(one) for name, one in self.layout.formats.items()},
            "inputs": [encoder.to_json() for encoder in self.encoders],
            "scaling": self.scaling.model_dump(),
            "fitted": {name: array.tolist() for name, array in self.fitted.items()},
            "target": self.target.to_json(),
            "weight": self.weight,
            "empty_rows": self.empty_rows,
            "empty_columns": list(self.empty_columns),
            "image": self.image.to_json() if self.image else None,
            "scale_indicators": self.scale_indicators,
        }

    @staticmethod
    def from_json(data: PreprocessingJson) -> "Preprocessing":
        """The preprocessing that `to_json` described.

        Raises StoredContentError, with the key, where values do not go together.
        """
        found = _from_json(data)
        _check(found)
        return found


def _from_json(data: PreprocessingJson) -> Preprocessing:
    image = data.get("image")
    layout = InputLayout(
        tuple(data["columns"]),
        data["header"],
        data["separator"],
        tuple(data["missing"]),
        tuple(data["text"]),
        data["skip_rows"],
        data["comment"],
        tuple(data["comments"]),
        data["named"],
        {name: format_from_json(one) for name, one in data["formats"].items()},
        data["sheet"],
    )
    return Preprocessing(
        layout,
        tuple(_encoder(position, column) for position, column in enumerate(data["inputs"])),
        _scaling(data["scaling"]),
        {name: _array(name, values) for name, values in data["fitted"].items()},
        Target.from_json(data["target"]),
        data["weight"],
        data["empty_rows"],
        tuple(data["empty_columns"]),
        ImageShape(**image) if image else None,
        data.get("scale_indicators", False),
    )


def _encoder(position: int, column: EncoderJson) -> Encoder:
    try:
        return encoder_from_json(column)
    except StoredContentError as error:
        raise StoredContentError(f"inputs.{position}.{error.key}", error.text) from None


def _scaling(settings: Mapping[str, object]) -> Scaling:
    name = settings.get("name")
    kind = scalings.get(name) if isinstance(name, str) else None
    if kind is None:
        raise StoredContentError("scaling.name", f"is not one of {', '.join(scalings)}")
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["scaling", *map(str, first["loc"])])
        raise StoredContentError(key, first["msg"]) from None


def _array(name: str, values: Sequence[object]) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except ValueError:
        raise StoredContentError(f"fitted.{name}", "has rows of different lengths") from None


def _check(found: Preprocessing) -> None:
    """Raise StoredContentError where parts of a preprocessing do not go together."""
    columns = [encoder.name for encoder in found.encoders]
    twice = next((name for name, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise StoredContentError("inputs", f'column "{twice}" is there twice')
    expected, scaled = found.scaling.fitted_arrays, int(found.scaled_features.sum())
    if not scaled:
        expected = {}
    if found.fitted.keys() != expected.keys():
        raise StoredContentError(
            "fitted", f"has {_listed(found.fitted)}, the scaling needs {_listed(expected)}"
        )
    for name, dimensions in expected.items():
        array = found.fitted[name]
        if array.ndim != dimensions or array.shape[-1] != scaled or not array.size:
            there = " × ".join(map(str, array.shape))
            raise StoredContentError(f"fitted.{name}", f"has {there} numbers, for {scaled} scaled features")
    if found.image is not None and found.image.columns != found.inputs:
        raise StoredContentError("image", f"has {found.image.columns} pixels of {found.inputs} inputs")


def _listed(names: Collection[str]) -> str:
    return " and ".join(names) or "nothing"


def scale_features(x: Floats, features: Mask, scaling: Scaling, fitted: Fitted) -> Floats:
    """x (N, D), which may be changed, with these features (D,) scaled."""
    if features.all():
        return scaling.apply(fitted, x)
    if features.any():
        x[:, features] = scaling.apply(fitted, x[:, features])
    return x


def scaled_kinds(indicators: bool) -> tuple[InputKind, ...]:
    """The kinds of inputs that are scaled."""
    return WITH_INDICATORS if indicators else NUMBERS_ALONE


def encoders_for(scaling: Scaling, encoders: Sequence[Encoder]) -> tuple[Encoder, ...]:
    """The encoders that make what the scaling is given."""
    return with_open_gaps(encoders) if scaling.sees_gaps else tuple(encoders)


def fit_scaling(
    scaling: Scaling,
    encoders: Sequence[Encoder],
    table: Table,
    train: Indices,
    kinds: tuple[InputKind, ...] = NUMBERS_ALONE,
) -> Fitted:
    """The scaling's arrays, fitted on the features of these kinds in the rows `train`, block by block."""
    scaled = [one for one in encoders_for(scaling, encoders) if set(kinds) & set(one.kinds)]
    if not scaling.reads_rows:
        table, train = table.take(train[:0]), train[:0]
    fitted: list[Fitted] = []
    for block in _blocks(scaled, max(1, BLOCK // max(1, len(train)))):
        features = encode_columns(block, table, train)
        fitted.append(scaling.fit(np.asfortranarray(features[:, features_of(kinds, block)])))
    if not fitted:
        return {}
    arrays = {key: np.concatenate([one[key] for one in fitted], axis=-1) for key in fitted[0]}
    names = names_of(kinds, scaled)
    joined = scaling.join(arrays, names) if arrays else {}
    refuse_unscalable(joined, names, table)
    return joined


def _blocks(encoders: Sequence[Encoder], most: int) -> Iterator[list[Encoder]]:
    """The encoders in order, as many together as have no more than `most` features, but one at least."""
    block: list[Encoder] = []
    features = 0
    for encoder in encoders:
        features += len(encoder.kinds)
        if block and features > most:
            yield block
            block, features = [], len(encoder.kinds)
        block.append(encoder)
    if block:
        yield block


def refuse_unscalable(fitted: Fitted, names: Sequence[str], table: Table) -> None:
    """Raise DataError at the first scaled feature, of these columns, whose range is beyond float64."""
    for array in fitted.values():
        finite = np.isfinite(array).reshape(-1, array.shape[-1]).all(axis=0)
        if not finite.all():
            name = names[int(np.argmin(finite))]
            raise DataError(
                f'{table.origin}: column "{name}": its values are too far apart for data.scaling;'
                " divide the column by a power of ten"
            )
