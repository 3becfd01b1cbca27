"""Weights count what the rows say, to the last nanosecond."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batch import Batch
from collector.events import Row
from collector.weights import aggregate
from tests.collector.made import batch, row

ROWS = st.lists(
    st.builds(
        lambda second, kind, error, elapsed, size, sample: row(
            0,
            timestamp_ns=second * 10**9 + 5,
            operation_type=kind,
            error_type=error,
            response_time_ms=elapsed,
            value_bytes=size,
            is_sample=sample,
        ),
        st.integers(100, 102),
        st.sampled_from(["hit", "miss", "evict"]),
        st.sampled_from([None, "E"]),
        st.none() | st.floats(0, 1000),
        st.none() | st.integers(0, 1000),
        st.booleans(),
    ),
    max_size=60,
)


@given(ROWS)
def test_sums_are_exact(rows: list[Row]) -> None:
    """Per second, operation and failed or not; samples are counted elsewhere."""
    weights = aggregate(rows, "host")
    counted = [r for r in rows if not r.is_sample]
    expected = Counter(
        (r.timestamp_ns // 10**9, r.operation_type, r.error_type is not None) for r in counted
    )
    assert {(w.second, w.operation_type, w.failed): w.n for w in weights} == dict(expected)
    assert sum(w.value_bytes for w in weights) == sum(r.value_bytes or 0 for r in counted)
    timed = [r.response_time_ms for r in counted if r.response_time_ms is not None]
    assert sum(w.latency_sum_ns for w in weights) == sum(round(t * 1e6) for t in timed)
    assert sum(sum(w.counts) for w in weights) == len(timed)
    assert max((w.latency_max_ms or 0.0 for w in weights), default=0.0) == max(timed, default=0.0)
    assert {w.node for w in weights} <= {"host"}


@given(ROWS)
def test_a_batch_survives_the_spool(rows: list[Row]) -> None:
    """Rows and weights come back from their bytes as they were."""
    made = Batch(batch(1).collector_id, 7, tuple(rows), aggregate(rows), "host")
    assert Batch.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"rows": 5}', b"\xff"])
def test_other_bytes_are_no_batch(content: bytes) -> None:
    """They raise one of three, which the spool expects."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        Batch.from_bytes(content)
