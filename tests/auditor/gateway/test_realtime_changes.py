"""Which changes a client is told of: schema, table, event, filter; and in which shape."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.gateway.live.messages import OBSERVATIONS, WINDOWS, RowChange
from auditor.gateway.realtime.changes import (
    RefusedSubscription,
    Subscription,
    read_subscription,
    told,
)
from auditor.gateway.realtime.filters import UnusableFilter, read_filter, split
from auditor.gateway.realtime.patterns import like, read_like
from auditor.gateway.realtime.regex_reading import read_regex

TYPES = {
    "name": "text", "hits": "int8", "rate": "numeric", "ms": "float8", "open": "bool",
    "at": "timestamptz", "id": "uuid", "meta": "jsonb",
}  # fmt: skip
ROW = {
    "name": "shop, (new)", "hits": 10, "rate": 33.33, "ms": None, "open": True,
    "at": "2026-03-02T12:00:00+00:00", "id": "0e3f1a52-0000-4000-8000-000000000001",
    "meta": {"a": [1]},
}  # fmt: skip
COLUMNS = {
    WINDOWS: (("cache_name", "text"), ("hits", "int8"), ("hit_rate", "numeric")),
    OBSERVATIONS: (("id", "uuid"), ("cache_name", "text"), ("severity", "text")),
}


def passes(written: str, **row: object) -> bool:
    """Whether ROW, with these differences, gets through a filter."""
    return all(each.lets(ROW | row) for each in read_filter(written, TYPES))


@pytest.mark.parametrize(
    ("written", "through"),
    [
        ("hits=eq.10", True), ("hits=eq.11", False), ("hits=neq.11", True),
        ("hits=not.eq.10", False),
        ("hits=gt.9", True), ("hits=gt.10", False), ("hits=gte.10", True), ("hits=lt.9.5", None),
        ("hits=lte.10", True), ("hits=gt.9,hits=lt.11", True), ("hits=gt.9,hits=lt.10", False),
        ("rate=eq.33.330", True), ("rate=lt.33.34", True), ("hits=in.(1,10)", True),
        ("hits=not.in.(1,10)", False), ("hits=in.()", None), ("hits=in.1", None),
        ('name=eq."shop, (new)"', True), ('name=in.(a,"shop, (new)")', True),
        ("name=like.shop%", True), ("name=like.%new", False), ("name=like.shop_ (n_w)", True),
        ("name=ilike.SHOP%", True), ("name=like.SHOP%", False), ("name=not.like.shop%", False),
        (r"name=like.shop\%", False), ("name=match.^shop", True), ("name=match.^new", False),
        ('name=imatch."^SHOP.*[(]NEW"', True), ("name=match.(a|b", None), ("hits=match.1", None),
        ("open=is.true", True), ("open=is.false", False), ("open=eq.t", True), ("open=gt.f", None),
        ("ms=is.null", True), ("ms=not.is.null", False), ("open=is.null", False), ("ms=is.x", None),
        ("ms=eq.1", False), ("ms=neq.1", False), ("ms=not.eq.1", False), ("ms=in.(1)", False),
        ("ms=isdistinct.1", True), ("ms=isdistinct.null", False), ("hits=isdistinct.10", False),
        ("hits=not.isdistinct.10", True),
        ("at=eq.2026-03-02T13:00:00+01:00", True), ("at=gte.2026-03-02", True),
        ("at=lt.2026-03-02 12:00", False), ("at=eq.now", None),
        ("id=eq.0E3F1A52-0000-4000-8000-000000000001", True), ("id=eq.5", None),
        ('meta=eq."{\\"a\\":[1]}"', True), ("hits=eq.x", None), ("hits=eq.1e400000", None),
        ("hits=eq", None), ("hits", None), ("", None), ("nothing=eq.1", None),
        ("hits=near.1", None),
        ("hits=eq.1,", None), ('name=eq."a', None), ("hits=in.(" + ",".join("1" * 101) + ")", None),
        (",".join(["hits=gt.1"] * 21), None), ("name=eq." + "x" * 2_000, None),
    ],
)  # fmt: skip
def test_a_filter_is_judged_as_the_database_would(written: str, through: bool | None) -> None:
    """True, false, or None where it cannot be used. A comparison with null is neither."""
    if through is None:
        with pytest.raises(UnusableFilter):
            read_filter(written, TYPES)
    else:
        assert passes(written) is through


def test_a_comma_in_quotes_or_parentheses_joins_nothing() -> None:
    assert split('a=eq."x,\\",y",b=in.(1,2),c=is.null') == [
        'a=eq."x,\\",y"', "b=in.(1,2)", "c=is.null"
    ]  # fmt: skip


def test_like_is_what_its_slow_twin_says() -> None:
    """Against a regular expression, over drawn patterns and texts; and quick on a bad one."""
    draw = random.Random(11)
    for _ in range(4_000):
        pattern = "".join(draw.choices("ab%_\\", k=draw.randrange(7)))
        text = "".join(draw.choices("ab%_", k=draw.randrange(8)))
        try:
            letters = read_like(pattern)
        except ValueError:
            assert pattern.endswith("\\")
            continue
        wild = {"%": ".*", "_": "."}
        twin = "".join(wild[each] if is_wild else re.escape(each) for each, is_wild in letters)
        assert like(text, letters) is (re.fullmatch(twin, text, re.DOTALL) is not None)
    assert not like("a" * 2_000, read_like("%a" * 200 + "b"))


def drawn_regex(draw: random.Random, depth: int = 0) -> str:
    kind = draw.random()
    if depth > 3 or kind < 0.45:
        return draw.choice(["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", "[[:digit:]_]"])
    if kind < 0.6:
        return drawn_regex(draw, depth + 1) + drawn_regex(draw, depth + 1)
    if kind < 0.7:
        return f"({drawn_regex(draw, depth + 1)}|{drawn_regex(draw, depth + 1)})"
    if kind < 0.9:
        times = draw.choice(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0}"])
        return f"({drawn_regex(draw, depth + 1)}){times}"
    return draw.choice(["^", ""]) + drawn_regex(draw, depth + 1) + draw.choice(["$", ""])


def test_match_is_what_its_slow_twin_says() -> None:
    """Against Python's own, which tries one way after the other."""
    draw = random.Random(3)
    compared = 0
    for _ in range(1_500):
        pattern, folded = drawn_regex(draw), draw.random() < 0.5
        try:
            regex = read_regex(pattern, folded)
        except ValueError:
            continue  # too large
        twin = re.compile(pattern.replace("[:digit:]", "0-9"))
        for _ in range(5):
            text = "".join(draw.choices("abcABC1_", k=draw.randrange(8)))
            expected = twin.search(text.lower() if folded else text) is not None
            assert regex.found_in(text) is expected, (pattern, text)
            compared += 1
    assert compared > 5_000
    assert not read_regex("^(a|aa)+$", False).found_in("a" * 400 + "b")


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a)", "*", "a{2", "a{3,2}", "a{51}", "[a", "[b-a]", "[[:x:]]", r"\1", "\\", "a**b(",
     "((((a{50}){50}){50}){50})", "a" * 201, "(?=a)"],
)  # fmt: skip
def test_a_pattern_that_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which fault it is, nobody is told
        read_regex(pattern, False)


# Subscriptions -----------------------------------------------------------------------------------


def change(table: str = WINDOWS, kind: Any = "INSERT", **record: object) -> RowChange:
    """Of the cache shop with 7 hits, unless said otherwise."""
    row = {"cache_name": "shop", "hits": 7, "hit_rate": 50.0} | record
    old = None if kind == "INSERT" else {"cache_name": "shop"}
    return RowChange(table, kind, row, old, datetime(2026, 3, 2, 12, 0, 5, 999_999, tzinfo=UTC))


def subscription(**request: object) -> Subscription:
    """To every change of the schema, unless said otherwise."""
    return read_subscription({"event": "*", "schema": "monitoring"} | request, COLUMNS)


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({}, True), ({"schema": "*"}, True), ({"table": "*"}, True), ({"table": WINDOWS}, True),
        ({"table": OBSERVATIONS}, False), ({"event": "INSERT"}, True), ({"event": "insert"}, True),
        ({"event": "UPDATE"}, False), ({"event": "DELETE"}, False), ({"filter": ""}, True),
        ({"filter": None}, True), ({"filter": "cache_name=eq.shop"}, True),
        ({"filter": "cache_name=eq.other"}, False),
        ({"table": WINDOWS, "filter": "hits=gt.6"}, True),
        ({"table": WINDOWS, "filter": "hits=gt.7"}, False),
    ],
)  # fmt: skip
def test_a_change_is_wanted_by_schema_table_event_and_filter(
    request_: dict[str, object], wanted: bool
) -> None:
    assert subscription(**request_).wants(change()) is wanted


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"schema": "public"}, "monitoring"), ({"schema": None}, "monitoring"),
        ({"table": "orders"}, "cache_metrics_1min"), ({"event": "TRUNCATE"}, "event is"),
        ({"event": 5}, "event is"), ({"filter": "hits=gt.6"}, "no column 'hits'"),
        ({"filter": 5}, "no text"), ({"select": "hits"}, "list of columns"),
        ({"table": WINDOWS, "select": ["severity"]}, "no column 'severity'"),
        ({"table": WINDOWS, "filter": "hits=eq.many"}, "no value for eq of hits"),
    ],
)  # fmt: skip
def test_what_could_never_match_is_refused_and_not_silent(
    request_: dict[str, object], said: str
) -> None:
    """A filter on both tables knows the columns that they share."""
    with pytest.raises(RefusedSubscription, match=re.escape(said)):
        subscription(**request_)


@pytest.mark.parametrize(
    "request_",
    [
        None, [], "x", 5, {"schema": "*", "table": ["x"]},
        {"schema": {}}, {"schema": "*", "select": [[]]}, {"schema": "*", "event": None},
        {"schema": "*", "select": ["cache_name"] * 400},
    ],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused(request_: object) -> None:
    """Whatever it is, nothing else is raised."""
    with pytest.raises(RefusedSubscription):
        read_subscription(request_, COLUMNS)


def test_a_value_that_cannot_be_said_lets_nothing_through() -> None:
    """PostgreSQL's infinity is no instant of Python's."""
    for written in ("at=gt.2026-03-02", "at=not.gt.2026-03-02"):
        assert not passes(written, at="infinity")


def test_the_id_is_the_request_s() -> None:
    """Stable, never 0, and an int that JavaScript can say."""
    ids = [subscription(filter=f"cache_name=eq.{number}").id for number in range(500)]
    assert ids == [subscription(filter=f"cache_name=eq.{number}").id for number in range(500)]
    assert len(set(ids)) == 500
    assert all(0 < each < 2**31 for each in ids)
    assert subscription(table="*") != subscription()


def test_a_change_is_told_as_the_server_does() -> None:
    """INSERT: record. UPDATE: old_record too. Times in milliseconds, cut off and not rounded."""
    assert json.loads(told(change(), COLUMNS, None)) == {
        "schema": "monitoring", "table": WINDOWS, "commit_timestamp": "2026-03-02T12:00:05.999Z",
        "type": "INSERT", "errors": None,
        "columns": [{"name": "cache_name", "type": "text"}, {"name": "hits", "type": "int8"},
                    {"name": "hit_rate", "type": "numeric"}],
        "record": {"cache_name": "shop", "hits": 7, "hit_rate": 50.0},
    }  # fmt: skip
    update = json.loads(told(change(kind="UPDATE"), COLUMNS, ("hits",)))
    assert (update["type"], update["old_record"], update["record"]) == ("UPDATE", {}, {"hits": 7})
    assert update["columns"] == [{"name": "hits", "type": "int8"}]


def test_a_change_that_is_too_large_says_so() -> None:
    """Python clients lose their connection over a message of a MiB."""
    large = json.loads(told(change(extra="x" * 1_000_000), COLUMNS, None))
    assert large["errors"] == ["Error 413: Payload Too Large"]
    assert large["record"] == {"cache_name": "shop", "hits": 7, "hit_rate": 50.0}
