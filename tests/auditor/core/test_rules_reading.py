"""Rules as they are written: read, told, and refused with every fault at once."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.reading import BOUNDS, KEYS, MOST_RULES, read_rules
from auditor.rules.rule import LEAST_COUNT, SEVERITIES, Rule, RuleInvalid
from baselines.metrics import METRICS

FULL: dict[str, Any] = {
    "name": "low hits", "metric": "hit_rate", "below": 80, "for_minutes": 5, "over_minutes": 3,
    "least_count": 100, "cache": "sessions", "implementation": "new", "severity": "critical",
    "message": "Call Ann.",
}  # fmt: skip
SMALL: dict[str, Any] = {"name": "silent", "metric": "traffic", "below": 1}


def faults(*tables: object) -> tuple[str, ...]:
    with pytest.raises(RuleInvalid) as caught:
        read_rules(list(tables))
    return caught.value.faults


def test_every_key_arrives() -> None:
    assert set(FULL) | set(BOUNDS) == set(KEYS)
    assert read_rules([FULL, SMALL]) == (
        Rule(
            name="low hits", metric="hit_rate", side="below", value=80.0, for_minutes=5,
            over_minutes=3, least_count=100.0, cache_name="sessions", implementation_type="new",
            severity="critical", message="Call Ann.",
        ),
        Rule(name="silent", metric="traffic", side="below", value=1.0),
    )  # fmt: skip
    assert read_rules([]) == ()


@pytest.mark.parametrize(
    ("key", "side", "against"),
    [("above", "above", False), ("below", "below", False),
     ("above_baseline_percent", "above", True), ("below_baseline_percent", "below", True)],
)  # fmt: skip
def test_each_bound_has_its_side(key: str, side: str, against: bool) -> None:
    (rule,) = read_rules([{"name": "x", "metric": "traffic", key: 20}])
    assert (rule.side, rule.value, rule.against_baseline) == (side, 20.0, against)


def test_what_is_left_out_is_what_the_page_says() -> None:
    (rule,) = read_rules([SMALL])
    assert (rule.for_minutes, rule.over_minutes, rule.least_count) == (1, 1, LEAST_COUNT)
    assert (rule.severity, rule.message) == ("warning", "")
    assert (rule.cache_name, rule.implementation_type) == (None, None)


def test_a_rule_is_told_in_a_line() -> None:
    full, small, relative = read_rules(
        [FULL, SMALL, {"name": "worse", "metric": "miss_latency_ms", "above_baseline_percent": 50,
                       "implementation": "new"}]
    )  # fmt: skip
    assert str(full) == (
        "low hits: hit_rate below 80 % over 3 min for 5 min, of sessions/new, critical"
    )
    assert str(small) == "silent: traffic below 1 a minute, warning"
    assert str(relative) == (
        "worse: miss_latency_ms above its baseline by more than 50 %, of */new, warning"
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": ""}, "name = '': must be 1 to 100 printable characters"),
        ({"name": "a\x1b[2J"}, "name = 'a\\x1b[2J': must be 1 to 100 printable characters"),
        ({"name": 7}, "name = 7: must be text"),
        ({"metric": "hitrate"}, "metric = 'hitrate': must be one of hit_rate, error_rate,"),
        ({"colour": "red"}, "colour: there is no such key; a rule has name, metric,"),
        ({"below": "low"}, "below = 'low': must be a number"),
        ({"below": True}, "below = True: must be a number"),
        ({"below": 101}, "below = 101: must be a number from 0 to 100"),
        ({"below": -1}, "below = -1: must be a number from 0 to 100"),
        ({"below": float("nan")}, "below = nan: must be a number from 0 to 100"),
        ({"below": 10**400}, "below = inf: must be a number from 0 to 100"),
        ({"below": 0}, "below = 0: no minute can be below that"),
        ({"for_minutes": 0}, "for_minutes = 0: must be a whole number from 1 to 60"),
        ({"for_minutes": 2.5}, "for_minutes = 2.5: must be a whole number"),
        ({"over_minutes": 61}, "over_minutes = 61: must be a whole number from 1 to 60"),
        ({"over_minutes": 57}, "for_minutes = 5 and over_minutes = 57: together they look"),
        ({"least_count": -1}, "least_count = -1: must be a number from 0 on"),
        ({"cache": ""}, "cache, implementation: leave out what is meant for all"),
        ({"severity": "high"}, "severity = 'high': must be one of info, warning, critical"),
        ({"message": "x" * 501}, "message: must be at most 500 characters"),
        ({"above": 90}, "one bound is needed, one of above, below,"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(change: dict[str, Any], fault: str) -> None:
    name = change.get("name", "low hits")
    place = f"rule 2 {name!r}: " if name else "rule 2: "
    (found,) = faults(SMALL, {**FULL, **change})
    assert found.startswith(place + fault)


@pytest.mark.parametrize(
    ("metric", "bound", "value", "said"),
    [
        ("hit_rate", "above", 100, "no minute can be above that"),
        ("traffic", "below", 0, "no minute can be below that"),
        ("traffic", "below_baseline_percent", 100, "no minute can be below that"),
        ("traffic", "below_baseline_percent", 101, "must be a number from 0 to 100"),
        ("traffic", "above_baseline_percent", 0, "half of all ordinary minutes are above"),
    ],
)
def test_a_bound_that_nothing_or_everything_crosses_is_a_mistake(
    metric: str, bound: str, value: float, said: str
) -> None:
    (found,) = faults({"name": "x", "metric": metric, bound: value})
    assert said in found


def test_quantiles_are_not_pooled() -> None:
    table = {"name": "x", "metric": "p95_response_time_ms", "above": 50, "over_minutes": 5}
    (found,) = faults(table)
    assert "quantiles of single minutes cannot be pooled" in found
    assert read_rules([{**table, "over_minutes": 1, "for_minutes": 5}])


def test_every_fault_of_every_rule_is_told_at_once() -> None:
    found = faults(
        {"name": "a", "metric": "nothing", "severity": "loud"},
        SMALL,
        {"name": "silent", "metric": "hit_rate", "below": 800, "for_minutes": "five"},
        {},
    )
    assert [fault.partition(":")[0] for fault in found] == [
        "rule 1 'a'", "rule 1 'a'", "rule 1 'a'",
        "rule 3 'silent'", "rule 3 'silent'", "rule 3 'silent'",
        "rule 4", "rule 4", "rule 4",
    ]  # fmt: skip
    assert "rule 3 'silent': rule 2 has that name already" in found


@pytest.mark.parametrize("given", ["text", {"name": "x"}, [["name"]], None, 3])
def test_what_is_no_list_of_tables_is_refused(given: object) -> None:
    """`[rules]` instead of `[[rules]]` is a table and not a list of them."""
    with pytest.raises(RuleInvalid, match=r"must be tables: \[\[rules\]\]"):
        read_rules(given)


def test_there_may_be_only_so_many() -> None:
    many = [{**SMALL, "name": f"rule {n}"} for n in range(MOST_RULES + 1)]
    assert len(read_rules(many[:-1])) == MOST_RULES
    assert f"{MOST_RULES} are the most" in faults(*many)[0]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_metric_and_severity_can_be_ruled(metric: Any, severity: str) -> None:
    table = {"name": "x", "metric": metric.name, "above": 1, "severity": severity}
    assert read_rules([table])[0].metric == metric.name
