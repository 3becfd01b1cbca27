"""What of the past is not learned: problems, and all that was before a new normal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from baselines.series import BoolArray, SeriesKey, Windows

LEARNED_ANYWAY = ("false-alarm", "new-normal")
"""Reasons after which a problem's windows are learned all the same."""


@dataclass(frozen=True, slots=True)
class Problem:
    """When a series had a problem, minutes [first, until), and what a person said of it.

    until: None while it lasts. reason: of the acknowledgement, None without one.
    """

    key: SeriesKey
    first: int
    until: int | None
    reason: str | None = None


def unlearnable(windows: Windows, problems: Iterable[Problem]) -> BoolArray:
    """Windows that are not learned from, shape (m, n).

    Those inside a problem, unless it was a false alarm; and all before a new normal began.
    """
    out = np.zeros(windows.shape, dtype=np.bool_)
    columns = {key: column for column, key in enumerate(windows.keys)}
    for problem in problems:
        column = columns.get(problem.key)
        if column is None:
            continue
        first = max(problem.first - windows.start, 0)
        if problem.reason == "new-normal":
            out[:first, column] = True
        elif problem.reason not in LEARNED_ANYWAY:
            until = windows.end if problem.until is None else problem.until
            out[first : max(until - windows.start, 0), column] = True
    return out
