"""What an event must be to be kept, and what is said when it is not."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events import DAY_NS, Event, Refused, Row, Span, prepare
from collector.keys import KeyHasher

NOW = 1_700_000_000 * 10**9
GOOD: dict[str, Any] = {
    "timestamp_ns": NOW,
    "operation_type": "hit",
    "cache_name": "pages",
    "implementation_type": "new",
    "cache_key": "k",
    "response_time_ms": 0.25,
    "cache_size": 10,
    "value_bytes": 512,
    "error_type": None,
    "error_message": None,
    "metadata": {"similarity": 0.93},
    "is_sample": False,
}
HASHER = KeyHasher(b"s")


def prepared(**changes: Any) -> Row | Refused:
    event: Event = tuple((GOOD | changes).values())  # type: ignore[assignment]
    return prepare(event, Span.around(NOW), HASHER)


def test_a_good_event_becomes_a_row() -> None:
    """Key hashed, metadata as JSON text, the rest as it was."""
    assert prepared() == Row(
        NOW, "hit", "pages", "new", HASHER("k", ""), 0.25, 10, 512, None, None,
        '{"similarity":0.93}', False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operation_type": "get"}, "operation_type is none of"),
        ({"operation_type": ["hit"]}, "cannot be read"),
        ({"timestamp_ns": NOW - 8 * DAY_NS - 1}, "timestamp lies outside"),
        ({"timestamp_ns": NOW + DAY_NS}, "timestamp lies outside"),
        ({"timestamp_ns": 1.5}, "timestamp is not whole nanoseconds"),
        ({"cache_name": ""}, "cache_name is not a text"),
        ({"cache_name": "a\0"}, "cache_name has a NUL"),
        ({"cache_name": "\ud800"}, "cache_name has a lone surrogate"),
        ({"cache_name": "x" * 129}, "cache_name is not a text"),
        ({"implementation_type": "no spaces"}, "implementation_type is not"),
        ({"implementation_type": "new\n"}, "implementation_type is not"),
        ({"implementation_type": "x" * 65}, "implementation_type is not"),
        ({"cache_key": 7}, "a cache key of type int has no encoder"),
        ({"response_time_ms": -0.1}, "response_time_ms is negative"),
        ({"response_time_ms": math.nan}, "is negative, or a billion and more"),
        ({"response_time_ms": math.inf}, "is negative, or a billion and more"),
        ({"response_time_ms": "1"}, "response_time_ms is not a number"),
        ({"response_time_ms": True}, "response_time_ms is not a number"),
        ({"response_time_ms": 10**400}, "response_time_ms is not a number"),
        ({"cache_size": -1}, "cache_size is negative"),
        ({"cache_size": 2**63}, "cache_size is negative or above"),
        ({"value_bytes": 1.5}, "value_bytes is not a whole number"),
        ({"error_type": 5}, "error_type or error_message is not a text"),
        ({"metadata": [1]}, "metadata is not a dict"),
        ({"metadata": {"a": object()}}, "metadata cannot be written as JSON"),
        ({"metadata": {"a": math.nan}}, "metadata cannot be written as JSON"),
        ({"metadata": {"a": "\0"}}, "metadata has a NUL"),
        ({"metadata": {"a": "\ud800"}}, "metadata has a lone surrogate"),
        ({"metadata": {"a": "x" * 9000}}, "metadata is longer"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    """One rule broken, one reason, and nothing of the user's values in it."""
    found = prepared(**changes)
    assert isinstance(found, Refused)
    assert reason in found.reason


def test_the_accepted_span_is_half_open() -> None:
    """Eight days back belongs to it, a day ahead does not."""
    assert isinstance(prepared(timestamp_ns=NOW - 8 * DAY_NS), Row)
    assert isinstance(prepared(timestamp_ns=NOW + DAY_NS - 1), Row)


def test_long_and_odd_error_texts_are_cut_and_cleaned_not_refused() -> None:
    """An error's own words may be anything; the event is not lost for them."""
    row = prepared(error_type="E" * 500, error_message="a\0b\ud800" + "m" * 5000)
    assert isinstance(row, Row)
    assert row.error_type is not None
    assert row.error_message is not None
    assert (len(row.error_type), len(row.error_message)) == (128, 2000)
    assert row.error_message.startswith("a\ufffdb?m")


def test_a_backslash_before_u0000_is_no_nul() -> None:
    r"""The text \u0000 written out is not the character."""
    assert isinstance(prepared(metadata={"path": "C:\\u0000"}), Row)


RUBBISH = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.dictionaries(st.text(max_size=3), st.floats(), max_size=3), st.builds(object),
)  # fmt: skip


@given(st.lists(RUBBISH, max_size=14))
def test_rubbish_is_refused_and_never_raises(values: list[Any]) -> None:
    """Whatever the tuple holds, there is an answer."""
    found = prepare(tuple(values), Span.around(NOW), HASHER)  # type: ignore[arg-type]
    assert isinstance(found, Row | Refused)
