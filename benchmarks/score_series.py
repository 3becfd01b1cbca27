"""`score-series` on generated series with planted oddities, beside peers as they come.

    .venv/bin/python -m benchmarks.score_series [--seeds 4] [--first-seed 1000]

Prints a table: events found, alerts in no event, event F1, false alerts a series-week, the volume
under the PR curve, rows a second. Peers get their usual threshold and one alert for each run of
flagged rows; what they fit, they fit on the first 15 % of a series and freeze.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

import numpy as np

from auditor.metric_series.scoring import score_series
from baselines.series import BoolArray, FloatArray
from benchmarks.event_figures import Events, event_counts, volume_under_pr
from benchmarks.labelled_series import CARRIERS, ROWS, Labelled, labelled

WEEK_S = 7 * 86_400
SLACK = 0.004
"""Share of a series' rows that an alert may come after an event's end."""
RUN_GAP = 10
FIT = 0.15
ROLLING = 288

Verdict = tuple[FloatArray, BoolArray]
"""A score, and where an alert comes; shape (m,) each."""


def ours(series: Labelled) -> Verdict:
    """With defaults."""
    scored = score_series(series.times, series.values)
    return scored.surprise, scored.episode_opened


def three_sigma(series: Labelled) -> Verdict:
    """Distance from the mean of the last rows, in their deviations; an alert beyond 3."""
    x = series.values - series.values[0]
    total, square = (np.concatenate([[0.0], np.cumsum(each)]) for each in (x, x * x))
    last = np.arange(x.size)
    first = np.maximum(last - ROLLING, 0)
    n = np.maximum(last - first, 1)
    mean = (total[last] - total[first]) / n
    variance = np.maximum((square[last] - square[first]) / n - mean * mean, 0.0)
    away = np.abs(x - mean) / np.maximum(np.sqrt(variance), 1e-9 * (1 + np.abs(x)))
    away[: RUN_GAP * 2] = 0.0
    return away, runs(away > 3.0)


def isolation_forest(series: Labelled) -> Verdict:
    """scikit-learn's defaults; an alert where predict says so."""
    from sklearn.ensemble import IsolationForest

    rows, cut = series.values[:, None], int(FIT * series.values.size)
    forest = IsolationForest(random_state=0).fit(rows[:cut])
    strange = -forest.score_samples(rows)
    strange[:cut] = 0.0
    return strange, runs((forest.predict(rows) < 0) & (np.arange(len(rows)) >= cut))


def ecod(series: Labelled) -> Verdict:
    """PyOD's defaults, its contamination of 0.1 among them."""
    from pyod.models.ecod import ECOD

    rows, cut = series.values[:, None], int(FIT * series.values.size)
    model = ECOD().fit(rows[:cut])
    strange = np.asarray(model.decision_function(rows))
    strange[:cut] = 0.0
    return strange, runs((strange > model.threshold_) & (np.arange(len(rows)) >= cut))


def runs(flagged: BoolArray) -> BoolArray:
    """The first row of each run of flagged rows; a run ends after RUN_GAP rows that are not."""
    rows = np.flatnonzero(flagged)
    opened = np.zeros(flagged.size, dtype=bool)
    if rows.size:
        opened[rows[np.diff(rows, prepend=rows[0] - RUN_GAP - 1) > RUN_GAP]] = True
    return opened


def collection(seeds: Sequence[int]) -> Iterator[Labelled]:
    """Every carrier at every step for each seed; every sixth seed is healthy."""
    for seed in seeds:
        for carrier in CARRIERS:
            for step_s in ROWS:
                yield labelled(carrier, step_s, seed, healthy=seed % 6 == 5)


def measured(judge: Callable[[Labelled], Verdict], all_series: Sequence[Labelled]) -> list[str]:
    """One line of the table, without its name."""
    counts, volumes, weeks, rows = Events(), [], 0.0, 0
    began = time.perf_counter()
    verdicts = [judge(each) for each in all_series]
    took = time.perf_counter() - began
    for each, (score, opened) in zip(all_series, verdicts, strict=True):
        m = each.values.size
        counts += event_counts(opened, each.events, max(3, int(SLACK * m)))
        if each.events:
            volumes.append(volume_under_pr(score, each.events))
        weeks += m * each.step_s / WEEK_S
        rows += m
    return [
        f"{counts.found}/{counts.all}",
        f"{counts.false}",
        f"{counts.f1:.2f}",
        f"{counts.false / weeks:.2f}",
        f"{np.mean(volumes):.2f}" if volumes else "",
        f"{rows / took:,.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 1 when ours is not the best by event F1."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=4)
    options.add_argument("--first-seed", type=int, default=1000)
    options.add_argument("--carrier", action="append", choices=list(CARRIERS))
    chosen = options.parse_args(arguments)
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    wanted = chosen.carrier or list(CARRIERS)
    all_series = [each for each in collection(seeds) if each.carrier in wanted]
    peers: dict[str, Callable[[Labelled], Verdict]] = {
        "score-series": ours, "3 sigma, rolling": three_sigma, "IsolationForest": isolation_forest,
    }  # fmt: skip
    if find_spec("pyod") is not None:
        peers["ECOD (PyOD)"] = ecod
    print(f"{len(all_series)} series, {sum(len(each.events) for each in all_series)} oddities")
    form = "{:18} {:>9} {:>7} {:>5} {:>9} {:>7} {:>10}"
    print(form.format("", "found", "false", "F1", "false/wk", "VUS-PR", "rows/s"))
    best: dict[str, float] = {}
    for name, judge in peers.items():
        line = measured(judge, all_series)
        best[name] = float(line[2])
        print(form.format(name, *line))
    return 0 if best["score-series"] >= max(best.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
