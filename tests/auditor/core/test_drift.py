"""What is slow, or small and for good, is told over days; what is ordinary or over is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from planted import DAY, LEGACY, MONDAY, NEW, scaled_traffic, unheard
from quiet_traffic import FEW, SOME, quiet

from auditor.detectors.drift import PRIOR, departures, drifted
from auditor.detectors.registry import detectors
from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned, learn
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.observing.fold import fold
from auditor.observing.observation import Opened
from auditor.statistics.scene import CONTEXT, Scene, scene
from auditor.statistics.whole_hours import HOUR, REACH, Hours, first_hour, hours_of
from baselines.baseline import Baseline
from baselines.fit import fit
from baselines.series import FloatArray, SeriesKey, Windows
from baselines.slots import slots
from baselines.store import instant

LEARNED = 14
BEGINS = (LEARNED + 1) * DAY + 300
"""Row at which a planted problem begins: the second morning after what was learned."""
OWN, SIBLINGS = "drift.hit_rate.60", "sibling_drift.hit_rate.60"


def leaking(days: int) -> FloatArray:
    """Misses grow by 2 % of themselves an hour, for 30 hours; then somebody mends it."""
    hours = (np.arange(days * DAY) - BEGINS) / HOUR
    return np.where((hours >= 0) & (hours < 30), 1.02**hours, 1.0)


def shifted(days: int) -> FloatArray:
    """A fifth more misses, for good."""
    return np.where(np.arange(days * DAY) >= BEGINS, 1.2, 1.0)


@cache
def learned(seed: int, gets_at_noon: float = SOME) -> Learned:
    return learn(quiet(LEARNED, seed, gets_at_noon=gets_at_noon), seed=1)


def judged(windows: Windows, by: Learned, hours: Hours | None) -> Judged:
    since = windows.start + LEARNED * DAY
    return judge(windows.between(since - CONTEXT, windows.end), by, since=since, hours=hours)


def opened(verdict: Judged) -> list[float]:
    """Hours after BEGINS at which something opens."""
    begins = MONDAY + BEGINS
    changes = fold([], verdict)
    return [(each.minute - begins) / HOUR for each in changes if isinstance(each, Opened)]


def channel(verdict: Judged, name: str) -> FloatArray:
    """A channel's statistic of the judged rows, shape (m, n)."""
    (found,) = [each.statistic for each in verdict.evidence if each.channel.name == name]
    return found


# What it finds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [4, 5])
def test_a_leak_is_found_hours_before_the_sums_of_an_hour_find_it(seed: int) -> None:
    """The same windows by the same calibrations, with and without what is known of the days."""
    leak, by = quiet(LEARNED + 3, seed, leaking(LEARNED + 3), FEW), learned(seed, FEW)
    with_days, without = opened(judged(leak, by, hours_of(leak))), opened(judged(leak, by, None))
    assert 0 <= with_days[0] <= 16
    assert without[0] >= with_days[0] + 8


@pytest.mark.parametrize("seed", [2, 4])
def test_a_fifth_more_misses_for_good_are_found_within_a_morning(seed: int) -> None:
    """Without the days nobody ever hears of it: an hour is too short, and then it is the level."""
    worse = quiet(LEARNED + 3, seed, shifted(LEARNED + 3))
    (first, *_) = opened(judged(worse, learned(seed), hours_of(worse)))
    assert 0 <= first <= 9
    assert opened(judged(worse, learned(seed), None)) == []


def test_what_is_mended_is_silent_within_the_hour() -> None:
    """The sums hold the leak for three days more; the last half hour does not."""
    leak = quiet(LEARNED + 4, 2, leaking(LEARNED + 4))
    verdict = judged(leak, learned(2), hours_of(leak))
    for name in (OWN, SIBLINGS):
        statistic = channel(verdict, name)[:, 1]
        mended = DAY + 300 + 30 * HOUR
        assert statistic[mended - HOUR : mended].max() > 5
        assert statistic[mended + 40 :].max() < 4


def test_a_healthy_month_is_silent() -> None:
    """Two series for four weeks: two false observations would be within the budget."""
    month = quiet(LEARNED + 28, 3)
    assert opened(judged(month, learned(3), hours_of(month))) == []


# What it is not ----------------------------------------------------------------------------------


def rollout(moved: float) -> Windows:
    """From BEGINS on the second series has this share of its gets left, and a fifth more misses."""
    days = LEARNED + 3
    whole = quiet(days, 4, shifted(days))
    return scaled_traffic(whole, BEGINS, days * DAY, moved, slice(1, 2))


def test_a_rollout_that_moves_users_is_no_drift() -> None:
    """Fewer users, and therefore fewer hits: for two days the implementations are not compared."""
    for moved, silent in ((1.0, False), (0.5, True)):
        windows = rollout(moved)
        verdict = judged(windows, learned(4), hours_of(windows))
        days = slice(DAY + 300 + 3 * HOUR, DAY + 300 + 2 * DAY - 300)
        for name in (OWN, SIBLINGS):
            assert (channel(verdict, name)[days, 1].max() == 0) == silent


def test_hours_under_maintenance_are_not_known() -> None:
    """Each hour that it touches, for the series that it is for."""
    windows = quiet(LEARNED + 3, 2, shifted(LEARNED + 3))
    hours = hours_of(windows)
    since, until = MONDAY + BEGINS + 2 * HOUR + 30, MONDAY + BEGINS + 5 * HOUR
    held = Maintenance(Once(instant(since), instant(until)), NEW.cache_name)
    touched = np.zeros(hours.hits.shape, dtype=np.bool_)
    touched[since // HOUR - hours.start : until // HOUR - hours.start] = True
    first = MONDAY + BEGINS + 10 * HOUR
    block = windows.between(first - CONTEXT, first + 30)
    planned = judge(block, learned(2), since=first, hours=hours, maintenances=[held])
    blind = judge(block, learned(2), since=first, hours=hours.without(touched))
    whole = judge(block, learned(2), since=first, hours=hours)
    for name in (OWN, SIBLINGS):
        np.testing.assert_array_equal(channel(planned, name), channel(blind, name))
        assert not np.array_equal(channel(whole, name), channel(blind, name))


# What it rests on --------------------------------------------------------------------------------


@cache
def even() -> Windows:
    """Ten days of 90 hits and 10 misses a minute."""
    block = quiet(10, 1)
    counts = {"hits": 90.0, "misses": 10.0, "gets": 100.0, "total_operations": 110.0}
    full = {name: np.full(block.shape, counts.get(name, 0.0)) for name in block.columns}
    return Windows(block.start, block.keys, full)


@cache
def baseline(time_zone: str = "UTC") -> Baseline:
    """Of the even days: 90 % at each hour."""
    return fit(even(), NEW, time_zone=time_zone)


def seen(windows: Windows, hours: Hours | None, **baselines: Baseline) -> Scene:
    keys = {SeriesKey("sessions", name): each for name, each in baselines.items()}
    return scene(windows, keys, hours=hours)


def test_a_departure_is_a_logarithm_of_misses() -> None:
    """600 expected of 6,000; 900 found: log(905 / 605). Nothing is known of an empty hour."""
    windows = even()
    misses = windows.column("misses").copy()
    misses[-2 * HOUR : -HOUR] = 15
    hits = 100 - misses
    worse = replace(windows, columns={**windows.columns, "misses": misses, "hits": hits})
    gone = unheard(worse, worse.shape[0] - 4 * HOUR, worse.shape[0] - 3 * HOUR)
    last = gone.rows(gone.shape[0] - 20, gone.shape[0])
    found = departures(seen(last, hours_of(gone), legacy=baseline(), new=baseline())).hours
    assert found.shape == (REACH, 2)
    up = np.log((900 + PRIOR) / (600 + PRIOR))
    np.testing.assert_allclose(found[-1], up, rtol=1e-6)
    np.testing.assert_allclose(found[-2], 0.0, atol=1e-6)
    assert np.isnan(found[-3]).all()
    np.testing.assert_allclose(found[:-3], 0.0, atol=1e-6)


def test_the_last_minutes_are_told_as_the_last_hour_is() -> None:
    """Value, expected and count of the evidence are those of 60 minutes."""
    windows = even()
    last = windows.rows(windows.shape[0] - 90, windows.shape[0])
    found = departures(seen(last, hours_of(windows), legacy=baseline(), new=baseline()))
    evidence = drifted("drift", seen(last, hours_of(windows), new=baseline()), found)
    assert evidence.value[-1, 1] == pytest.approx(90)
    assert evidence.expected[-1, 1] == pytest.approx(90, abs=1e-3)
    assert evidence.count[-1, 1] == 6000
    assert np.isnan(evidence.statistic[-1, 0])


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Asia/Kolkata"])
def test_an_hour_is_compared_with_its_local_slot(zone: str) -> None:
    """Over both changes of the clocks; half an hour off, it lies between two slots."""
    whole = baseline(zone)
    profile = whole.profiles["hit_rate"]
    week = np.linspace(50, 90, 168)
    own = replace(whole, profiles={"hit_rate": replace(profile, centre=week)})
    for date in (datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)):
        end = int(date.timestamp()) // 60
        windows = replace(even(), start=end - even().shape[0])
        last = windows.rows(windows.shape[0] - 20, windows.shape[0])
        found = departures(seen(last, hours_of(windows), new=own)).hours[:, 1]
        begins = np.arange(first_hour(end - 20), end // HOUR - 1) * HOUR
        odds = np.log(week / (100 - week))
        linked = (odds[slots(begins, zone)] + odds[slots(begins + 59, zone)]) / 2
        usual = 6000 / (1 + np.exp(linked))
        np.testing.assert_allclose(found, np.log((600 + PRIOR) / (usual + PRIOR)), rtol=1e-9)


@pytest.mark.parametrize("known", [None, 10, 15, 27])
def test_without_enough_hours_it_does_not_judge(known: int | None) -> None:
    """No hours at all, or fewer than half a day before the newest three: NaN, not 0."""
    windows = even()
    last = windows.rows(windows.shape[0] - 30, windows.shape[0])
    hours = None
    if known is not None:
        hours = hours_of(windows.rows(windows.shape[0] - (known + 1) * HOUR, windows.shape[0]))
    looked = seen(last, hours, legacy=baseline(), new=baseline())
    for each in detectors():
        if each.name in ("drift", "sibling_drift"):
            (found,) = each.score(looked)
            judged_ = np.isfinite(found.statistic[-1]).all()
            assert judged_ == (known is not None and known >= 15)


def test_a_sibling_that_nothing_is_known_of_is_not_compared_with() -> None:
    windows = even()
    last = windows.rows(windows.shape[0] - 30, windows.shape[0])
    (sibling,) = [each for each in detectors() if each.name == "sibling_drift"]
    (found,) = sibling.score(seen(last, hours_of(windows), new=baseline()))
    assert np.isnan(found.statistic).all()
    alone = last.only([LEGACY])
    (found,) = sibling.score(seen(alone, hours_of(windows), legacy=baseline()))
    assert np.isnan(found.statistic).all()


def test_only_hours_that_have_ended_are_looked_at() -> None:
    """Each minute of a morning from the hours that a tick would know in it: the same to the bit."""
    windows = quiet(LEARNED + 2, 2, shifted(LEARNED + 2))
    first = MONDAY + BEGINS + 6 * HOUR
    block = windows.between(first - CONTEXT, first + 150)
    whole = judge(block, learned(2), since=first, hours=hours_of(windows))
    for minute in (first, first + 59, first + 60, first + 149):
        tick = judge(
            windows.between(minute - CONTEXT, minute + 1), learned(2), since=minute,
            hours=hours_of(windows.between(first_hour(minute) * HOUR, minute + 1)),
        )  # fmt: skip
        for name in (OWN, SIBLINGS):
            one, other = channel(tick, name)[0], channel(whole, name)[minute - first]
            np.testing.assert_array_equal(one, other)
    assert channel(whole, SIBLINGS)[:, 1].max() > 3
