"""The interval that may be looked at any time: a slow twin, and how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.comparing.filtering import excess, filtered
from auditor.comparing.sequence import (
    DRIFTS,
    LOG_WEIGHTS,
    MEMORIES_H,
    SHARES,
    SPREAD,
    estimate,
    gather,
    interval,
    log_evidence_against,
)
from baselines.series import FloatArray

WEEK = 168
ALPHA = 0.05


def evidence_by_matrices(d: FloatArray, w: FloatArray, mean: float, floor: float) -> float:
    """The same Bayes factor with whole covariance matrices, one shape after the other.

    Normal with a scale that is integrated with 1/s: density ~ |R|^-1/2 (e' R^-1 e)^(-n/2), and to
    the squares comes what those of plain noise lack to n floors.
    """
    seen = np.flatnonzero(w > 0)
    scaled = w[seen] / w[seen].mean()
    less = 1.0 / float(excess(d, np.where(w > 0, w / w[w > 0].mean(), 0.0))[-1])
    n, root = len(seen), np.sqrt(scaled)
    apart = np.abs(seen[:, None] - seen[None, :])
    z = root * d[seen]
    lacking = max(n * floor - (z @ z - (root @ z) ** 2 / (root @ root)), 0.0)
    sides = []
    for spread in (0.0, SPREAD):
        terms = []
        for share, memory, log_weight in zip(SHARES, MEMORIES_H, LOG_WEIGHTS, strict=True):
            noise = np.eye(n) + share * np.exp(-apart / memory)
            inverse = np.linalg.inv(noise) * less
            e = root * (d[seen] - mean)
            information = root @ inverse @ root
            gain = 1.0 + spread * (1.0 + share) * information
            squares = e @ inverse @ e + lacking * less
            squares -= spread * (1.0 + share) * (root @ inverse @ e) ** 2 / gain
            half = 0.5 * less * (np.linalg.slogdet(noise)[1] + n * np.log(squares))
            terms.append(log_weight - half - 0.5 * np.log(gain))
        sides.append(np.logaddexp.reduce(terms))
    return float(sides[1] - sides[0])


@pytest.mark.parametrize("floor", [0.0, 4.0])
@pytest.mark.parametrize("mean", [0.0, 0.4, -2.0])
@pytest.mark.parametrize("missing", [(), (0, 1, 7, 8, 9, 20)])
def test_the_filter_says_what_whole_matrices_say(
    mean: float, missing: tuple[int, ...], floor: float
) -> None:
    """Uneven weights, missing blocks, a drift: the evidence is that of the covariance matrices."""
    random = np.random.default_rng(3)
    d = random.normal(0.3, 1.0, 25) + np.cumsum(random.normal(0, 0.2, 25))
    w = random.uniform(0.2, 3.0, 25)
    w[list(missing)] = 0.0
    d[list(missing)] = 0.0
    found = gather(d, w, 1.0, floor).at(-1)
    expected = evidence_by_matrices(d, w, mean, floor)
    assert float(log_evidence_against(mean, found)) == pytest.approx(expected, rel=1e-9)


def test_a_look_knows_nothing_of_what_comes_after() -> None:
    """Evidence at look k is that of the first k blocks alone, where all weigh alike."""
    d = np.random.default_rng(4).normal(size=40)
    whole = gather(d, np.ones(40), 1.0, 0.0)
    part = gather(d[:17], np.ones(17), 1.0, 0.0).at(-1)
    assert whole.at(16).sums == pytest.approx(part.sums, rel=1e-12)


def test_the_ends_are_where_the_evidence_passes() -> None:
    d = np.random.default_rng(5).normal(1.0, 1.0, 30)
    found = gather(d, np.ones(30), 1.0, 0.0).at(-1)
    low, high = interval(found, ALPHA)
    assert low < estimate(found) < high
    for end in (low, high):
        assert float(log_evidence_against(end, found)) == pytest.approx(-np.log(ALPHA), abs=1e-4)


def test_too_few_blocks_bound_nothing() -> None:
    """One block says nothing of its scale; thirty equal ones are no certainty where a floor is."""
    single = gather(np.array([1.0]), np.ones(1), 1.0, 0.0).at(-1)
    assert [float(end) for end in interval(single, ALPHA)] == [-np.inf, np.inf]
    equal = gather(np.zeros(30), np.ones(30), 1.0, 0.25).at(-1)
    low, high = interval(equal, ALPHA)
    error = np.sqrt(0.25 / 30)
    assert low < -2 * error
    assert high > 2 * error


def test_more_of_the_same_is_narrower() -> None:
    """Four times as many blocks: about half of the width; less, as the shape is surer too."""
    d = np.random.default_rng(6).normal(size=48)
    found = gather(d, np.ones(48), 1.0, 0.0).at(-1)
    low, high = interval(found.times(np.array([1.0, 4.0])), ALPHA)
    ratio = float((high - low)[1] / (high - low)[0])
    assert 0.3 < ratio < 0.6


def test_heavy_blocks_that_are_no_more_exact_count_as_fewer() -> None:
    """By hand: weights 3 and 1, equal spread: 2 · (9 + 9 + 1 + 1) / (8 · 8) · 4 / 4 = 1.25."""
    w = np.array([3.0, 3.0, 1.0, 1.0])
    found = excess(np.array([1.0, -1.0, 1.0, -1.0]), w)
    assert float(found[-1]) == pytest.approx(4 * 20 / (8 * 8))
    assert excess(np.array([1.0, -1.0, 1.0, -1.0]), np.ones(4))[-1] == 1.0


def test_a_missing_block_lets_the_drift_go_on() -> None:
    """After a long gap the next block is foretold by nothing: as if it were the first."""
    share, memory = np.array([3.0]), np.array([2.0])
    d, w = np.zeros(60), np.zeros(60)
    d[0], d[-1], w[0], w[-1] = 5.0, 1.0, 1.0, 1.0
    sums = filtered(d, w, shares=share, memories=memory)[:, 0]
    first, last = sums[:, 0], sums[:, -1] - sums[:, -2]
    assert last[0] == pytest.approx(first[0])
    assert last[2] == pytest.approx(1.0 / 25.0 * first[2])


# How often it is wrong ---------------------------------------------------------------------------


def noise(random: np.random.Generator, rows: int, share: float, memory_h: float) -> FloatArray:
    """White noise and a drift of its share of the variance, shape (rows, WEEK)."""
    kept = np.exp(-1.0 / memory_h)
    level = random.normal(size=rows) * np.sqrt(share)
    out = np.empty((rows, WEEK))
    for k in range(WEEK):
        out[:, k] = level + random.normal(size=rows)
        level = kept * level + random.normal(size=rows) * np.sqrt(share * (1 - kept**2))
    return out


def ever_wrong(d: FloatArray) -> float:
    """Share of rows whose interval leaves out 0 at one look or another."""
    evidence = gather(d, np.ones_like(d), 1.0, 0.0)
    return float((log_evidence_against(0.0, evidence) > -np.log(ALPHA)).any(axis=1).mean())


def test_it_is_ever_wrong_as_seldom_as_promised() -> None:
    """A thousand weeks, the noise of each drawn as the weights say: at most 5 % and its chance."""
    random = np.random.default_rng(7)
    lots = random.choice(len(SHARES), size=1000, p=np.exp(LOG_WEIGHTS))
    weeks = [
        noise(random, int((lots == each).sum()), SHARES[each], MEMORIES_H[each])
        for each in range(len(SHARES))
    ]
    assert ever_wrong(np.concatenate(weeks)) <= ALPHA + 2.3 * np.sqrt(ALPHA * (1 - ALPHA) / 1000)


def test_looking_often_at_a_plain_interval_would_be_wrong_often() -> None:
    """What it is for: two standard errors, looked at each hour of the same noise, err in most."""
    d = noise(np.random.default_rng(8), 300, 1.0, 3.0)
    n = np.arange(1, WEEK + 1)
    mean = np.cumsum(d, axis=1) / n
    error = np.sqrt((np.cumsum(d**2, axis=1) / n - mean**2) / n)
    plain = (np.abs(mean) > 2 * error)[:, 7:].any(axis=1).mean()
    assert plain > 0.5
    assert ever_wrong(d) < 0.1


@pytest.mark.parametrize(("share", "memory_h"), DRIFTS)
def test_a_difference_of_three_deviations_is_seen_in_a_day(share: float, memory_h: float) -> None:
    """In nine of ten days, for every shape whose drift is no larger than the noise."""
    d = noise(np.random.default_rng(9), 200, share, memory_h)[:, :24] + 3.0 * np.sqrt(1 + share)
    evidence = gather(d, np.ones_like(d), 1.0, 0.0)
    seen = (log_evidence_against(0.0, evidence) > -np.log(ALPHA)).any(axis=1).mean()
    assert seen > 0.9
