"""What a backtest shows to a person."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from uuid import UUID

from auditor.backtesting.episodes import Episode, difference
from auditor.backtesting.replayed import Replayed
from auditor.backtesting.summary import Summary
from auditor.listening.backtested import MOST_SHOWN, document, show
from auditor.observing.severity import Severity
from auditor.screen import Screen, jsonable
from baselines.series import SeriesKey
from baselines.store import instant

START = 29_449_440  # 2025-12-29 00:00 UTC
SUMMARY = Summary(
    since=datetime(2025, 12, 29, tzinfo=UTC),
    until=datetime(2026, 1, 12, tzinfo=UTC),
    series=2,
    windows=40_320,
    judged=20_160,
    not_judged={"no baseline yet": 20_160},
    learned=14,
    judged_series_weeks=2.0,
    observations=1,
    open=0,
    by_severity={"critical": 1, "warning": 0, "info": 0},
    per_series_week=0.5,
    budget_per_series_week=0.25,
)


def episode(row: int, severity: Severity = Severity.CRITICAL, lasts: int | None = 90) -> Episode:
    started = START + row
    until = None if lasts is None else started + lasts
    return Episode(UUID(int=row), SeriesKey("shop", "new"), "hit_rate", started, started + 2, until,
                   severity, 61.5, None, "title")  # fmt: skip


def shown(found: Replayed, *, to_stderr: bool = False) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    show(Screen(out=out, err=err), found, to_stderr=to_stderr)
    return out.getvalue(), err.getvalue()


def test_observations_and_the_summary_in_words() -> None:
    out, err = shown(Replayed(SUMMARY, (episode(60),)))
    assert "2025-12-29 01:02" in out
    for word in ("critical", "62", "shop/new", "hit_rate", "1 h 30 min", "unknown"):
        assert word in out
    assert (
        "40,320 windows of 2 series, 2025-12-29 00:00 to 2026-01-12 00:00 UTC (14 d); learned 14"
        " times" in out
    )
    assert "20,160 windows judged (2.0 series-weeks), 20,160 not: no baseline yet" in out
    assert (
        "1 observations (1 critical, 0 warning, 0 info), 0 still open; 0.50 per series and" in out
    )
    assert "0.25 may be false by the budget" in out
    assert err == ""


def test_what_stdout_is_taken_for_leaves_the_rest_to_stderr() -> None:
    out, err = shown(Replayed(SUMMARY, (episode(60),)), to_stderr=True)
    assert out == ""
    assert "20,160 windows judged" in err


def test_what_differs_is_three_tables() -> None:
    here = (episode(60), episode(600), episode(1000))
    there = (episode(60), episode(603, Severity.WARNING), episode(2000, lasts=None))
    found = Replayed(SUMMARY, here, SUMMARY, difference(here, there))
    out, _ = shown(found)
    assert "both find 2, 1 of them at another time or with another severity" in out
    assert "only without --against: 1, only with it: 1" in out
    changed = out[out.index("found by both, and differing") :]
    assert "3 min later" in changed
    assert changed.count("shop/new") == 1
    assert "still open" in out[out.rindex("only with --against") :]
    plain = jsonable(document(found))
    assert plain["difference"]["both"] == 2
    assert [each["here"]["severity"] for each in plain["difference"]["changed"]] == ["critical"]
    assert plain["difference"]["only_there"][0]["resolved_at"] is None
    assert plain["observations"][0]["first_window"] == "2025-12-29T01:00:00Z"
    assert plain["observations"][0]["at"] == "2025-12-29T01:02:00Z"


def test_a_long_table_ends_and_says_where_the_rest_is() -> None:
    many = tuple(episode(100 * number) for number in range(MOST_SHOWN + 7))
    out, err = shown(Replayed(SUMMARY, many))
    assert out.count("shop/new") == MOST_SHOWN
    assert "7 more; --out FILE writes all" in err


def test_a_replay_of_nothing_says_so() -> None:
    nothing = Summary(None, None, 0, 0, 0, {}, 0, 0.0, 0, 0, {}, None, 0.25)
    assert shown(Replayed(nothing, ()))[0] == "there was no window to replay\n"
    assert instant(START) == SUMMARY.since
