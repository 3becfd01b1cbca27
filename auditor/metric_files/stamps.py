"""Instants of any table as epoch seconds: ISO 8601, or numbers since 1970 in any of four units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from baselines.series import FloatArray

ROW_NUMBERS: Final = 1e8
"""Numbers below are numbers of rows: as seconds they would lie before March 1973."""
EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""Epoch seconds of the first and last instant of the years 1 to 9999, UTC: no other has a name."""
UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))
"""Numbers below the first are in so many parts of a second: s, ms, µs, ns."""


def instants(cells: Sequence[str]) -> FloatArray:
    """Epoch seconds of each cell, shape (m,); NaN where it says no instant of the years 1 to 9999.

    An ISO time without a zone is taken as UTC. Numbers share one unit, that of their median.
    """
    numbers = np.array([_number(cell) for cell in cells], dtype=np.float64)
    known = np.isfinite(numbers)
    if known.any():
        middle = float(np.median(np.abs(numbers[known])))
        numbers /= next(parts for bound, parts in UNITS if middle < bound)
    for place in np.flatnonzero(~known).tolist():
        numbers[place] = iso(cells[place])
    with_a_name = (numbers >= EARLIEST) & (numbers <= LATEST)
    return np.where(with_a_name, numbers, np.nan)


def iso(cell: str) -> float:
    """Epoch seconds of an ISO 8601 time, NaN when it is none."""
    try:
        instant = datetime.fromisoformat(cell.strip())
    except ValueError:
        return math.nan
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.timestamp()


def are_row_numbers(stamps: FloatArray) -> bool:
    """Whether a column of numbers counts rows and says nothing of time; NaN is left out."""
    known = stamps[np.isfinite(stamps)]
    return bool(known.size) and float(np.abs(known).max()) < ROW_NUMBERS


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
