"""What a difference comes to: better, worse, equivalent, or how much longer to wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from auditor.comparing.measures import Measure
from auditor.comparing.paired import NotMeasured, Paired, Source
from auditor.comparing.sequence import Evidence, estimate, interval
from baselines.series import FloatArray

Status = Literal["better", "worse", "equivalent", "undecided", "not measured"]
Verdict = Literal["better", "worse", "mixed", "equivalent", "not enough evidence"]

FEWEST_BLOCKS = 8
"""Blocks that are there before anything is decided."""
FARTHEST = 400.0
"""How many times as long as so far is looked ahead for a decision."""
STEPS = 40


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both implementations, and what the difference comes to for the candidate.

    baseline, candidate: in value_unit. estimate, lower, upper, margin: the difference, candidate
    less baseline, in unit: points, or % of the baseline. NaN where not measured; an end is
    infinite while nothing bounds it.
    foretold: what it will come to, as it looks; more_hours: about how much longer that takes, None
    where it is decided, is not measured, or no end is in sight.
    why: why it is not measured; '' where it is.
    """

    name: str
    title: str
    value_unit: str
    unit: str
    baseline: float
    candidate: float
    estimate: float
    lower: float
    upper: float
    margin: float
    status: Status
    foretold: Status
    more_hours: float | None
    source: Source | None
    why: str = ""


def unmeasured(found: NotMeasured, margin: float) -> Difference:
    """The difference of a measure that cannot be compared."""
    measure, nan = found.measure, float("nan")
    return Difference(
        measure.name, measure.title, measure.value_unit, measure.unit, found.baseline,
        found.candidate, nan, nan, nan, margin, "not measured", "not measured", None, None,
        found.why,
    )  # fmt: skip


def judged(
    measured: Sequence[Paired],
    evidence: Evidence,
    *,
    wrong_verdicts: float,
    margins: Mapping[str, float],
    block_hours: float,
) -> list[Difference]:
    """The difference of each of k measures, from the evidence of all blocks, fields (..., k)."""
    shares = np.array([each.measure.share for each in measured])
    alpha = wrong_verdicts * shares
    centre, (low, high) = estimate(evidence), interval(evidence, alpha)
    later = _Later(evidence, alpha)
    found = []
    for place, each in enumerate(measured):
        margin, there = margins[each.measure.name], int((each.weights > 0).sum())
        ends = _reported(each, centre[place], low[place], high[place])
        status: Status = "undecided"
        if there >= FEWEST_BLOCKS:
            status = settled(each.measure, margin, *ends)
        foretold, wait = status, None
        if status == "undecided":
            foretold, wait = later.decides(each, place, margin, there)
        hours = None if wait is None else wait * block_hours * len(each.weights) / there
        found.append(_difference(each, ends, margin, status, foretold, hours))
    return found


def _reported(paired: Paired, *ends: float) -> tuple[float, float, float]:
    """(estimate, lower, upper) in the measure's unit."""
    centre, low, high = (float(paired.reported(np.asarray(end))) for end in ends)
    return centre, low, high


def _difference(
    paired: Paired,
    ends: tuple[float, float, float],
    margin: float,
    status: Status,
    foretold: Status,
    more_hours: float | None,
) -> Difference:
    measure = paired.measure
    return Difference(
        measure.name, measure.title, measure.value_unit, measure.unit, paired.baseline,
        paired.candidate, *ends, margin, status, foretold, more_hours, paired.source,
    )  # fmt: skip


def settled(measure: Measure, margin: float, centre: float, low: float, high: float) -> Status:
    """What an interval says against a margin.

    Equivalent: all of it is within the margin. Better or worse: zero is not in it, and the estimate
    reaches the margin. So every difference is settled some day.
    """
    if -margin < low and high < margin:
        return "equivalent"
    if low > 0 and centre >= margin:
        return "better" if measure.better == "up" else "worse"
    if high < 0 and centre <= -margin:
        return "worse" if measure.better == "up" else "better"
    return "undecided"


def overall(differences: Iterable[Difference]) -> tuple[Verdict, float | None]:
    """The verdict over all measures, and how many more hours it needs (None: none, or unknown).

    One measure that is better or worse decides; both is mixed. Equivalent takes all of them.
    """
    measured = [each for each in differences if each.status != "not measured"]
    found = {each.status for each in measured}
    if {"better", "worse"} <= found:
        return "mixed", None
    if "worse" in found:
        return "worse", None
    if "better" in found:
        return "better", None
    if found == {"equivalent"}:
        return "equivalent", None
    waiting = [each for each in measured if each.status == "undecided"]
    sooner = [e.more_hours for e in waiting if e.foretold in ("better", "worse") and e.more_hours]
    if sooner:
        return "not enough evidence", min(sooner)
    known = [each.more_hours for each in waiting]
    if not known or None in known:
        return "not enough evidence", None
    return "not enough evidence", max(each for each in known if each is not None)


@dataclass(frozen=True, slots=True)
class _Later:
    """What the intervals will be if the blocks to come are like those that there are."""

    evidence: Evidence
    alpha: FloatArray

    def decides(
        self, paired: Paired, place: int, margin: float, there: int
    ) -> tuple[Status, float | None]:
        """(status, blocks until then) of one measure.

        An interval no wider than the margin decides all but the closest calls: then, at the latest,
        is the time to look again. (undecided, None) where that is out of sight.
        """
        factors = max(FEWEST_BLOCKS / there, 1.0) * np.geomspace(1.0, FARTHEST, STEPS)
        grown = self.evidence.at(place).times(factors)
        ends = (estimate(grown), *interval(grown, float(self.alpha[place])))
        centre, low, high = (paired.reported(each) for each in ends)
        for factor, *at in zip(factors, centre, low, high, strict=True):
            found = settled(paired.measure, margin, *map(float, at))
            narrow = float(at[2] - at[1]) <= margin
            if found != "undecided" or narrow:
                return found, max(there * (float(factor) - 1.0), 1.0)
        return "undecided", None
