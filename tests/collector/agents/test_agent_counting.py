"""From two readings to counts: exact within a minute, estimates across its end, gaps told apart."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.agents.address import address
from collector.agents.difference import Change, Gap, difference
from collector.agents.minutes import pieces, shared
from collector.agents.polling import Outcome
from collector.agents.reading import KINDS, Levels, Reading
from collector.agents.roster import Roster
from collector.agents.standing import Standing
from collector.agents.weighing import Series, weigh

S = 10**9
NOON = 1_795_392_000 * S  # 2026-11-23 00:00:00 UTC, a minute's start
SERIES = Series("pages", "new", "cache-1")


def reading(second: float, process: str = "run-1", **counts: int) -> Reading:
    """A reading so many seconds after NOON; counts by operation, `set_failed` for one that did."""
    found = dict.fromkeys(KINDS, 0)
    for name, n in counts.items():
        operation, _, failed = name.partition("_")
        found[operation, bool(failed) or operation == "error"] = n
    return Reading(NOON + int(second * S), process, found)


def counted(change: Change | Gap) -> dict[tuple[str, bool], int]:
    assert isinstance(change, Change)
    return {kind: n for kind, n in change.counts.items() if n}


# Two readings ------------------------------------------------------------------------------------


def test_counts_are_what_the_counters_rose_by() -> None:
    change = difference(
        reading(10, hit=100, miss=7, set=5, set_failed=1),
        reading(20, hit=140, miss=7, set=9, set_failed=3, evict=2),
    )
    assert counted(change) == {
        ("hit", False): 40, ("set", False): 4, ("set", True): 2, ("evict", False): 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (reading(20, "run-2", hit=5), "another process"),
        (reading(20, hit=99, miss=9), "reset"),
        (reading(20, hit=100, miss=6), "reset"),
        (reading(71, hit=200, miss=7), "more than a minute"),
        (reading(9, hit=200, miss=7), "clock"),
        (reading(20, hit=10**12, miss=7), "more than a server can do"),
    ],
    ids=("restart", "one fell", "another fell", "long away", "clock set back", "absurd"),
)
def test_what_cannot_be_counted_is_a_gap_with_its_reason(after: Reading, words: str) -> None:
    """And never a negative number, or a giant one."""
    found = difference(reading(10, hit=100, miss=7), after)
    assert isinstance(found, Gap)
    assert words in found.reason


def test_a_reset_that_only_another_counter_shows_is_a_gap() -> None:
    """More hits than before since CONFIG RESETSTAT, but fewer bytes, which each poll adds to."""
    before = replace(reading(10, hit=5), others={"total_net_input_bytes": 9000})
    after = replace(reading(20, hit=6), others={"total_net_input_bytes": 300})
    assert isinstance(difference(before, after), Gap)


def test_a_process_of_the_same_number_is_told_apart_by_its_age() -> None:
    """Two containers whose process is number 1: the address leads to another one now."""
    before = replace(reading(10, "1", hit=5), uptime_s=1000)
    assert isinstance(difference(before, replace(reading(20, "1", hit=9), uptime_s=1011)), Change)
    for uptime_s in (8, 90_000):
        assert isinstance(
            difference(before, replace(reading(20, "1", hit=9), uptime_s=uptime_s)), Gap
        )


def test_buckets_that_fell_are_left_out_and_the_counts_stay() -> None:
    """The two answers of one poll are not of the same instant; a reset between them is possible."""
    before = replace(reading(10), buckets={"get": {16: 5}, "set": {16: 1}})
    after = replace(reading(20, hit=3), buckets={"get": {16: 8, 33: 2}, "set": {16: 0, 33: 1}})
    change = difference(before, after)
    assert isinstance(change, Change)
    assert change.buckets == {"get": {16: 3, 33: 2}}


# Minutes -----------------------------------------------------------------------------------------


def test_a_span_within_a_minute_is_one_exact_piece() -> None:
    """Up to the minute's very end; its last whole second is the 59th."""
    (piece,) = pieces(NOON + 50 * S, NOON + 60 * S)
    assert (piece.second, piece.measured_ns) == (NOON // S + 59, 10 * S)


def test_a_span_across_a_minutes_end_is_shared_by_time_and_measured_nowhere() -> None:
    """From :50 to 1:20, 31 operations: a third, rounded, before the end."""
    weights, gauges = weigh(SERIES, Change(
        NOON + 50 * S, NOON + 80 * S, {("hit", False): 31}, {}, {}, Levels(entries=7),
    ))  # fmt: skip
    assert [(w.second - NOON // S, w.n) for w in weights] == [(59, 10), (79, 21)]
    assert [(g.second - NOON // S, g.measured_ms, g.entries) for g in gauges] == [
        (59, 0, None), (79, 0, 7),
    ]  # fmt: skip


def test_a_span_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no length"):
        pieces(NOON, NOON)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**9))
def test_what_is_shared_adds_up_exactly(since: int, length: int, n: int) -> None:
    """Whatever the span, and to the last operation; each piece ends within its own minute."""
    since_ns, until_ns = NOON + since * 10**6, NOON + (since + length) * 10**6
    parts = pieces(since_ns, until_ns)
    found = shared({"n": n}, parts)
    assert sum(each["n"] for each in found) == n
    assert min(each["n"] for each in found) >= 0
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len({part.second // 60 for part in parts}) == len(parts)


# A server's life against a slow twin -------------------------------------------------------------

LENGTH = 240


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 50), min_size=LENGTH, max_size=LENGTH),
    st.sets(st.integers(1, LENGTH - 1), max_size=4),
    st.sets(st.integers(0, LENGTH // 10), max_size=12),
)
def test_minutes_hold_what_happened_in_them(
    hits: list[int], restarts: set[int], missed: set[int]
) -> None:
    """A server that is restarted and does not always answer, polled each 10 s for 4 minutes.

    The twin walks through it second by second. A minute that was measured whole holds exactly its
    hits; over pairs of readings without a restart nothing is lost; nothing is ever made up.
    """
    roster = Roster([address("redis", "cache-1#cache=pages&implementation=new&node=cache-1")])
    by_minute: dict[int, int] = {}
    measured: dict[int, int] = {}
    total, run, since_start = 0, 0, 0
    answered_at, owed, owed_of = None, 0, -1
    expected = 0
    for second in range(LENGTH + 1):
        if second in restarts:
            run, since_start = run + 1, 0
        if second % 10 == 0:
            if second // 10 in missed:
                counts = roster.take(Outcome(0, NOON + second * S, because="away"))
                assert not counts.weights
            else:
                counts = roster.take(
                    Outcome(0, NOON + second * S, reading(second, f"{run}", hit=since_start))
                )
                if answered_at is not None and owed_of == run and second - answered_at <= 60:
                    expected += owed
                answered_at, owed, owed_of = second, 0, run
            for weight in counts.weights:
                assert weight.n > 0
                total += weight.n
                minute = weight.second // 60
                by_minute[minute] = by_minute.get(minute, 0) + weight.n
            for gauge in counts.gauges:
                minute = gauge.second // 60
                measured[minute] = measured.get(minute, 0) + gauge.measured_ms
        if second < LENGTH:
            since_start += hits[second]
            owed += hits[second]
    assert total == expected
    for minute, milliseconds in measured.items():
        assert milliseconds <= 60_000
        if milliseconds == 60_000:
            start = minute * 60 - NOON // S
            assert by_minute.get(minute, 0) == sum(hits[start : start + 60])


# How servers stand -------------------------------------------------------------------------------


def test_a_server_stands_as_its_last_poll_left_it() -> None:
    """First seen, counted, away since its first failure, back with a gap or without."""
    standing, result = Standing().answered(reading(0, hit=1))
    assert (standing.answers, result) == (True, None)
    standing, result = standing.answered(reading(10, hit=3))
    assert counted(result) == {("hit", False): 2}  # type: ignore[arg-type]
    away = standing.silent(NOON + 20 * S, "no").silent(NOON + 30 * S, "still no")
    assert (away.answers, away.away_since_ns, away.failures) == (False, NOON + 20 * S, 2)
    back, result = away.answered(reading(40, hit=9))
    assert (back.answers, back.away_since_ns) == (True, None)
    assert counted(result) == {("hit", False): 6}  # type: ignore[arg-type]
    again, result = back.answered(reading(40, hit=9))
    assert (again.last, result) == (back.last, None)


def test_one_that_is_away_holds_nobody_up_and_one_that_lags_does() -> None:
    roster = Roster([address("redis", f"cache-{n}#cache=c{n}") for n in range(3)])
    now = NOON + 999 * S
    assert (roster.counted_until_ns(now), roster.all_asked) == (now, False)
    roster.take(Outcome(0, NOON, reading(0)))
    roster.take(Outcome(1, NOON, reading(0)))
    roster.take(Outcome(2, NOON, because="refused"))
    assert roster.all_asked
    roster.take(Outcome(0, NOON + 60 * S, reading(60)))
    assert roster.counted_until_ns(now) == NOON
    roster.take(Outcome(1, NOON + 55 * S, because="it did not answer in time"))
    assert roster.counted_until_ns(now) == NOON + 60 * S
    assert [state.away_since_ns for state in roster.states()] == [None, NOON + 55 * S, NOON]


def test_news_is_told_once() -> None:
    """Polled, away, back; each failure in between is no news, a gap is."""
    roster = Roster([address("redis", "cache-1#cache=pages&implementation=new")])
    told = [
        roster.take(outcome).news
        for outcome in (
            Outcome(0, NOON, reading(0)),
            Outcome(0, NOON, reading(10)),
            Outcome(0, NOON + 20 * S, because="Connection refused"),
            Outcome(0, NOON + 30 * S, because="it did not answer in time"),
            Outcome(0, NOON, reading(40, "run-2")),
        )
    ]
    assert [bool(news) for news in told] == [True, False, True, False, True]
    assert told[2] == ("pages/new (redis cache-1:6379) is away since 2026-11-23 00:00:20 UTC: "
                       "Connection refused")  # fmt: skip
    assert "answers again" in told[4]
    assert "not counted from 2026-11-23 00:00:10 UTC to 2026-11-23 00:00:40 UTC" in told[4]
