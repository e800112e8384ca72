"""The progress table and the plain lines, to the letter."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from nettrain.output.progress import EpochSample, LiveProgress, PlainProgress, latest, progress, thinned
from nettrain.output.training_view import show_progress
from nettrain.training.diagnostics.epoch_summary import EpochSummarizer, EpochSummary
from nettrain.training.events import AdviceGiven, EpochDone


def event(epoch: float, epochs: int, loss: float, *, better: bool = False, penalty: float = 0.0) -> EpochDone:
    steps = {"running_loss": 3 * loss, "objective": 3 * loss + penalty}
    figures = {**steps, "train_loss": loss, "val_loss": 2 * loss, "val_accuracy": 0.9}
    return EpochDone(
        epoch=epoch,
        epochs=epochs,
        step=int(10 * epoch),
        members=np.array([0]),
        learning_rate=np.array([0.01]),
        figures={name: np.array([value]) for name, value in figures.items()},
        better=np.array([better]),
        evaluated=True,
        step_seconds=0.001,
        seconds=0.002,
    )


def plain(events: list[EpochDone]) -> list[str]:
    out = StringIO()
    display = PlainProgress(Console(file=out, width=80))
    for one in events:
        display.epoch(one)
    display.close()
    return out.getvalue().splitlines()


def test_plain_lines_to_the_letter() -> None:
    assert plain([event(1, 2, 0.5, better=True), event(2, 2, 0.25, penalty=0.1)]) == [
        "epoch 1/2  train loss 0.5000  val loss 1.000  val accuracy 0.9000  rate 0.01  2.0 ms, 2.0 ms left  best",
        "epoch 2/2  train loss 0.2500  val loss 0.5000  val accuracy 0.9000  objective 0.8500  rate 0.01  2.0 ms",
    ]


def test_plain_lines_are_thinned_in_a_long_run() -> None:
    lines = plain([event(k, 1000, 1 / k) for k in range(1, 1001)])
    assert len(lines) == 21
    assert [line.split()[1] for line in lines[:3]] == ["1/1000", "50/1000", "100/1000"]
    assert lines[-1].startswith("epoch 1000/1000")


def test_no_time_is_left_when_all_is_over() -> None:
    lines = plain([event(k, 100, 0.5 if k == 7 else 1.0, better=k == 7) for k in range(1, 9)])
    assert ["7/100", "8/100"] == [line.split()[1] for line in lines[-2:]]
    assert not [line for line in lines[-2:] if "left" in line]


def test_the_time_left_follows_from_whole_epochs_and_from_parts() -> None:
    def left(*epochs: float) -> str:
        summarizer = EpochSummarizer()
        return f"{[summarizer.summarize(event(epoch, 10, 1.0)) for epoch in epochs][-1].left:.4f}"

    assert left(0) == "0.0000"  # nothing is known yet
    assert left(0, 1) == "0.0180"  # 2 ms for an epoch, nine are left
    assert left(0, 0.5) == "0.0380"  # 2 ms for half an epoch
    assert left(7) == "0.0060"  # resumed after six
    assert left(6.25) == "0.0300"


def live(events: list[EpochDone], height: int = 30) -> str:
    console = Console(file=StringIO(), width=80, height=height, force_terminal=True, record=True)
    display = LiveProgress(console)
    for one in events:
        display.epoch(one)
    display.close()
    return console.export_text()


def test_the_last_picture_of_the_live_table_to_the_letter() -> None:
    text = live([event(1, 3, 0.5), event(2, 3, 0.25, better=True), event(3, 3, 0.3)])
    last = text[text.rindex(" epoch   train loss") :]
    assert last.splitlines() == [
        " epoch   train loss   val loss   val accuracy   rate     time     left          ",
        " ────────────────────────────────────────────────────────────────────────────── ",
        "     1       0.5000      1.000         0.9000   0.01   2.0 ms   4.0 ms          ",
        "     2       0.2500     0.5000         0.9000   0.01   2.0 ms   2.0 ms   ● best ",
        "     3       0.3000     0.6000         0.9000   0.01   2.0 ms                   ",
        "                                                                                ",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  3/3 epochs  done",
    ]


@pytest.mark.parametrize("width", [60, 70, 80, 120])
def test_the_table_goes_without_columns_rather_than_cut_them(width: int) -> None:
    console = Console(file=StringIO(), width=width, force_terminal=True, record=True)
    display = LiveProgress(console)
    display.epoch(event(1, 19999, 0.000084, better=True, penalty=0.1))
    display.close()
    text = console.export_text()
    lines = text[text.rindex(" epoch   train loss") :].splitlines()
    assert all(len(line) <= width for line in lines)
    assert "…" not in "".join(lines)
    header = next(line for line in lines if "epoch" in line)
    assert ("left" in header, "time" in header, "objective" in header) == {
        60: (False, False, False),
        70: (False, False, True),
        80: (False, True, True),
        120: (True, True, True),
    }[width]
    assert "●" in "".join(lines)


def test_lines_of_a_stopped_run_end_with_its_best_and_last_epoch() -> None:
    lines = plain([event(k, 1000, abs(k - 33) + 1, better=k == 33) for k in range(1, 38)])
    assert [line.split()[1] for line in lines] == ["1/1000", "33/1000", "37/1000"]
    assert lines[1].endswith("best")


def test_epochs_that_were_not_evaluated_are_not_in_the_table() -> None:
    text = live([event(1, 3, 0.5), replace(event(2, 3, 0.25), evaluated=False), event(3, 3, 0.3)])
    last = text[text.rindex(" epoch   train loss") :]
    assert [line.split()[0] for line in last.splitlines()[2:4]] == ["1", "3"]


def test_a_run_that_stops_early_says_so() -> None:
    assert live([event(1, 9, 0.5)]).rstrip().endswith("1/9 epochs  stopped")


@pytest.mark.parametrize("count", [1, 5, 12, 13, 100, 1000])
@pytest.mark.parametrize("best", [0, 3, 99])
def test_the_rows_that_are_shown(count: int, best: int) -> None:
    best = min(best, count - 1)
    for rows in (latest(count, best, 12), thinned(count, best, 12)):
        assert len(rows) <= 12
        assert rows == sorted(set(rows))
        assert {best, count - 1} <= set(rows)
    assert thinned(count, best, 12)[0] == 0
    assert latest(count, best, 12)[1:] == list(range(count))[-len(latest(count, best, 12)) :][1:]


def test_the_console_decides() -> None:
    assert isinstance(progress(Console(file=StringIO()), quiet=False), PlainProgress)
    assert isinstance(progress(Console(file=StringIO(), force_terminal=True), quiet=False), LiveProgress)


def many(epoch: int, epochs: int, losses: list[float], *, members: list[int] | None = None) -> EpochDone:
    """An epoch of several members."""
    values = np.array(losses)
    steps = {"running_loss": 3 * values, "objective": 3 * values}
    figures = {**steps, "train_loss": values, "val_loss": 2 * values, "val_accuracy": 1 - values}
    return replace(
        event(epoch, epochs, 1.0),
        members=np.array(members or range(len(losses))),
        learning_rate=np.full(len(losses), 0.01),
        figures=figures,
        better=np.ones(len(losses), dtype=bool),
    )


def test_several_members_are_shown_as_mean_and_deviation() -> None:
    assert plain([many(1, 2, [0.5, 0.4, 0.3]), many(2, 2, [0.3, 0.1], members=[0, 2])]) == [
        "epoch 1/2  train loss 0.4000 ±0.1000  val loss 0.8000 ±0.2000  val accuracy 0.6000 ±0.1000"
        "  rate 0.01  3 of 3 members  2.0 ms, 2.0 ms left",
        "epoch 2/2  train loss 0.2000 ±0.1414  val loss 0.4000 ±0.2828  val accuracy 0.8000 ±0.1414"
        "  rate 0.01  2 of 3 members  2.0 ms",
    ]


def test_the_live_table_of_several_members_to_the_letter() -> None:
    text = live([many(1, 2, [0.5, 0.4, 0.3]), many(2, 2, [0.3], members=[0])])
    last = text[text.rindex(" epoch  ") :]
    assert [line.rstrip() for line in last.splitlines()] == [
        " epoch       train loss         val loss     val accuracy   members   rate",
        " ────────────────────────────────────────────────────────────────────────────",
        "     1   0.4000 ±0.1000   0.8000 ±0.2000   0.6000 ±0.1000         3   0.01",
        "     2           0.3000           0.6000           0.7000         1   0.01",
        "",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  2/2 epochs  done",
    ]


def row(epoch: int, *, better: bool = False) -> EpochSummary:
    return EpochSummary(epoch, 10**9, {}, {}, 1, 1, 0.01, 0.0, 0.0, better)


def test_a_run_of_any_length_is_kept_in_little_memory() -> None:
    sample = EpochSample(limit=64)
    for epoch in range(1, 10_001):
        sample.add(row(epoch, better=epoch == 777))
    assert len(sample._spread) <= 64
    assert [one.epoch for one in sample.latest(4)] == [777, 9998, 9999, 10_000]
    shown = [one.epoch for one in sample.thinned(12)]
    assert {1, 777, 10_000} <= set(shown)
    assert shown == sorted(shown)
    assert len(shown) <= 12
    gaps = np.diff([one.epoch for one in sample._spread])
    assert gaps.min() == gaps.max()  # evenly spread


def test_a_short_run_is_shown_as_it_was() -> None:
    sample = EpochSample()
    for epoch in range(1, 9):
        sample.add(row(epoch, better=epoch == 3))
    assert [one.epoch for one in sample.thinned(12)] == list(range(1, 9))
    assert sample.best is not None
    assert sample.best.epoch == 3


def test_advice_stands_above_the_live_table_and_none_is_shown_when_quiet() -> None:
    advice = AdviceGiven("learning rate", 3, "the loss rises: a smaller learning rate")
    out = StringIO()
    display = LiveProgress(Console(file=out, width=80, force_terminal=True, color_system=None))
    with_nothing = len(out.getvalue())
    display.advice(advice)
    assert "advice, epoch 3 the loss rises: a smaller learning rate" in out.getvalue()[with_nothing:]
    display.close()
    assert "train loss" not in out.getvalue()
    quiet = progress(Console(file=(silent := StringIO())), quiet=True)
    quiet.advice(advice)
    quiet.close()
    assert "" == silent.getvalue()


def test_the_display_of_a_training_is_told_of_advice() -> None:
    out = StringIO()
    with show_progress(Console(file=out, width=80), quiet=False) as on_event:
        on_event(AdviceGiven("learning rate", 3, "the loss rises"))
    assert "advice, epoch 3: the loss rises\n" == out.getvalue()
