"""What is learned from history, against planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from ordinary import DAY, KEY, MONDAY, hour_rows, ordinary

from baselines.errors import TooFewWindows, UnreadableProfile
from baselines.fit import MIN_WINDOWS, fit, fit_past
from baselines.metrics import BY_NAME
from baselines.past import SeriesPast
from baselines.profile_rows import ALL, DAILY, LEVEL, SEEN, from_rows, to_rows
from baselines.seen import SHARES
from baselines.series import Windows
from baselines.slots import SLOTS, STEPS


def test_a_constant_share_is_found_in_every_slot() -> None:
    profile = fit(ordinary(14), KEY).profiles["hit_rate"]
    np.testing.assert_allclose(profile.centre, 90.0, atol=0.5)
    assert profile.overall_centre == pytest.approx(90.0, abs=0.05)


def test_ratios_keep_their_counts() -> None:
    """The counts of all slots add up to those of the history."""
    history = ordinary(7)
    profile = fit(history, KEY).profiles["hit_rate"]
    assert profile.successes.sum() == history.column("hits").sum()
    assert profile.trials.sum() == history.column("gets").sum()
    assert profile.windows.sum() == 7 * DAY


def test_hours_differ_where_they_do() -> None:
    m = 14 * DAY
    hour = hour_rows(m)
    rate = np.where((hour >= 8) & (hour < 20), 600.0, 60.0)
    profile = fit(ordinary(14, rate=rate, hit_share=np.where(rate > 100, 0.9, 0.7)), KEY).profiles
    assert profile["traffic"].centre[12] > 450
    assert profile["traffic"].centre[2] < 90
    assert profile["hit_rate"].centre[12] > 88
    assert profile["hit_rate"].centre[2] < 76


def test_the_first_day_works_and_the_third_week_is_sharp() -> None:
    """A Monday at a third of the traffic: after a day nothing of it is known to be Monday's own."""
    m = 21 * DAY
    monday = (np.arange(m) // DAY) % 7 == 0
    rate = np.where(monday, 100.0, 300.0)
    history = ordinary(21, rate=rate)
    after_1 = fit(history.rows(DAY, 2 * DAY), KEY).profiles["traffic"]
    after_21 = fit(history, KEY).profiles["traffic"]
    assert np.isfinite(after_1.centre).all()
    assert after_1.centre[12] == pytest.approx(300, rel=0.05)
    assert after_21.centre[12] < 190
    assert after_21.centre[24 + 12] > 240


def test_overdispersion_is_found() -> None:
    found = fit(ordinary(7, rho=0.02), KEY).profiles["hit_rate"].overall_dispersion
    assert found == pytest.approx(0.02, rel=0.25)
    assert fit(ordinary(7), KEY).profiles["hit_rate"].overall_dispersion < 0.0005


def test_a_flat_metric_keeps_a_spread() -> None:
    """MAD = 0 on a constant metric: the dispersion is floored, nothing is infinite."""
    profile = fit(ordinary(7), KEY).profiles["p95_response_time_ms"]
    np.testing.assert_allclose(profile.centre, 30.0)
    assert (profile.dispersion > 0).all()


def test_what_is_excluded_is_not_learned() -> None:
    """A confirmed problem of two days does not become ordinary."""
    history = ordinary(7)
    columns = {name: each.copy() for name, each in history.columns.items()}
    bad = np.zeros(history.shape, dtype=np.bool_)
    bad[DAY : 3 * DAY] = True
    columns["hits"][bad], columns["misses"][bad] = 0.0, columns["gets"][bad]
    poisoned = Windows(history.start, history.keys, columns)
    assert fit(poisoned, KEY, exclude=bad).summary().baseline_hit_rate == pytest.approx(90, abs=0.2)
    assert (fit(poisoned, KEY).summary().baseline_hit_rate or 0) < 75


def test_missing_windows_are_skipped() -> None:
    history = ordinary(7)
    columns = {name: each.copy() for name, each in history.columns.items()}
    for each in columns.values():
        each[100:400] = np.nan
    baseline = fit(Windows(history.start, history.keys, columns), KEY)
    assert baseline.sample_size == 7 * DAY - 300
    assert baseline.profiles["hit_rate"].overall_centre == pytest.approx(90, abs=0.2)


def test_too_little_history_says_how_long_to_wait() -> None:
    with pytest.raises(
        TooFewWindows, match=r"sessions/new has 60 windows; 168 are needed\. Wait 1 h"
    ):
        fit(ordinary(1).rows(0, 60), KEY)
    assert fit(ordinary(1).rows(0, MIN_WINDOWS), KEY).sample_size == MIN_WINDOWS


def test_the_summary_is_the_contracts_row() -> None:
    found = fit(ordinary(7), KEY).summary()
    assert (found.baseline_period_start, found.baseline_period_end) == (MONDAY, MONDAY + 7 * DAY)
    assert found.sample_size == 7 * DAY
    assert found.baseline_avg_response_time_ms == pytest.approx(0.9 * 0.5 + 0.1 * 20, rel=0.05)
    assert found.baseline_p95_response_time_ms == pytest.approx(30)
    assert found.baseline_error_rate == pytest.approx(0, abs=1e-6)
    assert (found.hit_rate_stddev or 0) == pytest.approx(100 * np.sqrt(0.09 / 300), rel=0.1)


def test_the_summary_of_what_was_never_measured_is_none() -> None:
    history = ordinary(7)
    kept = ("gets", "hits", "misses", "total_operations")
    bare = Windows(history.start, history.keys, {name: history.columns[name] for name in kept})
    found = fit(bare, KEY).summary()
    assert found.baseline_avg_response_time_ms is None
    assert found.baseline_error_rate is None


def test_rows_make_up_the_same_baseline_to_the_bit() -> None:
    baseline = fit(ordinary(7), KEY, time_zone="Europe/Berlin", version=4)
    rows = to_rows(baseline)
    again = from_rows(
        rows[::-1],
        key=KEY,
        version=4,
        time_zone="Europe/Berlin",
        start=baseline.start,
        end=baseline.end,
        sample_size=baseline.sample_size,
    )
    assert to_rows(again) == rows
    assert repr(again) == repr(baseline)
    assert {row.slot for row in rows if row.slot < DAILY} == {LEVEL, ALL, *range(SLOTS)}
    later = {row.slot for row in rows if row.slot >= DAILY}
    assert later <= {*range(DAILY, DAILY + STEPS), *range(SEEN, SEEN + SHARES.size)}
    assert set(range(SEEN, SEEN + SHARES.size)) <= later


@pytest.mark.parametrize("change", ["unknown", "twice", "missing"])
def test_rows_that_make_no_baseline_are_refused(change: str) -> None:
    rows = to_rows(fit(ordinary(2), KEY))
    broken = {
        "unknown": [*rows, rows[0]._replace(metric="luck")],
        "twice": [*rows, rows[0]._replace(centre=1.0)],
        "missing": rows[:-1],
    }[change]
    with pytest.raises(UnreadableProfile):
        from_rows(broken, key=KEY, version=1, time_zone="UTC", start=0, end=1, sample_size=1)


def test_fitting_twice_gives_the_same_bits() -> None:
    history = ordinary(3)
    assert to_rows(fit(history, KEY)) == to_rows(fit(history, KEY))


def test_profiles_that_are_fitted_when_asked_for_are_the_same() -> None:
    """In any order of asking, and one metric does not ask for another."""
    history = ordinary(3)
    past, whole = SeriesPast(history, KEY, "UTC"), fit(history, KEY).profiles
    found = fit_past(past).profiles
    for name in reversed(BY_NAME):
        if name in whole:
            assert repr(found[name]) == repr(whole[name])
            assert found[name] is found[name]
    assert list(found) == list(whole)
    assert len(found) == len(whole) < len(BY_NAME)
    assert "entries" in BY_NAME
    assert "entries" not in found
    with pytest.raises(KeyError):
        found["luck"]
