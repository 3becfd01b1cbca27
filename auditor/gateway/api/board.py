"""The hit rate of every series over the last hours, with what was to be expected of it.

It is worked out once for each newly closed minute, however many pages ask.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from fastapi import Request
from psycopg import Connection

from auditor.maintaining.cover import under_maintenance
from auditor.stores.current import (
    count_minutes_with_traffic,
    read_lookups,
    read_metric_baselines,
)
from auditor.stores.maintenance import read_maintenance
from baselines.baseline import Baseline
from baselines.expectation import LOOKBACK, expect
from baselines.metrics import BY_NAME
from baselines.series import FloatArray, SeriesKey
from baselines.store import instant, list_baselines

COURSE: Final = 180
"""Minutes that are shown."""
STEP: Final = 5
"""Minutes that one point of them adds up."""
LEARNED_FROM: Final = 3 * 1440
"""Minutes in which is looked for what a series can be learned from."""
HIT_RATE: Final = BY_NAME["hit_rate"]


@dataclass(frozen=True, slots=True)
class Course:
    """One series over [start, start + COURSE), epoch minutes; in percent, NaN = not known.

    hit_rate, lower, upper: shape (COURSE / STEP,); the band is the mean of its minutes' bands.
    last_centre, last_lower, last_upper: of the last minute.
    """

    start: int
    hit_rate: FloatArray
    lower: FloatArray
    upper: FloatArray
    last_centre: float
    last_lower: float
    last_upper: float
    held: bool


class Board:
    """What was worked out last, and what of it holds for longer. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[int, frozenset[SeriesKey]] | None = None
        self._courses: Mapping[SeriesKey, Course] = {}
        self._counted: tuple[int, frozenset[SeriesKey]] | None = None
        self._traffic: Mapping[SeriesKey, int] = {}
        self._ids: tuple[int, ...] = ()
        self._baselines: dict[SeriesKey, Baseline] = {}

    def courses(
        self, connection: Connection, keys: Sequence[SeriesKey], until: int
    ) -> Mapping[SeriesKey, Course]:
        """Of these series up to epoch minute `until`."""
        with self._lock:
            if self._made != (until, frozenset(keys)):
                baselines = self._in_force(connection)
                self._courses = _courses(connection, keys, until, baselines)
                self._made = (until, frozenset(keys))
            return self._courses

    def with_traffic(
        self, connection: Connection, keys: Sequence[SeriesKey], until: int
    ) -> Mapping[SeriesKey, int]:
        """Minutes with operations of these series, in the days up to epoch minute `until`."""
        with self._lock:
            if self._counted != (until, frozenset(keys)):
                since = instant(until - LEARNED_FROM)
                self._traffic = count_minutes_with_traffic(connection, keys, since)
                self._counted = (until, frozenset(keys))
            return self._traffic

    def _in_force(self, connection: Connection) -> dict[SeriesKey, Baseline]:
        """The baselines in force, read again only when they have changed."""
        stored = list_baselines(connection)
        ids = tuple(each.id for each in stored)
        if ids != self._ids:
            self._baselines = read_metric_baselines(connection, stored, HIT_RATE.name)
            self._ids = ids
        return self._baselines


def board_of(request: Request) -> Board:
    """The application's, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "board"):
        state.board = Board()
    board: Board = state.board
    return board


def _courses(
    connection: Connection,
    keys: Sequence[SeriesKey],
    until: int,
    baselines: Mapping[SeriesKey, Baseline],
) -> dict[SeriesKey, Course]:
    first = until - COURSE
    windows = read_lookups(connection, keys, first - LOOKBACK, until)
    maintenances = read_maintenance(
        connection, instant(windows.start), instant(until) + timedelta(minutes=1)
    )
    held = under_maintenance(windows.keys, windows.minutes(), maintenances)
    expected = expect(HIT_RATE, windows, baselines, held if held.any() else None).after(LOOKBACK)
    hits, misses = (windows.column(name)[LOOKBACK:] for name in ("hits", "misses"))
    summed = _steps(hits), _steps(misses)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = HIT_RATE.scale * summed[0] / (summed[0] + summed[1])
    lower, upper = (_means(each) for each in (expected.lower, expected.upper))
    return {
        key: Course(
            first, rate[:, n], lower[:, n], upper[:, n], float(expected.centre[-1, n]),
            float(expected.lower[-1, n]), float(expected.upper[-1, n]), bool(held[-1, n]),
        )
        for n, key in enumerate(keys)
    }  # fmt: skip


def _means(values: FloatArray) -> FloatArray:
    """Means of STEP rows, alike."""
    return _steps(values) / np.maximum(_steps(np.isfinite(values).astype(np.float64)), 1.0)


def _steps(values: FloatArray) -> FloatArray:
    """Sums of STEP rows, of those that are known; NaN where none is. Shape (COURSE / STEP, n)."""
    parts = values.reshape(COURSE // STEP, STEP, -1)
    known = np.isfinite(parts)
    return np.where(known.any(axis=1), np.where(known, parts, 0.0).sum(axis=1), np.nan)
