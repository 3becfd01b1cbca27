"""Alerts against labelled incidents: what is counted, by the rules of the cachelab's scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.backtesting.lines import instant
from baselines.series import BoolArray, Windows
from benchmarks.healthy_traffic import DAY

WITHIN = 5
"""Minutes within which an incident must be told to be found in time."""
GRACE = 15
"""Minutes after an incident's end at which an alert still belongs to it."""
RUN_GAP = 5
"""Minutes without an alert that end a run of them."""
Alert = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figures:
    """weeks: of one series. within, ever: incidents found in time and at all. delays: minutes, of
    an incident that was not found its length."""

    incidents: int
    within: int
    ever: int
    false: int
    weeks: float
    delays: tuple[float, ...]

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.incidents + other.incidents, self.within + other.within,
                       self.ever + other.ever, self.false + other.false,
                       self.weeks + other.weeks, self.delays + other.delays)  # fmt: skip

    @property
    def f1(self) -> float:
        """Of recall in time and of the share of incidents among all that was alerted."""
        recall = self.within / max(self.incidents, 1)
        precision = self.ever / max(self.ever + self.false, 1)
        return 2 * recall * precision / max(recall + precision, 1e-9)


@dataclass(frozen=True, slots=True)
class Workload:
    """first: rows that nothing is alerted in, to learn from. judge: alert lines -> figures."""

    name: str
    windows: Windows
    first: int
    judge: Callable[[Sequence[Alert]], Figures]


def alert_lines(windows: Windows, flags: BoolArray) -> list[Alert]:
    """A line for each flagged window. flags: shape (m, n)."""
    return [
        {
            "window_start": instant(windows.start + int(row)).isoformat(),
            "cache": windows.keys[column].cache_name,
            "implementation_type": windows.keys[column].implementation_type,
        }
        for row, column in np.argwhere(flags)
    ]


def judged(
    windows: Windows,
    alerts: Sequence[Alert],
    events: Sequence[tuple[int, int, int]],
    first: int,
) -> Figures:
    """events: (column, first row, row after the last). A run of alerts that meets none is false."""
    flags = _flags(windows, alerts)
    flags[:first] = False
    delays: list[float] = []
    within = ever = false = 0
    for column, since, until in events:
        rows = np.flatnonzero(flags[since : until + GRACE, column])
        ever, within = ever + bool(rows.size), within + bool(rows.size and rows[0] <= WITHIN)
        delays.append(float(rows[0]) if rows.size else float(until - since))
    for column in range(len(windows.keys)):
        own = [(since, until) for at, since, until in events if at == column]
        for begin, end in _runs(np.flatnonzero(flags[:, column]).tolist()):
            false += not any(begin < until + GRACE and end > since for since, until in own)
    weeks = (windows.shape[0] - first) / (7 * DAY) * len(windows.keys)
    return Figures(len(events), within, ever, false, weeks, tuple(delays))


def _flags(windows: Windows, alerts: Sequence[Alert]) -> BoolArray:
    at = {(key.cache_name, key.implementation_type): i for i, key in enumerate(windows.keys)}
    minutes = [str(each["window_start"]) for each in alerts]
    rows = np.array(minutes, dtype=object)
    flags = np.zeros(windows.shape, dtype=np.bool_)
    for row, each in zip(rows, alerts, strict=True):
        minute = int(np.datetime64(row[:16], "m").astype(np.int64))
        flags[minute - windows.start, at[each["cache"], each["implementation_type"]]] = True  # type: ignore[index]
    return flags


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """First row, and row after the last, of each run."""
    out: list[tuple[int, int]] = []
    for row in rows:
        if out and row - out[-1][1] < RUN_GAP:
            out[-1] = (out[-1][0], row + 1)
        else:
            out.append((row, row + 1))
    return out
