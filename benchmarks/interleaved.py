"""Two things measured in turn, so that whatever else the machine does falls on both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

Measure = Callable[[], float]


def medians(first: Measure, second: Measure, rounds: int) -> tuple[float, float]:
    """The median of each over so many rounds, in the measures' own unit; one round before counts
    for nothing. Every other round begins with the second."""
    first(), second()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        order = ((0, first), (1, second)) if number % 2 else ((1, second), (0, first))
        for place, measure in order:
            found[place].append(measure())
    return median(found[0]), median(found[1])
