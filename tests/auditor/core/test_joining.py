"""Which series belong to one problem."""

from __future__ import annotations

from dataclasses import replace
from math import log10

import pytest
from planted import DAY, LEGACY, NEW, lost_hits

from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.joining import belongs
from auditor.observing.observation import Observation, Opened
from auditor.observing.opening import opening_bar, opens
from auditor.observing.states import joined
from auditor.statistics.forest import Forest
from baselines.series import SeriesKey, Windows

NOON = DAY + 720
ELSEWHERE = SeriesKey("pages", "new")


@pytest.fixture
def judged(learned: Learned, forest: Forest, next_days: Windows) -> Judged:
    """Both implementations lose hits in the same minute."""
    windows = lost_hits(next_days, NOON, NOON + 10, 0.6)
    windows = lost_hits(windows, NOON, NOON + 10, 0.6, column=0).rows(0, NOON + 10)
    return judge(windows, learned, since=windows.start + NOON - 5, forest=forest)


@pytest.fixture
def problem(judged: Judged) -> Observation:
    changes = fold([], judged)
    assert [type(each) for each in changes].count(Opened) == 1
    return changes[-1].observation


def test_what_strikes_both_implementations_is_one_problem(problem: Observation) -> None:
    assert set(problem.keys) == {LEGACY, NEW}
    assert len(problem.also) == 1
    assert problem.metric == "hit_rate"


def test_its_cost_is_that_of_both_from_the_first_minute_on(
    problem: Observation, judged: Judged
) -> None:
    """Ten minutes of each, the one in which the second joined among them; a minute that was a
    little dear before may be counted to it."""
    costs = judged.costs
    assert problem.damage.extra_ms == pytest.approx(costs.total()[-10:].sum(), rel=0.01)
    assert problem.damage.extra_loads == pytest.approx(costs.extra_loads[-10:].sum(), rel=0.01)


def test_a_second_series_makes_a_problem_no_milder(problem: Observation, judged: Judged) -> None:
    """The intensity is that of the worst of them, also in the minute in which one joins."""
    alone = replace(problem, also=(), damage=replace(problem.damage, intensity=99.0))
    other = judged.keys.index(problem.also[0])
    last = judged.surprise.shape[0] - 1
    assert joined(alone, judged, last, other).damage.intensity == 99.0
    quiet = replace(alone, damage=replace(problem.damage, intensity=0.0))
    found = joined(quiet, judged, last, other).damage
    expected = judged.costs.total()[-5:, other].sum() / judged.costs.ordinary[-5:, other].sum()
    assert found.intensity == pytest.approx(expected)


@pytest.mark.parametrize(
    ("key", "family", "after", "expected"),
    [
        (LEGACY, "traffic", 10, True),  # one cache, young: whatever it is
        (LEGACY, "traffic", 11, False),
        (LEGACY, "hit_rate", 500, True),  # one cache, the same family
        (ELSEWHERE, "hit_rate", 1, False),  # hit rates are not shared
        (ELSEWHERE, "error_rate", 1, False),  # another family than the problem's
    ],
)
def test_what_belongs_together(
    problem: Observation, key: SeriesKey, family: str, after: int, expected: bool
) -> None:
    minute = problem.opened + after
    assert belongs(problem, key, family, minute, join_minutes=10) is expected


def test_what_is_shared_belongs_together_across_caches_while_it_is_young(
    problem: Observation,
) -> None:
    failing = replace(problem, metric="error_rate")
    assert belongs(failing, ELSEWHERE, "error_rate", failing.opened + 10, 10)
    assert not belongs(failing, ELSEWHERE, "error_rate", failing.opened + 11, 10)


@pytest.mark.parametrize(
    ("family", "shared"),
    [
        ("error_rate", True), ("traffic", True), ("miss_latency_ms", True),
        ("hit_rate", False), ("hit_latency_ms", False),
    ],
)  # fmt: skip
def test_caches_share_what_lies_behind_and_before_them_and_nothing_else(
    problem: Observation, family: str, shared: bool
) -> None:
    """One backend fails, one front end goes quiet; what a cache holds and how fast is its own."""
    one = replace(problem, metric=family)
    assert belongs(one, ELSEWHERE, family, one.opened + 1, 10) is shared


def test_nothing_joins_what_is_quiet_over_or_a_rule_s_alone(problem: Observation) -> None:
    minute = problem.opened + 1
    for one in (
        replace(problem, quiet=1),
        replace(problem, state="resolved"),
        replace(problem, by_rule="r"),
    ):
        assert not belongs(one, LEGACY, "hit_rate", minute, 10)


def test_five_families_share_a_budget() -> None:
    """A quarter a week over 5 families and the 10,080 minutes of a week."""
    assert opening_bar(0.25) == pytest.approx(log10(5 * 10_080 / 0.25))
    with pytest.raises(ValueError, match="above 0"):
        opening_bar(0.0)


def test_a_cache_opens_by_its_own_budget(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """Exactly where the surprise is beyond the bar of its budget, and not that of all."""
    windows = lost_hits(next_days, NOON, NOON + 30, 0.08).rows(0, NOON + 40)
    judged = judge(windows, learned, since=windows.start + NOON - 10, forest=forest)
    own = FoldSettings(0.25, by_cache={"sessions": 20.0})
    assert opens(judged, own).sum() > opens(judged, FoldSettings(0.25)).sum()
    assert (opens(judged, own) == (judged.surprise >= opening_bar(20.0))).all()
    other = FoldSettings(0.25, by_cache={"pages": 20.0})
    assert (opens(judged, other) == opens(judged, FoldSettings(0.25))).all()
