"""Symptoms of planted minutes, known by hand."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from auditor.causes.symptoms import Symptoms, symptoms
from auditor.statistics.scene import REACH, Scene
from baselines.expectation import Expectation
from baselines.metrics import METRICS
from baselines.series import SeriesKey, Windows

ROWS, FIRST = 300, 200
KEYS = (SeriesKey("pages", "legacy"), SeriesKey("pages", "new"))
USUAL = {
    "gets": 100.0, "hits": 80.0, "misses": 20.0, "sets": 20.0, "deletes": 0.0, "evictions": 15.0,
    "expirations": 5.0, "errors": 0.0, "get_errors": 0.0, "load_errors": 0.0, "set_errors": 0.0,
    "total_operations": 120.0, "distinct_keys": 90.0, "avg_cache_size": 1000.0,
    "latency_sum_ms": 480.0, "hit_latency_sum_ms": 80.0, "miss_latency_sum_ms": 400.0,
    "p50_response_time_ms": 1.0, "p95_response_time_ms": 30.0, "p99_response_time_ms": 50.0,
    "bytes_read": 8000.0, "bytes_written": 2000.0,
}  # fmt: skip
EXPECTED = {
    "hit_rate": 80.0, "traffic": 100.0, "hit_latency_ms": 1.0, "miss_latency_ms": 20.0,
    "fill_share": 1.0, "sets": 20.0, "deletes": 0.0, "evictions": 15.0, "expirations": 5.0,
    "distinct_keys": 90.0,
}  # fmt: skip


def ordinary() -> dict[str, np.ndarray]:
    return {name: np.full((ROWS, 2), value) for name, value in USUAL.items()}


def seen(columns: dict[str, np.ndarray]) -> Scene:
    expectations = {}
    for metric in METRICS:
        usual = np.full((ROWS, 2), EXPECTED.get(metric.name, np.nan))
        expectations[metric.name] = Expectation(metric, *[usual] * 6)
    return Scene(Windows(0, KEYS, columns), {}, expectations)


def told(columns: dict[str, np.ndarray], minutes: int = 10) -> Symptoms:
    return symptoms(seen(columns), FIRST, FIRST + minutes - 1, 1)


def same(one: Symptoms, other: Symptoms) -> bool:
    return repr(one) == repr(other)


def test_ordinary_minutes_show_nothing() -> None:
    found = told(ordinary())
    factors = (
        found.traffic, found.misses, found.hit_time, found.load_time, found.sets_a_miss,
        found.evictions, found.expirations, found.keys_a_get, found.entries, found.fading,
        found.apart, found.value_written,
    )  # fmt: skip
    assert factors == pytest.approx([1.0] * len(factors))
    assert (found.vanished, found.hits_lost, found.load_error_share) == pytest.approx((0, 0, 0))


def test_the_books_say_where_the_entries_went() -> None:
    """900 of 1000 go in a minute: without a trace, by eviction (making room aside), by expiry."""
    gone = ordinary()
    gone["avg_cache_size"][FIRST:, 1] = 100.0
    assert told(gone).vanished == pytest.approx((900 - 20) / 1000)
    gone["evictions"][FIRST, 1] = 915.0
    evicted = told(gone)
    assert evicted.vanished == 0
    assert evicted.evicted == pytest.approx((915 - 20) / 1000)
    gone["evictions"][FIRST, 1] = 15.0
    gone["expirations"][FIRST, 1] = 905.0
    expired = told(gone)
    assert expired.vanished == 0
    assert expired.expired == pytest.approx((905 + 5) / 1000)
    assert expired.entries == pytest.approx(0.1)


def test_a_loss_told_late_is_still_seen() -> None:
    gone = ordinary()
    gone["avg_cache_size"][FIRST - 8 :, 1] = 100.0
    assert told(gone).vanished > 0.8


def test_factors_count_a_few_events_on_both_sides() -> None:
    """60 misses of 100 gets where 20 are usual: (600 + 3) / (200 + 3) over ten minutes."""
    lost = ordinary()
    lost["hits"][FIRST:, 1], lost["misses"][FIRST:, 1] = 40.0, 60.0
    found = told(lost)
    assert found.misses == pytest.approx(603 / 203)
    assert found.hits_lost == pytest.approx(0.5)
    assert found.sets_a_miss == pytest.approx(1 / 3)
    assert found.departure == pytest.approx(3.0)
    assert found.apart == pytest.approx(3.0)
    assert found.others is not None
    assert found.others.misses == pytest.approx(1.0)


def test_failed_gets_hide_the_time_of_hits() -> None:
    failing = ordinary()
    failing["get_errors"][FIRST:, 1], failing["hits"][FIRST:, 1] = 20.0, 60.0
    found = told(failing)
    assert found.connection_error_share == pytest.approx(0.2)
    assert np.isnan(found.hit_time)
    assert found.unserved == pytest.approx((400 + 3) / (200 + 3))


def test_sets_of_keys_that_are_there_are_told_from_new_ones() -> None:
    again = ordinary()
    again["sets"][FIRST:, 1] = 40.0
    assert told(again).rewritten == pytest.approx(0.5)


def test_the_incumbent_is_no_candidate() -> None:
    scene = seen(ordinary())
    assert symptoms(scene, FIRST, FIRST + 5, 0).candidate == 0
    assert symptoms(scene, FIRST, FIRST + 5, 1).candidate == 1


def test_nothing_measured_is_not_a_number() -> None:
    found = symptoms(seen({"gets": np.full((ROWS, 2), np.nan)}), FIRST, FIRST + 5, 1)
    known = {"missing", "minutes", "candidate", "others", "departure", "apart"}
    for each in fields(Symptoms):
        if each.name not in known:
            assert np.isnan(getattr(found, each.name)), each.name
    assert found.missing == 1


def test_no_sign_looks_further_back_than_it_says() -> None:
    """A longer past in the block changes no bit, so daemon and backtest tell the same."""
    random = np.random.default_rng(3)
    columns = {name: random.poisson(each).astype(float) for name, each in ordinary().items()}
    whole, cut = seen(columns), seen(columns).after(FIRST - REACH)
    assert same(symptoms(whole, FIRST, FIRST + 12, 1), symptoms(cut, REACH, REACH + 12, 1))
