"""What two implementations are compared by: a new measure is one new line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.comparing.errors import UnknownMeasure

Better = Literal["up", "down"]
Unit = Literal["points", "%"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of an implementation.

    value_unit: of the figure itself. unit: of a difference, in points of a rate or in percent of
    the baseline's figure. margin: a difference below it, in that unit, is nobody's business.
    share: of the wrong verdicts that are allowed; the shares of all measures make 1 (Bonferroni).
    above, below: columns that are added up, of a rate or a mean. quantile: of the response times of
    gets, for a measure that has no columns.
    """

    name: str
    title: str
    value_unit: str
    unit: Unit
    better: Better
    margin: float
    share: float
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    quantile: float | None = None

    @property
    def scale(self) -> float:
        """What a plain quotient is multiplied by to be a figure for people."""
        return 100.0 if self.value_unit == "%" else 1.0


GETS = ("hits", "misses")
MEASURES = (
    Measure("hit_rate", "hit rate", "%", "points", "up", 0.5, 0.5, ("hits",), GETS),
    Measure(
        "miss_cost_ms",
        "miss cost",
        "ms/get",
        "%",
        "down",
        5.0,
        0.2,
        ("miss_latency_sum_ms",),
        GETS,
    ),
    Measure("p50_ms", "median time", "ms", "%", "down", 10.0, 0.05, quantile=0.50),
    Measure("p95_ms", "95th percentile", "ms", "%", "down", 10.0, 0.05, quantile=0.95),
    Measure("p99_ms", "99th percentile", "ms", "%", "down", 10.0, 0.05, quantile=0.99),
    Measure(
        "error_rate",
        "error rate",
        "%",
        "points",
        "down",
        0.1,
        0.15,
        ("errors",),
        ("total_operations",),
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def margins(given: Mapping[str, float]) -> dict[str, float]:
    """The margin of every measure, with those that are given in place of the defaults.

    Raises UnknownMeasure for a name that is not compared, ValueError for a margin that is not
    positive.
    """
    for name, margin in given.items():
        if name not in BY_NAME:
            raise UnknownMeasure(name, BY_NAME)
        if not margin > 0:
            raise ValueError(f"the margin of {name} is {margin}; it must be above 0")
    return {measure.name: given.get(measure.name, measure.margin) for measure in MEASURES}
