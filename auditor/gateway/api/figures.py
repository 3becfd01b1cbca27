"""The last window of each series as plain figures, and arrays as JSON takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Final

import numpy as np

from auditor.windows.minutes import from_epoch_minute
from baselines.metrics import BY_NAME, values
from baselines.series import FloatArray, SeriesKey, Windows

METRICS: Final = ("hit_rate", "traffic", "p95_response_time_ms", "error_rate")


class Figures:
    """The last window of each series within a few minutes. windows: of those minutes."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._column = {key: place for place, key in enumerate(windows.keys)}
        present = windows.present()
        rows = np.where(present, np.arange(windows.shape[0])[:, None], -1)
        self._row = rows.max(axis=0, initial=-1)
        self._metrics: Mapping[str, FloatArray] = {
            name: values(BY_NAME[name], windows)[0] for name in METRICS
        }

    def last_minute(self, key: SeriesKey) -> datetime | None:
        """The start of its last window, None without any."""
        row = int(self._row[self._column[key]])
        return None if row < 0 else from_epoch_minute(self._windows.start + row)

    def of(self, key: SeriesKey) -> dict[str, float | None]:
        """The figures of its last window by the names of SeriesNow; {} without any."""
        row, column = int(self._row[self._column[key]]), self._column[key]
        if row < 0:
            return {}
        grids = {name: self._windows.column(name) for name in ("errors", "completeness")}
        at = {name: float(grid[row, column]) for name, grid in {**self._metrics, **grids}.items()}
        named = {
            "hit_rate_percent": at["hit_rate"],
            "traffic_per_min": at["traffic"],
            "p95_response_time_ms": at["p95_response_time_ms"],
            "error_rate_percent": at["error_rate"],
            "errors_per_min": at["errors"],
            "completeness_ratio": at["completeness"],
            "minute": float(self._windows.start + row),
        }
        return {name: known(value) for name, value in named.items()}


def known(value: float) -> float | None:
    """None for what JSON cannot say."""
    return value if isfinite(value) else None


def numbers(values: FloatArray) -> list[float | None]:
    """Shape (m,); three digits after the point are more than a picture shows."""
    return [round(value, 3) if isfinite(value) else None for value in values.tolist()]
