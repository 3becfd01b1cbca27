"""The campaign over healthy weeks counts what it says it counts: `benchmarks.budget`, small."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.budget import batch
from benchmarks.budget_figures import BUDGETS, Alarm, SeriesWeek, interval, line, report
from benchmarks.healthy_traffic import (
    DAY,
    SHAPES,
    Cache,
    draw_cache,
    made,
    without_hits,
)


def test_a_poisson_interval_is_that_of_the_tables() -> None:
    """95 % limits of 0 and of 10 counts: 0 to 3.689, 4.795 to 18.391 (Garwood 1936)."""
    assert interval(0, 1.0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert interval(10, 2.0) == (
        pytest.approx(4.795 / 2, abs=1e-3),
        pytest.approx(18.391 / 2, abs=1e-3),
    )


def test_caches_differ_and_the_same_seed_gives_the_same() -> None:
    """All shapes, one and two implementations, rates from below 1 to above 1,000."""
    drawn = [draw_cache(1, at) for at in range(72)]
    assert {each.shape for each in drawn} == set(SHAPES)
    assert {each.implementations for each in drawn} == {1, 2}
    rates = [each.rate for each in drawn]
    assert min(rates) < 1
    assert max(rates) > 1000
    assert max(each.rate for each in drawn if each.shape == "low counts") < 4
    once, again = made(drawn[3], DAY), made(draw_cache(1, 3), DAY)
    assert all(np.array_equal(once.columns[name], again.columns[name]) for name in once.columns)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_generated_cache_adds_up(shape: str) -> None:
    """Gets are hits, misses and errors; nothing is below 0 or missing; the mean is about the
    rate that was asked for."""
    cache = Cache("any", shape, 40.0, 2, (2, 1))
    windows = made(cache, 7 * DAY)
    assert windows.keys == cache.keys
    for name, values in windows.columns.items():
        assert (np.isfinite(values) & (values >= 0)).all(), name
    parts = [windows.column(name) for name in ("hits", "misses", "get_errors")]
    np.testing.assert_array_equal(windows.column("gets"), sum(parts))
    assert 10 < windows.column("gets").mean() < 400


def test_a_loss_moves_its_share_of_hits_and_nothing_else() -> None:
    """Gets stay; every lost hit is a miss that is loaded and set."""
    whole = made(Cache("any", "flat", 1000.0, 2, (2, 1)), 300)
    lost = without_hits(whole, 1, 100, 160, 0.3, np.random.default_rng(1))
    before, after = whole.column("hits"), lost.column("hits")
    gone = before - after
    assert gone[100:160, 1].sum() / before[100:160, 1].sum() == pytest.approx(0.3, abs=0.01)
    assert gone.sum() == gone[100:160, 1].sum()
    np.testing.assert_array_equal(lost.column("gets"), whole.column("gets"))
    np.testing.assert_array_equal(lost.column("misses") - whole.column("misses"), gone)
    assert (lost.column("miss_latency_sum_ms") >= whole.column("miss_latency_sum_ms")).all()


def test_a_line_counts_false_observations_and_losses_found() -> None:
    """Three observations in four judged weeks; one of two losses, after 7 minutes."""
    cache = Cache("any", "flat", 10.0, 1, (1, 0))
    alarms: dict[float, tuple[Alarm, ...]]
    found = []
    for count, delays in ((2, {0.25: 7}), (0, {}), (1, {0.25: None}), (0, {})):
        alarms = {0.25: (Alarm(0, "traffic by one"),) * count}
        found.append(SeriesWeek(cache, cache.keys[0], 2, 1.0, alarms, delays))  # type: ignore[arg-type]
    low, high = interval(3, 4.0)
    expected = ["any", "4.0", "3", "0.750", f"{low:.2f}", "to", f"{high:.2f}", "2", "0.50", "7"]
    assert line("any", found, 0.25).split() == expected


def test_a_small_campaign_judges_its_weeks_and_finds_a_plain_loss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two caches of two implementations, a week after two learned ones: a smaller budget never
    gives more, and the loss is told within minutes where there is traffic enough."""
    found = batch(1, 9, 1, caches=2)
    assert len(found) == 4
    assert all(each.judged > 0.99 for each in found)
    for each in found:
        counts = [len(each.alarms[budget]) for budget in BUDGETS]
        assert counts == sorted(counts)
    (planted,) = [each for each in found if each.delays]
    assert planted.cache.rate > 100
    assert planted.delays[1.0] is not None
    assert planted.delays[1.0] <= 15
    report(found)
    said = capsys.readouterr().out
    assert all(f"budget {budget:g}" in said for budget in BUDGETS)
