"""What a rule adds to an observation: name and figures, its severity as a floor, its message."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditor.observing.observation import Wording
from auditor.observing.ruled import ALONE, backed, by_rule, fires, floor, kept, knows, ruling, told
from auditor.observing.severity import Severity
from auditor.rules.firing import Fired
from auditor.rules.rule import Rule
from baselines.series import SeriesKey

NEW = SeriesKey("sessions", "new")
LOW = Rule("low hits", "hit_rate", "below", 80, for_minutes=5, message="Call Ann.")
SAID = Wording(
    title="hit rate of sessions/new fell to 61.2 % (expected 88-92 %)",
    description="It has lasted 5 minutes. Cost so far: 40 extra loads.",
    recommendation="Look at the deploys.",
    category="capacity",
    metric_name="hit_latency_ms",
    metric_value=61.2,
    baseline_value=90.0,
    deviation_percentage=-32.0,
)


def found(rule: Rule, value: float, expected: float = float("nan"), *, fires: bool = True) -> Fired:
    """One window of one series."""
    figures = [np.array([[each]]) for each in (value, rule.value, expected, 100.0)]
    flag = np.array([[fires]])
    return Fired(rule, flag, flag, *figures, flag)


def test_the_severest_of_those_that_fire_rules_and_then_the_first() -> None:
    critical = replace(LOW, name="lower", severity="critical")
    silent = found(critical, 50, fires=False)
    assert ruling([silent], 0, 0) is None
    assert floor([silent], 0, 0) is Severity.INFO
    two = [found(LOW, 50), found(critical, 50), found(replace(critical, name="third"), 50)]
    chosen = ruling(two, 0, 0)
    assert chosen is not None
    assert chosen.rule.name == "lower"
    assert floor(two, 0, 0) is Severity.CRITICAL
    assert floor(two[:1], 0, 0) is Severity.WARNING
    assert fires([silent, two[0]], (1, 1)).tolist() == [[True]]
    assert fires([], (1, 2)).tolist() == [[False, False]]


def test_whether_a_rule_could_tell_is_known_by_its_name() -> None:
    silent = found(replace(LOW, name="other"), 50, fires=False)
    assert knows([silent, found(LOW, 50)], "low hits", 0, 0)
    assert not knows([silent, found(LOW, 50)], "other", 0, 0)
    assert not knows([found(LOW, 50)], "", 0, 0)


def test_it_says_that_it_is_the_users_rule_with_figures_and_units() -> None:
    assert told(found(LOW, 61.23), NEW, 0, 0) == (
        'your rule "low hits": hit rate of sessions/new was 61.2 %, below 80.0 %, '
        "for 5 minutes in a row"
    )
    slow = Rule("slow", "miss_latency_ms", "above", 50, against_baseline=True, over_minutes=3)
    assert told(found(slow, 31.0, 20.0), NEW, 0, 0) == (
        'your rule "slow": load time of sessions/new was 31 ms over 3 minutes, '
        "more than 50 % above its baseline of 20 ms"
    )


def test_what_a_rule_opens_alone_says_so() -> None:
    words = by_rule(SAID, found(LOW, 61.2), NEW, 0, 0)
    assert words.title.startswith('your rule "low hits": hit rate of sessions/new was 61.2 %')
    assert words.description.startswith('Your rule "low hits": ')
    assert ALONE in words.description
    assert words.description.endswith(SAID.description)
    assert words.recommendation == "Call Ann."
    assert (words.metric_name, words.metric_value, words.baseline_value) == ("hit_rate", 61.2, None)
    assert words.deviation_percentage is None
    assert words.category == "performance"


def test_a_rule_without_a_message_leaves_the_causes_advice() -> None:
    slow = Rule("slow", "miss_latency_ms", "above", 50, against_baseline=True)
    words = by_rule(SAID, found(slow, 30.0, 20.0), NEW, 0, 0)
    assert words.recommendation == SAID.recommendation
    assert (words.metric_value, words.baseline_value) == (30.0, 20.0)
    assert words.deviation_percentage == 50.0


def test_later_words_keep_the_rule_and_tell_the_cost_anew() -> None:
    first = by_rule(SAID, found(LOW, 61.2), NEW, 0, 0)
    later = kept(first, replace(SAID, description="It has lasted 9 minutes."))
    assert replace(later, description="") == replace(first, description="")
    assert later.description == first.description.replace(
        SAID.description, "It has lasted 9 minutes."
    )
    assert later.description.count(ALONE) == 1


def test_a_rule_that_agrees_is_told_at_the_end() -> None:
    words = backed(SAID, found(LOW, 61.2), NEW, 0, 0)
    assert words.description.startswith(SAID.description + ' Your rule "low hits": hit rate')
    assert words.description.endswith(". Call Ann.")
    assert replace(words, description="") == replace(SAID, description="")
