"""Things measured in turn, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

Measure = Callable[[], float]


def medians(first: Measure, second: Measure, rounds: int) -> tuple[float, float]:
    """The median of each over so many rounds, in the measures' own unit; one round before counts
    for nothing. Every other round begins with the second."""
    one, other = medians_of((first, second), rounds)
    return one, other


def medians_of(measures: Sequence[Measure], rounds: int) -> list[float]:
    """The same of any number; each round begins one measure earlier than the one before."""
    for measure in measures:
        measure()
    found: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        for place in range(len(measures)):
            turn = (place + len(measures) - 1 - number) % len(measures)
            found[turn].append(measures[turn]())
    return [median(times) for times in found]
