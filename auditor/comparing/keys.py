"""Keys whose hits the candidate loses, from raw events: where to look, not part of the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from baselines.series import SeriesKey, Windows

MOST_GETS = 300_000
"""Gets that keys are counted in, at most."""
LONGEST = 1440
"""Minutes that keys are counted over, at most."""
FEWEST_GETS = 20
"""Gets of a key on either side, below which nothing is said of it."""
CLUMPED = 2.0
"""How much more the hits of one key vary than independent ones: they come in runs."""
SHOWN = 10


@dataclass(frozen=True, slots=True)
class KeyCount:
    """Hits and misses of one key, or of all others together (the empty key), on both sides."""

    cache_key: str
    keys: int
    baseline_hits: int
    baseline_misses: int
    candidate_hits: int
    candidate_misses: int

    @property
    def baseline_gets(self) -> int:
        """Gets of the baseline."""
        return self.baseline_hits + self.baseline_misses

    @property
    def candidate_gets(self) -> int:
        """Gets of the candidate."""
        return self.candidate_hits + self.candidate_misses


@dataclass(frozen=True, slots=True)
class LosingKey:
    """A key of which the candidate misses more. share_percent: of the candidate's gets.

    baseline_percent, candidate_percent: hit rates. extra_misses: beyond the baseline's rate.
    """

    cache_key: str
    share_percent: float
    baseline_percent: float
    candidate_percent: float
    extra_misses: float


@dataclass(frozen=True, slots=True)
class KeyLosses:
    """What was found among the keys of [since, until) (epoch minutes).

    looked_at: keys that were asked for often enough on both sides, of `keys` in all.
    losing: the worst first, at most SHOWN. others: the hit rates, baseline and candidate in %, of
    all keys that were not counted one by one; NaN without any.
    """

    since: int
    until: int
    keys: int
    looked_at: int
    losing: tuple[LosingKey, ...]
    others: tuple[float, float]


def countable_span(windows: Windows, pair: Sequence[SeriesKey]) -> tuple[int, int]:
    """The newest span [since, until) of a block that holds at most MOST_GETS gets of a pair."""
    both = windows.only(pair)
    gets = np.nan_to_num(both.column("hits") + both.column("misses")).sum(axis=1)
    newest_first = np.cumsum(gets[::-1])[:LONGEST]
    rows = int((newest_first <= MOST_GETS).sum())
    return both.end - rows, both.end


def losses(counts: Sequence[KeyCount], since: int, until: int, alpha: float = 0.05) -> KeyLosses:
    """The keys whose hit rate is worse in the candidate, by the extra misses that they bring.

    counts: the most asked keys, and one row with the empty key for all others.
    A key is named when the difference of its two shares (normal, its variance times CLUMPED) has a
    chance below alpha divided by the number of keys looked at, so that chance names hardly any.
    """
    single = [each for each in counts if each.cache_key]
    enough = [e for e in single if min(e.baseline_gets, e.candidate_gets) >= FEWEST_GETS]
    whole = sum(each.candidate_gets for each in counts)
    bound = float(-ndtri(alpha / max(len(enough), 1)))
    found = [_losing(each, whole) for each in enough if _deviation(each) > bound]
    found.sort(key=lambda each: (-each.extra_misses, each.cache_key))
    rest = [each for each in counts if not each.cache_key]
    return KeyLosses(
        since,
        until,
        sum(each.keys for each in counts),
        len(enough),
        tuple(found[:SHOWN]),
        (
            _percent(sum(e.baseline_hits for e in rest), sum(e.baseline_gets for e in rest)),
            _percent(sum(e.candidate_hits for e in rest), sum(e.candidate_gets for e in rest)),
        ),
    )


def _deviation(key: KeyCount) -> float:
    """How many standard errors the candidate's share of misses lies above the baseline's."""
    a, b = key.baseline_gets, key.candidate_gets
    pooled = (key.baseline_hits + key.candidate_hits + 1.0) / (a + b + 2.0)
    error = np.sqrt(CLUMPED * pooled * (1.0 - pooled) * (1.0 / a + 1.0 / b))
    return float((key.baseline_hits / a - key.candidate_hits / b) / error)


def _losing(key: KeyCount, whole: int) -> LosingKey:
    before = _percent(key.baseline_hits, key.baseline_gets)
    now = _percent(key.candidate_hits, key.candidate_gets)
    extra = (before - now) / 100.0 * key.candidate_gets
    return LosingKey(key.cache_key, _percent(key.candidate_gets, whole), before, now, extra)


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole else float("nan")
