"""How an observation lives: acknowledged, worse, unjudged, reopened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted import DAY, NEW, lost_hits, scaled_traffic, unheard

from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.observation import Change, Escalated, Extended, Observation, Opened, Resolved
from auditor.observing.severity import INTENSITY_MINUTES, Severity
from auditor.observing.worsening import grown
from auditor.statistics.forest import Forest
from baselines.series import Windows

NOON = DAY + 720


@pytest.fixture
def growing(next_days: Windows) -> Windows:
    """A loss that is mild for twenty minutes and deep from then on."""
    return lost_hits(lost_hits(next_days, NOON, NOON + 20, 0.15), NOON + 20, NOON + 60, 0.9)


def judged(windows: Windows, learned: Learned, forest: Forest, first: int, last: int) -> Judged:
    return judge(windows.rows(0, last), learned, since=windows.start + first, forest=forest)


def after(changes: list[Change]) -> Observation:
    return changes[-1].observation


def acknowledged(observation: Observation) -> Observation:
    return replace(
        observation,
        acknowledged=True,
        acknowledged_severity=observation.severity,
        acknowledged_intensity=observation.damage.intensity,
    )


def test_a_problem_escalates_once_when_it_grows(
    learned: Learned, forest: Forest, growing: Windows
) -> None:
    changes = fold([], judged(growing, learned, forest, NOON - 10, NOON + 60))
    severities = [c.now for c in changes if isinstance(c, Escalated)]
    assert severities == sorted(set(severities))
    assert after(changes).severity is Severity.CRITICAL
    for each in changes:
        if isinstance(each, Escalated):
            assert each.was < each.now == each.observation.severity


def test_an_acknowledged_problem_stays_quiet_while_it_is_the_same(
    learned: Learned, forest: Forest, growing: Windows
) -> None:
    first = fold([], judged(growing, learned, forest, NOON - 10, NOON + 12))
    known = acknowledged(after(first))
    more = fold([known], judged(growing, learned, forest, NOON + 12, NOON + 19))
    assert [type(c) for c in more] == [Extended]
    assert after(more).acknowledged


def test_a_problem_acknowledged_in_its_first_minute_may_show_its_size(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """While intensity still covers minutes before the problem, its growth is no worse turn."""
    windows = lost_hits(next_days, NOON, NOON + 30, 0.5)
    found = after(fold([], judged(windows, learned, forest, NOON - 10, NOON + 20)))
    small = replace(found, acknowledged=True, acknowledged_intensity=0.01)
    young = replace(small, judged_until=found.opened + INTENSITY_MINUTES)
    old = replace(small, judged_until=found.opened + INTENSITY_MINUTES + 1)
    assert grown(young).acknowledged_intensity == found.damage.intensity
    assert grown(old).acknowledged_intensity == 0.01


def test_a_worse_turn_of_an_acknowledged_problem_speaks_up(
    learned: Learned, forest: Forest, growing: Windows
) -> None:
    first = fold([], judged(growing, learned, forest, NOON - 10, NOON + 19))
    known = acknowledged(after(first))
    more = fold([known], judged(growing, learned, forest, NOON + 19, NOON + 40))
    loud = [c for c in more if isinstance(c, Escalated)]
    assert loud != []
    assert loud[0].minute <= growing.start + NOON + 24
    assert not loud[0].observation.acknowledged
    assert len(loud) <= 2


def test_severity_never_falls_while_a_problem_is_open(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    windows = lost_hits(lost_hits(next_days, NOON, NOON + 10, 0.8), NOON + 10, NOON + 40, 0.15)
    changes = fold([], judged(windows, learned, forest, NOON - 10, NOON + 60))
    found = [c.observation.severity for c in changes]
    assert found == sorted(found)


def test_a_wavering_problem_stays_one(learned: Learned, forest: Forest, next_days: Windows) -> None:
    """Two bad minutes, two good ones, for an hour: hysteresis keeps it open."""
    windows = next_days
    for at in range(NOON, NOON + 60, 4):
        windows = lost_hits(windows, at, at + 2, 0.4)
    changes = fold([], judged(windows, learned, forest, NOON - 10, NOON + 90))
    kinds = [type(c) for c in changes]
    assert kinds.count(Opened) == 1
    assert kinds.count(Resolved) == 1
    assert isinstance(changes[-1], Resolved)
    assert changes[-1].because == "quiet"


def test_damage_counts_what_was_lost(learned: Learned, forest: Forest, next_days: Windows) -> None:
    """Extra loads are the planted ones, to the noise of the ordinary ones."""
    windows = lost_hits(next_days, NOON, NOON + 30, 0.3)
    planted = windows.column("misses").sum() - next_days.column("misses").sum()
    damage = after(fold([], judged(windows, learned, forest, NOON - 10, NOON + 60))).damage
    assert damage.extra_loads == pytest.approx(planted, rel=0.1)
    assert damage.extra_ms == pytest.approx(planted * 19.5, rel=0.15)


def test_a_problem_at_a_cache_without_traffic_is_silence_not_oblivion(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """The loss ends in silence: the same observation stays open through it."""
    windows = unheard(lost_hits(next_days, NOON, NOON + 10, 0.5), NOON + 10, NOON + 40, slice(1, 2))
    changes = fold([], judged(windows, learned, forest, NOON - 10, NOON + 40))
    assert [type(c) for c in changes].count(Opened) == 1
    assert after(changes).state == "open"


def test_a_wider_budget_opens_no_later(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    windows = lost_hits(next_days, NOON, NOON + 30, 0.08)
    judgement = judged(windows, learned, forest, NOON - 10, NOON + 40)
    minutes = []
    for budget in (0.01, 0.25, 20.0):
        opened = [
            c.minute for c in fold([], judgement, FoldSettings(budget)) if isinstance(c, Opened)
        ]
        minutes.append(opened[0] if opened else judgement.minute(10**6))
    assert minutes == sorted(minutes, reverse=True)


def test_the_row_says_all_that_the_contract_names(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    windows = lost_hits(next_days, NOON, NOON + 30, 0.3)
    found = after(fold([], judged(windows, learned, forest, NOON - 10, NOON + 20)))
    said = found.wording
    assert said.metric_name == "hit_rate"
    assert said.category == "performance"
    assert (said.metric_value or 0) == pytest.approx(63, abs=3)
    assert (said.baseline_value or 0) == pytest.approx(90, abs=2)
    assert (said.deviation_percentage or 0) == pytest.approx(-30, abs=4)
    assert "(expected 8" in said.title
    assert "extra loads" in said.description
    assert "Likely cause: this implementation regressed" in said.description
    assert said.recommendation.startswith("Hold or roll back the rollout")
    assert found.contributions[0].surprise >= found.contributions[1].surprise
    assert found.key == NEW


def test_a_return_from_a_surge_is_no_drop(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    windows = scaled_traffic(next_days, NOON, NOON + 90, 2.5)
    changes = fold([], judged(windows, learned, forest, NOON + 85, NOON + 120))
    assert [c for c in changes if isinstance(c, Opened)] == []
