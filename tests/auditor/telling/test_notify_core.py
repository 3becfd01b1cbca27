"""What is told of a problem, when not, in which words, and when it is given up; by hand."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from auditor.notifying.backoff import FIRST_PAUSE, GIVEN_UP_AFTER, LONGEST_PAUSE, is_given_up, pause
from auditor.notifying.news import Problem, Told, held_until, known, news
from auditor.notifying.quiet import Quiet
from auditor.notifying.route import KINDS, Route
from auditor.notifying.wording import Place, bundle, harmless, trial, word

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PROBLEM = Problem(
    id=UUID(int=7), cache_name="pages", implementation_type="new", severity="warning",
    category="performance", state="open", acknowledged=False, acknowledged_by=None,
    title="hit rate of pages/new fell to 41.2 %", recommendation="look at the deploy",
    metric_name="hit_rate", metric_value=41.2, baseline_value=88.0, deviation_percentage=-53.2,
    cause="stampede", first_window=NOON, resolved_at=None, cost_ms=12_340.0, also=0,
    opened_as="warning",
)  # fmt: skip
CRITICAL = replace(PROBLEM, severity="critical")
ACKED = replace(PROBLEM, acknowledged=True, acknowledged_by="ada")
OVER = replace(PROBLEM, state="resolved", resolved_at=NOON + timedelta(minutes=34))
ALL = Route("r", "info", on=KINDS)
OPEN = Told("open", "warning")


# What is told ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "problem", "expected"),
    [
        (None, PROBLEM, "opened"),
        (None, CRITICAL, "escalated"),
        (None, replace(CRITICAL, opened_as=None), "opened"),
        (None, ACKED, None),
        (None, OVER, "over"),
        (None, replace(OVER, acknowledged=True), None),
        (OPEN, PROBLEM, None),
        (OPEN, CRITICAL, "escalated"),
        (OPEN, ACKED, "acknowledged"),
        (OPEN, OVER, "resolved"),
        (OPEN, replace(OVER, acknowledged=True), None),
        (Told("open", "critical"), PROBLEM, None),
        (Told("acknowledged", "warning"), ACKED, None),
        (Told("acknowledged", "warning"), replace(ACKED, severity="critical"), None),
        (Told("acknowledged", "warning"), CRITICAL, "reopened"),
        (Told("acknowledged", "warning"), OVER, None),
        (Told("resolved", "warning"), PROBLEM, "reopened"),
        (Told("resolved", "warning"), OVER, None),
    ],
)
def test_what_is_told_is_what_changed_since(
    told: Told | None, problem: Problem, expected: str | None
) -> None:
    assert news(ALL, told, problem) == expected


def test_nothing_below_the_routes_severity_is_told_until_it_gets_worse() -> None:
    """And what was told is told to its end."""
    route = Route("r", "critical")
    assert news(route, None, PROBLEM) is None
    assert known(route, None, PROBLEM) is None
    assert news(route, None, CRITICAL) == "escalated"
    assert news(route, Told("open", "critical"), replace(OVER, severity="critical")) == "resolved"


def test_a_route_hears_only_what_it_is_for() -> None:
    """An opening that it does not want is known to it all the same."""
    route = Route("r", on=("escalated",))
    assert news(route, None, PROBLEM) is None
    assert known(route, None, PROBLEM) == OPEN
    assert news(route, OPEN, CRITICAL) == "escalated"
    assert news(route, OPEN, OVER) is None
    assert news(Route("r", on=("opened",)), None, CRITICAL) == "escalated"
    assert news(Route("r", on=("acknowledged",)), None, OVER) is None
    assert known(ALL, None, ACKED) is None


def test_however_a_problem_goes_nobody_is_told_twice_or_of_an_end_without_a_beginning() -> None:
    """Any course of states, looked at now and then, against what a person would hold it to."""
    states = [PROBLEM, CRITICAL, ACKED, OVER, replace(OVER, acknowledged=True)]
    draw = random.Random(1)
    for _ in range(300):
        told: Told | None = None
        heard: list[Any] = []
        for problem in draw.choices(states, k=6):
            kind = news(ALL, told, problem)
            assert news(ALL, known(ALL, told, problem), problem) in (None, kind)
            if kind is not None:
                heard.append(kind)
                told = Told(problem.standing, problem.severity)
                assert news(ALL, told, problem) is None
        assert not heard or heard[0] in ("opened", "escalated", "over")
        ends = ("resolved", "acknowledged", "over")
        for one, next_ in itertools.pairwise(heard):
            assert next_ not in ("opened", "over")
            assert (next_ == "reopened") == (one in ends and next_ not in ends)


def test_a_route_is_about_some_caches_and_categories() -> None:
    route = Route("r", caches=("pages*", "users"), categories=("performance", "capacity"))
    assert route.is_about("pages-eu", "capacity")
    assert route.is_about("users", "performance")
    assert not route.is_about("users2", "performance")
    assert not route.is_about("users", "anomaly")
    assert Route("r").is_about("anything", "anomaly")


# Quiet hours -------------------------------------------------------------------------------------

NIGHT = Quiet(time(22), time(7), "Europe/Zurich")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-05 20:59", None),  # 21:59 in Zurich
        ("2026-01-05 21:00", "2026-01-06 06:00"),
        ("2026-01-06 05:59", "2026-01-06 06:00"),
        ("2026-01-06 06:00", None),
        ("2026-07-05 20:00", "2026-07-06 05:00"),
        # the clock goes from 02:00 on to 03:00, and in October from 03:00 back to 02:00
        ("2026-03-28 22:00", "2026-03-29 05:00"),
        ("2026-10-24 20:30", "2026-10-25 06:00"),
    ],
)
def test_quiet_hours_are_those_of_a_wall_clock(now: str, until: str | None) -> None:
    assert NIGHT.until(utc(now)) == (until and utc(until))


def test_quiet_hours_within_a_day_and_over_a_skipped_hour() -> None:
    lunch = Quiet(time(12), time(13), "UTC")
    assert lunch.until(NOON) == NOON + timedelta(hours=1)
    assert lunch.until(NOON + timedelta(hours=1)) is None
    skipped = Quiet(time(2, 15), time(2, 45), "Europe/Zurich")
    for minute in range(0, 180, 5):
        assert skipped.until(utc("2026-03-29 00:00") + timedelta(minutes=minute)) is None
    assert skipped.until(utc("2026-03-30 00:20")) == utc("2026-03-30 00:45")


def test_what_is_grave_passes_quiet_hours() -> None:
    route = Route("r", quiet=NIGHT)
    midnight = utc("2026-01-06 00:00")
    assert held_until(route, "warning", midnight) == utc("2026-01-06 06:00")
    assert held_until(route, "critical", midnight) is None
    assert held_until(route, "warning", utc("2026-01-06 12:00")) is None
    deaf = replace(route, quiet=replace(NIGHT, passes="nothing"))
    assert held_until(deaf, "critical", midnight) == utc("2026-01-06 06:00")
    assert held_until(Route("r"), "info", midnight) is None


# Trying again ------------------------------------------------------------------------------------


def test_pauses_double_up_to_a_quarter_of_an_hour_and_are_spread() -> None:
    longest = [pause(number, 1.0).total_seconds() for number in range(1, 11)]
    assert longest == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert pause(1, 0.0) == FIRST_PAUSE / 2
    assert pause(10_000, 0.0) == LONGEST_PAUSE / 2


def test_a_message_is_given_up_after_a_day() -> None:
    assert not is_given_up(NOON, NOON + GIVEN_UP_AFTER - timedelta(seconds=1))
    assert is_given_up(NOON, NOON + timedelta(hours=24))


# Words -------------------------------------------------------------------------------------------

PLACE = Place("Europe/Zurich", "https://c.example.com")


def test_a_message_says_what_since_when_cost_cause_and_what_to_do() -> None:
    message = word("opened", PROBLEM, NOON + timedelta(minutes=12), PLACE)
    assert message.title == "[warning] opened: hit rate of pages/new fell to 41.2 %"
    lines = message.body.splitlines()
    assert lines[:4] == [
        "cache: pages/new",
        "hit rate: 41.2 %, expected 88.0 % (-53 %)",
        "since: 2026-03-02 13:00 Europe/Zurich, for 12 min",
        "cost so far: 12.3 s of extra waiting",
    ]
    assert lines[4].startswith("cause: ")
    assert lines[4] != "cause: stampede"
    assert lines[5:] == [
        "what to do: look at the deploy",
        f"https://c.example.com/observations/{PROBLEM.id}",
    ]
    assert message.tone == "warning"


def test_an_end_is_told_as_an_end() -> None:
    message = word("resolved", OVER, NOON + timedelta(hours=2), Place())
    assert "it lasted 34 min" in message.body
    assert "what to do" not in message.body
    assert "http" not in message.body
    assert message.tone == "success"
    assert "acknowledged by ada" in word("acknowledged", ACKED, NOON, Place()).title
    assert word("escalated", CRITICAL, NOON, Place()).tone == "failure"
    assert "open again" in word("reopened", PROBLEM, NOON, Place()).title


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(PROBLEM, metric_value=None, recommendation=None, cost_ms=0.0, cause=None, also=2)
    assert word("opened", bare, NOON, Place()).body.splitlines() == [
        "cache: pages/new and 2 more series", "since: 2026-03-02 12:00 UTC, for 0 s",
        "cause: unknown",
    ]  # fmt: skip


def test_a_crowd_is_one_message_the_worst_first() -> None:
    message = bundle([("over", OVER), ("opened", CRITICAL)], NOON, Place())
    assert message.title == "2 problems"
    assert [line.split("]")[0] for line in message.body.splitlines()] == ["[critical", "[warning"]
    assert message.tone == "failure"
    quiet = bundle([("over", OVER)], NOON, PLACE)
    assert (quiet.title, quiet.tone) == ("1 problem, over", "success")
    assert "came and went: hit rate" in quiet.body
    assert bundle([("over", OVER)] * 2, NOON, Place()).title == "2 problems, all of them over"
    many = bundle([("opened", PROBLEM)] * 60, NOON, Place()).body.splitlines()
    assert (len(many), many[-1]) == (51, "and 10 more")


def test_a_name_calls_nobody_and_stays_on_its_line() -> None:
    """@everyone and <!channel> are names of caches here, and nothing else."""
    assert harmless("@everyone <!channel>\n\x1b[2J x") == (
        "@\u200beveryone <\u200b!channel> \\x1b[2J x"
    )
    evil = replace(PROBLEM, title="@here", cache_name="<@U1>", recommendation="a\nb")
    message = word("opened", evil, NOON, Place())
    assert "@here" not in message.title
    assert "<@U1>" not in message.body
    assert "what to do: a b" in message.body


def test_a_trial_says_that_nothing_is_wrong() -> None:
    message = trial("on-call", NOON, PLACE)
    assert "Nothing is wrong" in message.body
    assert "on-call" in message.title
