"""What is learned, and what is not judged yet."""

from __future__ import annotations

import numpy as np
from planted import DAY, LEGACY, NEW, healthy, lost_hits, scaled_traffic, unheard

from auditor.judging.ensemble import COMBINED
from auditor.judging.judgement import judge
from auditor.judging.learning import Learned, learn
from auditor.observing.fold import fold
from auditor.observing.observation import Opened
from auditor.statistics.forest import Forest
from baselines.series import Windows


def test_learning_twice_gives_the_same_numbers(fortnight: Windows) -> None:
    """Recomputable: the same history and seed, the same bits."""
    part = fortnight.rows(0, 3 * DAY)
    assert repr(learn(part, seed=3)) == repr(learn(part, seed=3))


def test_an_hour_of_history_is_not_judged_and_says_from_when() -> None:
    short = healthy(1, seed=1).rows(0, 60)
    found = learn(short)
    assert found.baselines == {}
    assert found.refused[NEW].needed > found.refused[NEW].found == 60
    judgement = judge(short, found, since=short.start)
    assert np.isnan(judgement.surprise).all()
    assert np.isnan(judgement.score).all()
    assert fold([], judgement) == []


def test_half_a_day_has_baselines_but_is_not_judged() -> None:
    """A tail cannot be told from half a day: NaN, and nothing opens even on a plain loss."""
    part = healthy(1, seed=1).rows(0, 700)
    found = learn(part)
    assert set(found.baselines) == {LEGACY, NEW}
    assert set(found.refused) == {LEGACY, NEW}
    later = lost_hits(healthy(1, seed=2, start=part.end), 300, 330, 0.5)
    judgement = judge(later, found, since=later.start)
    assert np.isnan(judgement.score).all()
    assert fold([], judgement) == []


def test_two_days_are_enough_for_a_plain_loss_and_few_false_alerts() -> None:
    history = healthy(2, seed=4)
    found = learn(history)
    assert found.refused == {}
    later = lost_hits(healthy(1, seed=5, start=history.end), 720, 750, 0.5)
    opened = [c for c in fold([], judge(later, found, since=later.start)) if isinstance(c, Opened)]
    assert any(c.minute in range(later.start + 720, later.start + 724) for c in opened)
    assert len(opened) <= 3


def test_a_series_that_begins_late_has_no_past_of_silence(fortnight: Windows) -> None:
    """Missing windows before the first one are not learned as silence."""
    late = unheard(fortnight.rows(0, 6 * DAY), 0, 3 * DAY, slice(1, 2))
    found = learn(late, seed=1)
    tail = found.calibrations[NEW, "silence.traffic.3"]
    assert tail.windows <= 3 * DAY
    assert tail.threshold == 0.0


def test_excluded_problems_do_not_blunt_the_tail(fortnight: Windows) -> None:
    bad = np.zeros(fortnight.shape, dtype=np.bool_)
    fortnight = fortnight.rows(0, 6 * DAY)
    bad, poisoned = bad[: 6 * DAY], fortnight
    for day in range(1, 6):
        at = day * DAY + 600
        poisoned = lost_hits(poisoned, at, at + 60, 0.5)
        bad[at : at + 60, 1] = True
    clean, blind = (
        learn(poisoned, exclude=exclude, seed=1).calibrations[NEW, COMBINED]
        for exclude in (bad, None)
    )
    assert clean.threshold + 3 * clean.scale < blind.threshold + 3 * blind.scale


def test_fault_6_a_baseline_of_nothing_gives_no_infinity(learned: Learned, forest: Forest) -> None:
    """Fault 6: division by a baseline of 0. The error rate was always 0; now it is not."""
    history = healthy(3, seed=8)
    nothing = {**history.columns, "hits": np.zeros(history.shape)}
    nothing["misses"] = history.column("gets").copy()
    nothing["hit_latency_sum_ms"] = np.zeros(history.shape)
    empty = Windows(history.start, history.keys, nothing)
    found = learn(empty)
    later = Windows(history.end, history.keys, nothing).rows(0, DAY)
    later = scaled_traffic(later, 700, 720, 0.0)
    judgement = judge(later, found, since=later.start)
    assert not np.isinf(judgement.surprise).any()
    for change in fold([], judgement):
        deviation = change.observation.wording.deviation_percentage
        assert deviation is None or np.isfinite(deviation)


def test_the_forest_is_left_out_until_there_is_one(
    learned: Learned, forest: Forest, next_days: Windows
) -> None:
    bare = Learned(learned.baselines, learned.calibrations, None, {})
    part = next_days.rows(0, 400)
    with_it = judge(part, learned, since=part.start + 300, forest=forest)
    without = judge(part, bare, since=part.start + 300)
    assert np.isfinite(without.score[without.first :]).all()
    assert (without.voices.statistic <= with_it.voices.statistic)[:, without.first :].all()
