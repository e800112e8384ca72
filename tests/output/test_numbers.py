"""How numbers are written for a person."""

import pytest

from nettrain.output import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.12345, "0.1235"),
        (0.0123456, "0.01235"),
        (1.0, "1.000"),
        (9.99951, "10.00"),
        (99.9996, "100.0"),
        (12.3456, "12.35"),
        (1234.56, "1235"),
        (54321.0, "54321"),
        (1234567.0, "1.23e+06"),
        (0.00084, "8.40e-04"),
        (0.0000123, "1.23e-05"),
        (-3.14159, "-3.142"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (None, "–"),
    ],
)
def test_figures(value: float | None, text: str) -> None:
    assert numbers.figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.5e-4, "350 µs"),
        (1.24e-3, "1.2 ms"),
        (0.35, "350 ms"),
        (4.51, "4.5 s"),
        (185.0, "3 min 05 s"),
        (7800.0, "2 h 10 min"),
    ],
)
def test_times(value: float, text: str) -> None:
    assert numbers.seconds(value) == text


def test_rates_and_counts() -> None:
    assert [numbers.rate(value) for value in (0.001, 0.00188976, 1e-7)] == ["0.001", "0.00189", "1e-07"]
    assert numbers.count(6570) == "6,570"
