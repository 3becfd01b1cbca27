"""One column judged by itself: its seasons, the evidence against its rows, what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.metric_series.band import Band, band
from auditor.metric_series.counter import counts, growth
from auditor.metric_series.evidence import MEMBERS, Evidence, evidence, pooled
from auditor.metric_series.season import PERIODS_ROWS, PERIODS_S, seasons
from auditor.metric_series.views import levels
from baselines.series import BoolArray, FloatArray

GAP_STEPS: Final = 2.5
"""Rows further apart than so many usual steps are not neighbours."""


@dataclass(frozen=True, slots=True)
class Column:
    """Shape (m,) each; NaN where the value is missing.

    pooled: bits against the rows up to each. members: the same by member, not pooled.
    """

    pooled: FloatArray
    members: Mapping[str, FloatArray]
    band: Band


def judge_column(times: FloatArray, values: FloatArray, step: FloatArray, *, clock: bool) -> Column:
    """Judges the rows that have a value; those without are passed over.

    times, values, step: shape (m,); step: the usual step as known at each row, same unit as times.
    clock: whether times are seconds; otherwise they are numbers of rows.
    """
    rows = np.flatnonzero(np.isfinite(values))
    present, when, apart = values[rows], times[rows], step[rows]
    after_gap = np.diff(when, prepend=when[:1]) > GAP_STEPS * apart
    periods = PERIODS_S if clock else PERIODS_ROWS

    def judged(series: FloatArray) -> tuple[Evidence, Band]:
        level = levels(series)
        found = seasons(when, series, level.long, apart, periods)
        return evidence(series, level, after_gap, found), band(series, level.short, found)

    against, expected = judged(present)
    growing = counts(present)
    if growing.any():
        of_growth, more = judged(growth(present))
        against = _chosen(growing, of_growth, against)
        expected = _on_top(growing, present, more, expected)
    return Column(
        _spread_out(against.pooled, rows, values.size),
        {name: _spread_out(against.members[name], rows, values.size) for name in MEMBERS},
        Band(*(_spread_out(each, rows, values.size) for each in
               (expected.expected, expected.lower, expected.upper))),
    )  # fmt: skip


def _chosen(growing: BoolArray, first: Evidence, second: Evidence) -> Evidence:
    """Of the rows that are growing the first, of the others the second."""
    members = {
        name: np.where(growing, first.members[name], second.members[name]) for name in MEMBERS
    }
    joined = np.where(growing, first.joined, second.joined)
    return Evidence(members, joined, pooled(joined))


def _on_top(growing: BoolArray, values: FloatArray, more: Band, plain: Band) -> Band:
    """A counter is expected where it was, and the expected growth on top."""
    before = np.concatenate([[np.nan], values[:-1]])
    return Band(
        np.where(growing, before + more.expected, plain.expected),
        np.where(growing, before + more.lower, plain.lower),
        np.where(growing, before + more.upper, plain.upper),
    )


def _spread_out(values: FloatArray, rows: np.ndarray, m: int) -> FloatArray:
    """Values of some rows put back to their places, NaN elsewhere; shape (m,)."""
    out = np.full(m, np.nan)
    out[rows] = values
    return out
