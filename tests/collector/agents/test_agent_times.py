"""The server's own times as sums and histograms, and when it is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.agents.buckets import at_the_mean, histogram
from collector.agents.difference import Change
from collector.agents.reading import Levels
from collector.agents.rhythm import INTERVALS_S, next_poll_ns, offset_ns, snapped_ns
from collector.agents.weighing import Series, weigh
from collector.histogram import EDGES_MS, Histogram, value_of

S = 10**9
NOON = 1_795_392_000 * S
SERIES = Series("pages", "new", "cache-1")
HIT, MISS, SET = ("hit", False), ("miss", False), ("set", False)


@given(st.dictionaries(st.sampled_from([2**n for n in range(1, 24)]), st.integers(1, 10**6)))
def test_a_buckets_calls_stay_within_it(buckets: dict[int, int]) -> None:
    """None is lost, and each is laid within its factor of two."""
    laid = histogram(buckets)
    assert laid.n == sum(buckets.values())
    for upper, n in buckets.items():
        low, high = upper / 2000.0 / 1.02, upper / 1000.0 * 1.02
        held = histogram({upper: n}).counts
        assert sum(held.values()) == n
        assert all(low <= value_of(number) <= high for number in held)


def test_a_lone_call_is_laid_in_the_middle_of_its_bucket() -> None:
    """Between 8 and 16 µs: at 8·√2 = 11.3 µs, to within a bin."""
    (number,) = histogram({16: 1}).counts
    assert EDGES_MS[number - 1] <= 0.0113137 < EDGES_MS[number]


def test_without_buckets_all_calls_are_at_their_mean() -> None:
    laid = at_the_mean(300, 3)
    assert laid.n == 3
    assert laid.quantile(0.5) == pytest.approx(0.1, rel=0.01)
    assert at_the_mean(0, 0).counts == {}


def test_hits_have_their_share_of_the_gets_time_and_misses_none() -> None:
    """No server sees a load: 3 hits and 1 miss in 400 µs are 300 µs of hits."""
    change = Change(NOON, NOON + 10 * S, {HIT: 3, MISS: 1, SET: 2}, {"get": 400, "set": 50},
                    {"get": {128: 4}, "set": {33: 2}}, Levels())  # fmt: skip
    found = {w.operation_type: w for w in weigh(SERIES, change)[0]}
    assert (found["hit"].latency_sum_ns, sum(found["hit"].counts)) == (300_000, 3)
    assert (found["miss"].latency_sum_ns, found["miss"].bins) == (0, ())
    assert (found["set"].latency_sum_ns, sum(found["set"].counts)) == (50_000, 2)
    assert found["hit"].latency_max_ms is None


def test_a_sum_without_buckets_is_of_as_many_calls_as_were_counted() -> None:
    """Before Redis 7: the mean is right, and it is all that is known."""
    change = Change(NOON, NOON + 10 * S, {HIT: 4, MISS: 4}, {"get": 800}, {}, Levels())
    (hit,) = (w for w in weigh(SERIES, change)[0] if w.operation_type == "hit")
    assert hit.latency_sum_ns == 400_000
    assert Histogram.of(hit.bins, hit.counts).quantile(0.5) == pytest.approx(0.1, rel=0.01)


@given(st.sampled_from(INTERVALS_S), st.text(max_size=20), st.integers(0, 3600 * S))
def test_a_poll_at_its_time_stands_for_a_boundary(interval: int, place: str, since: int) -> None:
    """The next poll lies ahead, at most an interval away, and snaps to a part of the minute."""
    now = NOON + since
    offset = offset_ns(place, interval)
    due = next_poll_ns(now, interval, offset)
    assert now < due <= now + interval * S
    assert 0 < offset <= S // 4 + S // 100
    boundary = snapped_ns(due, interval)
    assert boundary % (interval * S) == 0
    assert 0 < due - boundary <= offset


def test_an_answer_that_comes_late_stands_for_its_own_instant() -> None:
    assert snapped_ns(NOON + 10 * S + 999_999_999, 10) == NOON + 10 * S
    assert snapped_ns(NOON + 12 * S, 10) == NOON + 12 * S
    assert snapped_ns(NOON + 9_999_999_999, 10) == NOON + 9_999_999_999
