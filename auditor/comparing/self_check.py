"""The A/A check: how often the comparison errs on pairs that differ in nothing but its noise.

The differences of the blocks are taken, their mean is taken off, and whole runs of hours change
sides by lot (a sign-flip test in runs, so that what lasts for hours stays together; the days begin
anywhere). In such a pair nothing is better: the same procedure looks at it after every block, and a
"better" or "worse" at any look is a wrong verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from auditor.comparing.paired import Paired
from auditor.comparing.sequence import estimate, gather, log_evidence_against
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.verdict import FEWEST_BLOCKS
from baselines.series import BoolArray, FloatArray, IntArray

RUN_BLOCKS = 8
"""Blocks that change sides together, on average."""
FEWEST = 24
"""Blocks that are there before pairs are made of them."""
DOUBT = 0.01
"""So improbable a number of wrong verdicts is no accident."""


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """pairs: how many were made; wrong: those with a wrong verdict at any of so many looks.

    promised: the share that may be wrong. trusted: whether the count is in keeping with that.
    """

    pairs: int
    wrong: int
    looks: int
    promised: float
    trusted: bool

    @property
    def share(self) -> float:
        """Share of pairs with a wrong verdict, 0 to 1."""
        return self.wrong / self.pairs


def self_check(
    measured: Sequence[Paired],
    block_hours: float,
    settings: ComparisonSettings,
    margins: Mapping[str, float],
) -> SelfCheck | None:
    """The check on the blocks of a comparison; None where there are too few, or none is asked."""
    usable = [each for each in measured if (each.weights > 0).sum() >= FEWEST]
    if not usable or settings.pairs < 1:
        return None
    random = np.random.default_rng(settings.seed)
    n = len(usable[0].weights)
    starts = random.integers(0, n, size=(settings.pairs, 1))
    order = (starts + np.arange(n)) % n
    signs = _flips(random, settings.pairs, n)
    wrong = np.zeros(settings.pairs, dtype=np.bool_)
    for each in usable:
        alpha = settings.wrong_verdicts * each.measure.share
        margin = margins[each.measure.name]
        wrong |= _wrong(each, order, signs, block_hours, alpha, margin)
    count, allowed = int(wrong.sum()), settings.wrong_verdicts
    doubtful = count > 0 and float(bdtrc(count - 1, settings.pairs, allowed)) < DOUBT
    return SelfCheck(settings.pairs, count, n, allowed, not doubtful)


def _wrong(
    paired: Paired,
    order: IntArray,
    signs: FloatArray,
    block_hours: float,
    alpha: float,
    margin: float,
) -> BoolArray:
    """Which pairs err in one measure at some look, shape (pairs,)."""
    mean = np.average(paired.differences, weights=paired.weights)
    rest = np.where(paired.weights > 0, paired.differences - mean, 0.0)
    weights = paired.weights[order]
    evidence = gather(signs * rest[order], weights, block_hours, paired.floor)
    sure = log_evidence_against(0.0, evidence) > -np.log(alpha)
    sure &= np.cumsum(weights > 0, axis=1) >= FEWEST_BLOCKS
    if not sure.any():
        return np.zeros(len(order), dtype=np.bool_)
    off = paired.reported(estimate(evidence)) - paired.reported(np.zeros(1))
    return np.asarray((sure & (np.abs(off) >= margin)).any(axis=1))


def _flips(random: np.random.Generator, pairs: int, n: int) -> FloatArray:
    """Signs that hold for runs of random length, shape (pairs, n)."""
    begins = random.random((pairs, n)) < 1.0 / RUN_BLOCKS
    begins[:, 0] = True
    lots = random.choice([-1.0, 1.0], size=(pairs, n))
    run = np.maximum.accumulate(np.where(begins, np.arange(n), 0), axis=1)
    return np.take_along_axis(lots, run, axis=1)
