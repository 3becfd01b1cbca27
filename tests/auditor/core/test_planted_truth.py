"""The whole core on planted truth: quiet when all is well, and right when it is not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from planted import DAY, LEGACY, NEW, failing_gets, healthy, lost_hits, scaled_traffic, slow_loads
from planted import unheard as not_heard

from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.observation import Change, Extended, Observation, Opened, Resolved
from auditor.observing.severity import Severity
from auditor.statistics.forest import Forest
from auditor.statistics.scene import CONTEXT
from baselines.series import Windows

NOON = DAY + 12 * 60
"""Row of Tuesday noon in the two days that follow the fortnight."""


def story(windows: Windows, learned: Learned, forest: Forest) -> list[Change]:
    """All changes of a block that begins where judging does."""
    return fold([], judge(windows, learned, since=windows.start, forest=forest))


def opened(changes: list[Change]) -> list[Opened]:
    return [change for change in changes if isinstance(change, Opened)]


def last_of(changes: list[Change]) -> Observation:
    return changes[-1].observation


def test_a_healthy_fortnight_is_silent(learned: Learned, forest: Forest) -> None:
    """Four series-weeks of ordinary noise stay within the budget of 0.25 each."""
    later = healthy(14, seed=13)
    assert len(opened(story(later, learned, forest))) <= 1


def test_fault_7_nights_and_mondays_are_silent_and_a_drop_at_noon_is_found(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """Fault 7: one mean for all hours alerts at night and passes real drops at noon."""
    assert opened(story(next_days, learned, forest)) == []
    dropped = lost_hits(next_days, NOON, NOON + 20, share=0.12)
    share = dropped.column("hits")[NOON : NOON + 20, 1].sum() / (
        dropped.column("gets")[NOON : NOON + 20, 1].sum()
    )
    night = next_days.column("hits")[DAY : DAY + 60, 1].sum() / (
        next_days.column("gets")[DAY : DAY + 60, 1].sum()
    )
    assert share < 0.81 < night + 0.05  # at noon that would be an ordinary night
    assert [each.observation.key for each in opened(story(dropped, learned, forest))] == [NEW]


def test_lost_hits_open_within_minutes_and_resolve_after(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    changes = story(lost_hits(next_days, NOON, NOON + 30, share=0.3), learned, forest)
    first = opened(changes)[0]
    assert next_days.start + NOON <= first.minute <= next_days.start + NOON + 2
    assert first.observation.metric == "hit_rate"
    assert first.observation.wording.title.startswith("hit rate of sessions/new fell to 6")
    assert isinstance(changes[-1], Resolved)
    end = next_days.start + NOON + 30
    assert last_of(changes).resolved is not None
    assert end <= (last_of(changes).resolved or 0) <= end + 5


def test_fault_5_one_problem_is_one_observation(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """Fault 5: one observation for every batch while a problem lasts."""
    changes = story(lost_hits(next_days, NOON, NOON + 120, share=0.3), learned, forest)
    assert len(opened(changes)) == 1
    assert len({change.observation.id for change in changes}) == 1


def test_a_slow_backend_leads_with_load_time_and_is_named(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    changes = story(slow_loads(next_days, NOON, NOON + 30, factor=4.0), learned, forest)
    found = opened(changes)
    assert len(found) == 1
    assert found[0].observation.metric == "miss_latency_ms"
    assert found[0].minute - (next_days.start + NOON) in (2, 3)
    assert set(last_of(changes).keys) == {LEGACY, NEW}
    assert last_of(changes).causes[0].name == "backend_slow"


def test_one_minute_of_slow_loads_is_jitter(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """The gate on latency alone lets a garbage collection or a network hiccup pass."""
    assert opened(story(slow_loads(next_days, NOON, NOON + 2, factor=4.0), learned, forest)) == []


def test_failing_gets_are_an_unreachable_cache(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    changes = story(failing_gets(next_days, NOON, NOON + 15, share=0.2), learned, forest)
    first = opened(changes)[0].observation
    assert first.metric == "error_rate"
    assert last_of(changes).causes[0].name in ("cache_down", "node_loss")
    assert first.wording.category == "reliability"


def test_fault_12_silence_of_one_implementation_is_found(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """Fault 12: the cache was never called, and nothing noticed."""
    quiet = scaled_traffic(next_days, NOON, NOON + 60, 0.0, columns=slice(1, 2))
    changes = story(quiet, learned, forest)
    found = opened(changes)
    assert [each.observation.key for each in found] == [NEW]
    assert found[0].minute <= next_days.start + NOON + 2
    assert last_of(changes).causes[0].name == "silence"
    assert "no traffic at sessions/new" in found[0].observation.wording.title


def test_missing_windows_are_a_silent_collector(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    changes = story(not_heard(next_days, NOON, NOON + 30), learned, forest)
    assert len(opened(changes)) == 1
    assert set(last_of(changes).keys) == {LEGACY, NEW}
    assert last_of(changes).causes[0].name == "collector_silence"


def test_users_who_move_to_the_other_implementation_are_not_lost(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """A canary ramp takes traffic from one implementation and gives it to the other."""
    ramp = scaled_traffic(next_days, NOON, NOON + 60, 0.3, columns=slice(0, 1))
    ramp = scaled_traffic(ramp, NOON, NOON + 60, 1.7, columns=slice(1, 2))
    assert [
        each
        for each in opened(story(ramp, learned, forest))
        if each.observation.metric == "traffic"
    ] == []


def test_severity_follows_cost(learned: Learned, forest: Forest, next_days: Windows) -> None:
    """A longer and deeper loss ranks higher; ranks lie within 0 and 100."""
    stories = [
        last_of(story(lost_hits(next_days, NOON, NOON + length, share), learned, forest))
        for share, length in ((0.12, 10), (0.3, 30), (0.8, 120))
    ]
    assert all(a.rank < b.rank for a, b in pairwise(stories))
    assert all(0 <= each.rank <= 100 for each in stories)
    assert stories[-1].severity is Severity.CRITICAL
    assert stories[0].severity < Severity.CRITICAL


def test_folding_minute_by_minute_equals_folding_the_day(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    """A tick and a backtest come to the same observation, to the bit."""
    windows = lost_hits(next_days, NOON, NOON + 12, share=0.3).rows(NOON - 300, NOON + 40)
    since = windows.start + 280
    whole = fold([], judge(windows, learned, since=since, forest=forest))
    state: dict[object, Observation] = {}
    loud: list[Change] = []
    for minute in range(since, windows.end):
        block = windows.between(minute - CONTEXT, minute + 1)
        judgement = judge(block, learned, since=minute, forest=forest)
        for change in fold(list(state.values()), judgement):
            state[change.observation.key] = change.observation
            if not isinstance(change, Extended):
                loud.append(change)
    told = [change for change in whole if not isinstance(change, Extended)]
    assert len(told) >= 2
    # As text, since NaN (a band that is not known) is unequal to itself; repr is exact.
    assert [repr(change) for change in loud] == [repr(change) for change in told]


def test_folding_the_same_windows_again_changes_nothing(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    windows = lost_hits(next_days, NOON, NOON + 12, share=0.3).rows(0, NOON + 10)
    judgement = judge(windows, learned, since=windows.start, forest=forest)
    changes = fold([], judgement)
    assert fold([last_of(changes)], judgement) == []


@pytest.mark.parametrize("minutes", [3, 8])
def test_a_problem_that_comes_back_reopens_its_row(
    learned: Learned, forest: Forest, next_days: Windows, minutes: int
) -> None:
    """After 3 quiet minutes it never resolved; after 8 it resolved and is reopened: one row."""
    back = NOON + 15 + minutes
    windows = lost_hits(next_days, NOON, NOON + 15, share=0.3)
    windows = lost_hits(windows, back, back + 10, share=0.3)
    changes = story(windows, learned, forest)
    kinds = [type(change).__name__ for change in changes if not isinstance(change, Extended)]
    assert kinds.count("Opened") == 1
    assert kinds.count("Reopened") <= 1
    assert kinds[-1] == "Resolved"
    assert len({change.observation.id for change in changes}) == 1
