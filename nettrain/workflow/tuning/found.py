"""What a tuning has found, in figures that say how far they can be trusted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time

import numpy as np

from nettrain.backend.base import Floats
from nettrain.inference.ensemble_selection import ChoosingRows, best_alone, select_ensemble
from nettrain.inference.selection_trust import (
    Choose,
    CorrectedValue,
    TrustedFigure,
    corrected_value,
    trusted,
)
from nettrain.store.summary import RunSummary
from nettrain.store.trained_ensemble import EnsembleMember
from nettrain.store.tune_summary import FoundJson, SeedFigures, TrustedJson, TunedFigures
from nettrain.sweep.sweep import Sweep
from nettrain.workflow.chosen_networks import Chosen, choosing_rows, counted, on_split
from nettrain.workflow.tuning.candidates import KeptTrial

RESAMPLES, RESAMPLES_OF_ENSEMBLE = 200, 100  # at most
SHARE_OF_SINGLE = 0.3  # of the time for corrections
SEED = "seed"


@dataclass(frozen=True, eq=False)
class ChosenNetworks:
    """The candidates of an ensemble, the rows that choose, and what was chosen: one alone, and several."""

    candidates: Sequence[KeptTrial]
    rows: ChoosingRows
    taken: Sequence[int]
    alone: int

    @property
    def predictions(self) -> list[Floats]:
        """The predictions (N, K) of each candidate for the rows that choose."""
        return [one.predictions.values for one in self.candidates]

    @property
    def chosen(self) -> list[Chosen[KeptTrial]]:
        """The networks of the ensemble."""
        return counted(self.candidates, self.taken)

    @property
    def single(self) -> list[Chosen[KeptTrial]]:
        """The best network alone."""
        return counted(self.candidates, [self.alone])


@np.errstate(all="ignore")  # what is not finite is reported in words
def select(candidates: Sequence[KeptTrial], metric: str) -> ChosenNetworks:
    """Choose an ensemble, and the best network alone, of which a run can repeat the training."""
    rows = choosing_rows(candidates[0], candidates[0].predictions, metric)
    predictions = [one.predictions.values for one in candidates]
    own_end = [k for k, one in enumerate(candidates) if not one.result.out_of_time]
    alone = own_end or list(range(len(candidates)))
    (best,) = best_alone([predictions[k] for k in alone], rows)
    return ChosenNetworks(candidates, rows, select_ensemble(predictions, rows), alone[best])


@dataclass(frozen=True)
class _Trust:
    """Figures of choices among the candidates, with corrections that take until `ends`, a time of day (s)."""

    selection: ChosenNetworks
    seed: int
    ends: float

    def figures(
        self, chosen: Sequence[Chosen[KeptTrial]], choose: Choose, most: int, share: float
    ) -> TunedFigures:
        """Those of the rows that chose, and of test rows."""
        until = time() + share * max(self.ends - time(), 0.0)
        selection = self.selection
        corrected = corrected_value(
            selection.predictions,
            selection.rows,
            choose,
            most=most,
            seed=self.seed,
            enough=lambda: time() >= until,
        )
        val, test = self._on(chosen, "validation", corrected), self._on(chosen, "test")
        assert val is not None, "there are rows that choose"
        return {"val": val, "test": test}

    def _on(
        self, chosen: Sequence[Chosen[KeptTrial]], split: str, corrected: CorrectedValue | None = None
    ) -> TrustedJson | None:
        measured = on_split(chosen, split)
        if measured is None:
            return None
        predictions = measured.predict()
        rows = ChoosingRows(
            self.selection.rows.task, self.selection.rows.metric, predictions.y, predictions.rows.weight
        )
        return _json(trusted(rows, predictions.values, seed=self.seed, corrected=corrected))


def _json(figure: TrustedFigure) -> TrustedJson:
    corrected = figure.corrected
    return {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "rows": figure.rows,
        "corrected": corrected.value if corrected else None,
        "resamples": corrected.resamples if corrected else 0,
    }


@np.errstate(all="ignore")
def found_json(
    selection: ChosenNetworks,
    sweep: Sweep,
    ensemble: RunSummary,
    *,
    folder: str,
    ends: float,
    measured_before: int,
    on_step: Callable[[], None],
) -> FoundJson:
    """The figures of the best network and of the ensemble; corrections are measured until `ends`."""
    trust = _Trust(selection, sweep.space.settings.seed, ends)
    on_step()
    single = trust.figures(selection.single, best_alone, RESAMPLES, SHARE_OF_SINGLE)
    on_step()
    several = trust.figures(selection.chosen, select_ensemble, RESAMPLES_OF_ENSEMBLE, 1.0)
    metric, constants = selection.rows.metric, ensemble.get("baseline")
    by_split = {} if constants is None else constants["metrics"]
    networks: list[EnsembleMember] = [
        {"network": one.candidate.number, "count": one.count} for one in selection.chosen
    ]
    has_test = single["test"] is not None
    return {
        "metric": metric,
        "single": {"trial": selection.single[0].candidate.number, **single},
        "ensemble": {
            "networks": networks,
            "candidates": len(selection.candidates),
            "folder": folder,
            **several,
        },
        "constant": {split: by_split.get(split, {}).get(metric) for split in ("val", "test")},
        "better": "ensemble" if _is_better(several, single, selection.rows) else "single",
        "seeds": seed_figures(sweep),
        "test_measured": measured_before + has_test,
    }


def _is_better(several: TunedFigures, single: TunedFigures, rows: ChoosingRows) -> bool:
    """Whether several are better than one by the corrected figures."""
    corrected = [one["val"]["corrected"] for one in (several, single)]
    first, second = (np.nan if one is None else one for one in corrected)
    return bool(first > second if rows.maximizes else first < second)


def seed_figures(sweep: Sweep) -> SeedFigures | None:
    """The metric of the best settings with the first seed and with others; None where there are no others."""
    by_settings: dict[str, list[int]] = {}
    for one in sweep.best:
        if not one.out_of_time:
            values = sweep.trials[one.trial - 1].values
            key = repr({name: value for name, value in values.items() if name != SEED})
            by_settings.setdefault(key, []).append(one.trial)
    several = [sorted(trials) for trials in by_settings.values() if len(trials) > 1]
    if not several:
        return None
    metric, (first, *others) = sweep.goal.metric, max(several, key=len)
    own, *figures = (sweep.results[trial].figures[metric] for trial in (first, *others))
    sd = float(np.std(figures, ddof=1)) if len(figures) > 1 else None
    return {"trial": first, "own": own, "others": figures, "mean": float(np.mean(figures)), "sd": sd}
