"""Numbers as text for the user: few digits, constant width, units where there are any."""

import math


def figure(value: float | None) -> str:
    """A loss or metric: four significant digits, an exponent only for very small and very large values."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:#.4g}".removesuffix(".")
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e6 else f"{value:.2e}"


def four_digits(value: float) -> str:
    """Four significant digits, of small values too: 0.0003120."""
    return figure(value) if value == 0 or abs(value) >= 1e-3 else f"{value:#.4g}"


def short(value: float) -> str:
    """A figure in a sentence: three significant digits, integers in full."""
    return count(round(value)) if abs(value) < 1e6 and value == round(value) else f"{value:.3g}"


def spread(mean: float | None, sd: float | None) -> str:
    """A mean and its standard deviation, both to the decimals of the mean: 0.9658 ±0.0031."""
    known = mean is not None and sd is not None and math.isfinite(sd)
    return f"{figure(mean)} ±{deviation(mean, sd)}" if known else figure(mean)


def deviation(mean: float | None, sd: float | None) -> str:
    """A standard deviation, to the decimals that its mean is shown with."""
    text = figure(mean)
    if sd is None or not math.isfinite(sd) or "." not in text or "e" in text:
        return figure(sd)
    return f"{sd:.{len(text.partition('.')[2])}f}"


def rate(value: float) -> str:
    """A learning rate: its shortest form with three significant digits."""
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration: 350 µs, 1.2 ms, 4.5 s, 3 min 05 s, 2 h 10 min."""
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1e3:.{1 if value < 0.1 else 0}f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(value: int) -> str:
    """An integer with thousands separators: 6,570."""
    return f"{value:,}"


def epoch(value: float) -> str:
    """The number of an epoch, or of a part of one: 1,200 or 3.25."""
    return count(int(value)) if value == int(value) else f"{value:,.2f}"


def plural(number: int, noun: str) -> str:
    """`1 epoch`, `2 epochs`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def setting(value: object) -> str:
    """A setting as an experiment file spells it: 0.001, true, null, [0, 1]."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(setting, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {setting(inner)}' for key, inner in value.items())}}}"
    return "null" if value is None else str(value)
