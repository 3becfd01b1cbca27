"""Which series belong to one problem."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted import DAY, LEGACY, NEW, lost_hits

from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.joining import belongs
from auditor.observing.observation import Observation, Opened
from auditor.observing.opening import opening_bar, opens
from auditor.statistics.forest import Forest
from baselines.series import SeriesKey, Windows

NOON = DAY + 720
ELSEWHERE = SeriesKey("pages", "new")


@pytest.fixture
def problem(learned: Learned, forest: Forest, next_days: Windows) -> Observation:
    """Both implementations lose hits in the same minute."""
    windows = lost_hits(next_days, NOON, NOON + 10, 0.6)
    windows = lost_hits(windows, NOON, NOON + 10, 0.6, column=0).rows(0, NOON + 10)
    judged = judge(windows, learned, since=windows.start + NOON - 5, forest=forest)
    changes = fold([], judged)
    assert [type(each) for each in changes].count(Opened) == 1
    return changes[-1].observation


def test_what_strikes_both_implementations_is_one_problem(problem: Observation) -> None:
    """Its cost is that of both: about twice what one of them has."""
    assert set(problem.keys) == {LEGACY, NEW}
    assert len(problem.also) == 1
    assert problem.metric == "hit_rate"


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


def test_nothing_joins_what_is_quiet_over_or_a_rule_s_alone(problem: Observation) -> None:
    minute = problem.opened + 1
    for one in (
        replace(problem, quiet=1),
        replace(problem, state="resolved"),
        replace(problem, by_rule="r"),
    ):
        assert not belongs(one, LEGACY, "hit_rate", minute, 10)


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
