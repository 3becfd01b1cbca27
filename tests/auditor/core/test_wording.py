"""Plain words with numbers and units."""

from __future__ import annotations

import pytest

from auditor.judging.contribution import Contribution
from auditor.observing.severity import Damage, Severity, rank, severity
from auditor.observing.wording import amount, deviation_percentage, word
from baselines.metrics import BY_NAME
from baselines.series import SeriesKey

KEY = SeriesKey("sessions", "new")
NAN = float("nan")


def said(metric: str, value: float, expected: float, lower: float = NAN, upper: float = NAN) -> str:
    detector = "silence" if value == 0 else "ratio_tail"
    found = Contribution(
        detector, "c", metric, 3, 9.0, 9.0, 0.9, value, expected, lower, upper, 100
    )
    return word(KEY, metric, [found], [], Damage(), 3).title


def test_titles_say_which_where_how_much_and_what_was_expected() -> None:
    assert said("hit_rate", 61.23, 90.2, 88.0, 92.4) == (
        "hit rate of sessions/new fell to 61.2 % (expected 88.0\N{EN DASH}92.4 %)"
    )
    assert said("miss_latency_ms", 81.4, 20.0, 15.1, 26.0) == (
        "load time of sessions/new rose to 81.4 ms (expected 15.1\N{EN DASH}26 ms)"
    )
    assert said("error_rate", 4.0, 0.1) == (
        "error rate of sessions/new rose to 4.0 % (expected about 0.10 %)"
    )
    assert said("traffic", 0.0, 1234.0) == ("no traffic at sessions/new (expected 1,234 a minute)")


def test_without_a_figure_it_still_speaks() -> None:
    found = word(KEY, "hit_rate", [], [], Damage(), 1)
    assert found.title == "hit rate of sessions/new is out of the ordinary"
    assert found.metric_value is None
    assert "No known cause fits." in found.description
    assert found.recommendation.startswith("The cause is not known.")


@pytest.mark.parametrize(
    ("value", "expected", "percent"),
    [
        (60, 90, -100 / 3),
        (1, 0, None),
        (0, 0, None),
        (5, 1e-9, None),
        (None, 1, None),
        (1, None, None),
    ],
)
def test_fault_6_no_percentage_of_nothing(
    value: float | None, expected: float | None, percent: float | None
) -> None:
    """Fault 6: a baseline of 0 gives infinity, and 1000 % overflowed its column."""
    found = deviation_percentage(value, expected)
    assert found == (None if percent is None else pytest.approx(percent))


def test_amounts_carry_units() -> None:
    assert amount(BY_NAME["traffic"], 12345.0) == "12,345 a minute"
    assert amount(BY_NAME["hit_latency_ms"], 0.01234) == "0.0123 ms"
    assert amount(BY_NAME["error_rate"], 0.034) == "0.03 %"


def test_severity_is_cost() -> None:
    assert severity(Damage(intensity=0.1, normal_minutes=1), 0) is Severity.INFO
    assert severity(Damage(intensity=0.5), 0) is Severity.WARNING
    assert severity(Damage(normal_minutes=11), 0) is Severity.WARNING
    assert severity(Damage(intensity=2.0), 0) is Severity.CRITICAL
    assert [each.word for each in sorted(Severity)] == ["info", "warning", "critical"]


def test_static_thresholds_raise_but_never_lower() -> None:
    assert severity(Damage(intensity=0.1), 2.0) is Severity.WARNING
    assert severity(Damage(intensity=1.1), 2.0) is Severity.CRITICAL
    assert severity(Damage(intensity=1.1), 1.0) is Severity.WARNING
    assert severity(Damage(intensity=5.0), 0.0) is Severity.CRITICAL


def test_one_bad_minute_ranks_below_a_long_mild_problem() -> None:
    """A single strange window never outranks a long mild one."""
    one_minute = Damage(normal_minutes=2.0, intensity=2.0)
    an_hour = Damage(normal_minutes=30.0, intensity=0.5)
    assert rank(one_minute) < rank(an_hour)
    assert 0 == rank(Damage()) < rank(Damage(normal_minutes=1e12)) == 100
