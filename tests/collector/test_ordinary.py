"""Rows made by columns are those made one by one; whatever is odd is left to the latter."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events import DAY_NS, Event, Refused, Span, prepare
from collector.following import Following
from collector.keys import KeyEncoder, KeyHasher
from collector.ordinary import rows_at_once
from collector.preparation import Preparation
from collector.tally import Tally

NOW = 1_700_000_000 * 10**9
SPAN = Span.around(NOW)
HASHER = KeyHasher(b"s", encoder=lambda key: f"{key:x}" if isinstance(key, int) else None)

ORDINARY = st.tuples(
    st.integers(NOW - 8 * DAY_NS, NOW + DAY_NS - 1),
    st.sampled_from(("hit", "miss", "set", "delete", "error")),
    st.sampled_from(("pages", "größen")),
    st.sampled_from(("legacy", "new")),
    st.one_of(st.text(max_size=5), st.binary(max_size=5), st.none(), st.integers(0, 99)),
    st.one_of(st.none(), st.floats(0.0, 1e9, exclude_max=True)),
    st.one_of(st.none(), st.integers(0, 2**53)),
    st.one_of(st.none(), st.integers(0, 2**40)),
    st.one_of(st.none(), st.text(max_size=200)),
    st.one_of(st.none(), st.text(max_size=20)),
    st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=2)),
    st.booleans(),
)


class _Text(str):
    """Not the very type that a name must have."""


class _Hostile:
    """Whatever is asked of it ends the thread."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    def __hash__(self) -> int:
        raise SystemExit


ODD = [
    (0, SPAN.since_ns - 1), (0, SPAN.until_ns), (0, 1.5), (0, True), (1, "get"), (1, ["hit"]),
    (2, ""), (2, "x" * 129), (2, "a\0"), (2, "\ud800"), (2, _Text("pages")), (2, None),
    (3, "no spaces"), (3, "new\n"), (3, _Text("new")), (4, ("a", object())), (4, _Hostile()),
    (5, -0.1), (5, 1e9), (5, math.nan), (5, math.inf), (5, "1"), (5, True), (5, 3), (6, -1),
    (6, 2**53 + 1), (6, True), (6, 1.0), (7, 2**40 + 1), (7, "1"), (8, 7), (8, "x" * 129),
    (9, b"x"), (10, []), (10, {"a": math.nan}), (10, {"a": "\0"}), (11, 1), (11, None),
]  # fmt: skip


def one_by_one(events: list[Event]) -> list[Any]:
    return [prepare(event, SPAN, HASHER) for event in events]


@given(st.lists(ORDINARY, max_size=20))
def test_ordinary_events_become_the_same_rows_at_once(events: list[Event]) -> None:
    """Equal and of equal types: 1 is not 1.0, and a row is a Row."""
    rows = rows_at_once(events, SPAN, HASHER)
    slow = one_by_one(events)
    if any(isinstance(row, Refused) for row in slow):  # a message or a key with half a character
        assert rows is None
        return
    assert rows == slow
    assert [list(map(type, row)) for row in rows] == [list(map(type, row)) for row in slow]
    assert {type(row) for row in rows} <= {type(row) for row in slow}


@pytest.mark.parametrize(("place", "value"), ODD, ids=[f"{p}-{n}" for n, (p, _) in enumerate(ODD)])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_one_odd_value_among_others_is_judged_as_if_it_were_alone(
    place: int, value: Any, at: int
) -> None:
    """Wherever it stands, the two others are stored, and it is stored or counted as its twin."""
    good: Event = (NOW, "hit", "pages", "new", "k", 0.5, 10, 512, None, None, {"a": 1}, False)
    odd: Any = (*good[:place], value, *good[place + 1 :])
    events: list[Event] = [good, good, good]
    events[at] = odd
    tally = Tally()
    preparation = Preparation(tally, lambda: b"s", encoder=_encoder)
    rows = preparation.rows(events, NOW)
    try:
        alone: Any = prepare(odd, SPAN, KeyHasher(b"s", encoder=_encoder))
    except SystemExit:  # which `rows` refuses
        alone = Refused("the event cannot be read (SystemExit)")
    assert len(rows) == 2 + isinstance(alone, tuple)
    assert tally.refused == isinstance(alone, Refused)
    if isinstance(alone, tuple):
        assert rows[at] == alone
        assert list(map(type, rows[at])) == list(map(type, alone))
    else:
        assert list(tally.reasons) == [alone.reason]


def _encoder(key: Any) -> str:
    return str(key.name)


@pytest.mark.parametrize("length", [0, 11, 13])
def test_events_of_another_length_are_left_to_the_twin(length: int) -> None:
    """Nothing is said of them here."""
    events: Any = [tuple(range(length))] * 2
    assert rows_at_once(events, SPAN, HASHER) is None


@pytest.mark.parametrize("plain", [False, True])
@given(keys=st.lists(st.one_of(st.text(max_size=4), st.binary(max_size=4), st.none()), max_size=9))
def test_many_keys_are_hashed_as_each_of_them(plain: bool, keys: list[Any]) -> None:
    """Long secrets are cut alike; plain keys stay plain."""
    hasher = KeyHasher(b"secret" * 20, plain=plain)
    assert hasher.all(keys, ["pages"] * len(keys)) == [hasher(key, "pages") for key in keys]


@given(st.lists(ORDINARY, max_size=30))
def test_many_events_are_explained_as_each_of_them(events: list[Event]) -> None:
    """The table sees the same, in the same order."""
    encode = KeyEncoder(str)
    many, each = Following(encode), Following(encode)
    assert many.explain(events) == [each.explained(event) or event for event in events]


def test_misses_of_followed_keys_are_explained_among_many() -> None:
    """Of 1,000 keys about one in 16 is followed; only those misses say why."""
    events: list[Event] = [
        (NOW, "miss", "pages", "new", f"k{n}", 0.5, None, None, None, None, None, False)
        for n in range(1000)
    ]
    told = [event for event in Following(KeyEncoder()).explain(events) if event[10] is not None]
    assert 30 < len(told) < 100
    assert all(event[10]["miss_cause"] == "first_seen" for event in told)
