"""A row's judgement rests on rows up to it: score(prefix) is score(whole)[:prefix], to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.metric_series.scoring import Scored, score_series
from baselines.series import FloatArray
from benchmarks.labelled_series import CARRIERS, START, labelled

CUTS = (1, 2, 3, 9, 101, 257, 700, 1023, 1181)
ROWS = 1200


def same(part: Scored, whole: Scored, rows: int) -> None:
    """All arrays of the part are the first rows of the whole's."""
    names = (
        "score", "surprise", "expected", "lower", "upper", "episode_opened", "episode",
        "contributions", "leading",
    )  # fmt: skip
    for name in names:
        one, other = getattr(part, name), getattr(whole, name)[:rows]
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
    for name, voice in part.voices.items():
        assert np.array_equal(voice, whole.voices[name][:rows], equal_nan=True), name


def check(times: FloatArray | None, values: FloatArray) -> Scored:
    whole = score_series(times, values)
    for cut in CUTS:
        same(score_series(None if times is None else times[:cut], values[:cut]), whole, cut)
    return whole


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_carrier_is_judged_by_its_future(carrier: str) -> None:
    series = labelled(carrier, 3600, seed=21)
    whole = check(series.times[:ROWS], series.values[:ROWS])
    assert np.isfinite(whole.surprise[100:]).all()


def test_neither_is_a_series_with_holes_uneven_steps_and_doubles() -> None:
    random = np.random.default_rng(5)
    values = labelled("seasonal", 3600, seed=4).values[:ROWS].copy()
    values[random.random(ROWS) < 0.1] = np.nan
    values[400:460] = np.nan
    steps = random.choice([0.0, 600.0, 3600.0, 3700.0, 20_000.0], ROWS)
    whole = check(START + np.cumsum(steps), values)
    assert np.array_equal(np.isnan(whole.contributions[:, 0]), np.isnan(values))


def test_neither_are_rows_with_numbers_only() -> None:
    whole = check(None, labelled("traffic", 3600, seed=8).values[:ROWS])
    assert np.isfinite(whole.voices["season"]).any(), "a day of 24 rows was found"


def test_neither_are_several_columns_together() -> None:
    columns = np.column_stack(
        [labelled(each, 3600, seed=30).values[:ROWS] for each in ("seasonal", "ratio", "heavy")]
    )
    columns[300:320, 1] = np.nan
    columns[500, :] = np.nan
    whole = check(START + 3600 * np.arange(float(ROWS)), columns)
    assert np.isfinite(whole.voices["forest"]).any()
    assert np.isfinite(whole.voices["residual"]).any()
    assert np.isnan(whole.score[500])


def test_scoring_twice_gives_the_same_bits() -> None:
    columns = np.column_stack([labelled("walk", 3600, seed=each).values[:600] for each in (1, 2)])
    same(score_series(None, columns), score_series(None, columns), 600)
