"""The budget of a series, and what was achieved of it, with the range that chance leaves."""

from __future__ import annotations

from math import exp, isnan, lgamma, log

import pytest

from auditor.observing.achieved import (
    LEVEL,
    MINUTES_A_WEEK,
    Watched,
    achieved,
    poisson_limits,
    together,
)
from auditor.observing.budget import budget_of


def test_a_cache_may_have_a_budget_of_its_own() -> None:
    assert budget_of("sessions", 0.25, None) == 0.25
    assert budget_of("sessions", 0.25, {"pages": 1.0}) == 0.25
    assert budget_of("pages", 0.25, {"pages": 1.0}) == 1.0


def at_most(count: int, mean: float) -> float:
    """The chance of this count or fewer by a Poisson law, term by term."""
    if mean == 0:
        return 1.0
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
def test_the_limits_leave_one_in_forty_on_either_side(count: int) -> None:
    """By the definition: at the upper limit so few are that rare, at the lower one so many."""
    lower, upper = poisson_limits(count, 2.0)
    outside = (1 - LEVEL) / 2
    assert at_most(count, 2.0 * upper) == pytest.approx(outside, rel=1e-6)
    if count:
        assert 1 - at_most(count - 1, 2.0 * lower) == pytest.approx(outside, rel=1e-6)
    else:
        assert lower == 0.0


@pytest.mark.parametrize(("count", "exposure"), [(-1, 1.0), (0, 0.0), (3, -2.0)])
def test_a_rate_of_nothing_is_refused(count: int, exposure: float) -> None:
    with pytest.raises(ValueError, match="needs a count of 0 or more and exposure"):
        poisson_limits(count, exposure)


def watched(weeks: float, false: int = 0, unsigned: int = 0, real: int = 0) -> Watched:
    return Watched("sessions", round(weeks * MINUTES_A_WEEK), false, unsigned, real)


def test_the_unsigned_make_the_range() -> None:
    line = achieved(watched(8, false=2, unsigned=2, real=5), 0.25)
    assert (line.series_weeks, line.at_least, line.at_most) == (8.0, 0.25, 0.5)
    assert line.lower == poisson_limits(2, 8.0)[0]
    assert line.upper == poisson_limits(4, 8.0)[1]


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        (watched(100), "kept"),
        (watched(100, false=10), "kept"),
        (watched(100, false=10, unsigned=20), "not known yet"),
        (watched(100, false=40), "over"),
        (watched(4), "not known yet"),
        (watched(0), "not known yet"),
    ],
)
def test_the_answer_allows_for_chance(seen: Watched, answer: str) -> None:
    """A quiet month of one series proves nothing of a quarter a week; a hundred weeks do."""
    assert achieved(seen, 0.25).answer == answer


def test_nothing_watched_has_no_rate() -> None:
    line = achieved(watched(0, unsigned=3), 0.25)
    assert all(isnan(each) for each in (line.at_least, line.at_most, line.lower, line.upper))


def test_all_caches_together_are_asked_for_what_they_were_in_all() -> None:
    """Weighed by how long each was watched."""
    lines = [achieved(watched(30, false=3), 0.1), achieved(watched(10, unsigned=2, real=1), 0.5)]
    whole = together(lines)
    assert (whole.cache_name, whole.asked) == (None, pytest.approx(0.2))
    assert (whole.series_weeks, whole.false_alarms, whole.unsigned, whole.real) == (40, 3, 2, 1)
    assert whole.at_most == 5 / 40
    assert isnan(together([]).asked)
    assert together([achieved(watched(0), 0.3)]).asked == 0.3
