"""How a series stands, and whether a page is of now: told by hand, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from auditor.gateway.api.freshness import staleness
from auditor.gateway.api.standing import Known, by_series, standing
from auditor.gateway.live.messages import Liveness
from auditor.stores.current import Speakers, Totals
from auditor.stores.observations import ObservationRow
from baselines.series import SeriesKey

NOW = datetime(2026, 3, 3, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLOSED = NOW.replace(second=0)
WELL = {"last_tick_at": NOW - MINUTE, "scored_until": CLOSED, "settled_until": CLOSED}
SPEAKING = Speakers(heard=2, silent=0, last_seen_at=NOW)
SOME = Totals(collectors=2, series=3, open_observations=0)
LIVE = Liveness(True, NOW - timedelta(hours=1))
QUIET = Known(
    first_minute=NOW - timedelta(days=3), last_minute=CLOSED - MINUTE, held=False,
    score=(0.4, None), with_traffic=0, observations=(),
)  # fmt: skip


def row(
    severity: str, rank: float, also: tuple[str, ...] = (), name: str = "new"
) -> ObservationRow:
    return ObservationRow(
        id=UUID(int=int(rank)), cache_name="sessions", implementation_type=name, node="",
        timestamp=NOW, severity=severity, category="performance", title=f"{severity} {rank:.0f}",
        description="", recommendation=None, metric_name="hit_rate", metric_value=None,
        baseline_value=None, deviation_percentage=None, metadata={}, acknowledged=False,
        acknowledged_at=None, acknowledged_by=None, state="open", rank=rank, cause=None,
        first_window=NOW, resolved_at=None, reopened=0, updated_at=NOW, last_window=None,
        cost_ms=0.0,
        also=[{"cache_name": "sessions", "implementation_type": each} for each in also],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "state", "says"),
    [
        ({}, "ordinary", ""),
        ({"observations": (row("info", 90), row("warning", 10))}, "warning", "warning 10, and 1"),
        ({"last_minute": None}, "no window", "its first minute is not closed yet"),
        ({"last_minute": CLOSED - 6 * MINUTE}, "no window", "nothing has been heard"),
        ({"last_minute": CLOSED - 5 * MINUTE}, "ordinary", ""),
        ({"held": True}, "maintenance", "in maintenance"),
        ({"score": (None, "too little traffic to judge")}, "not judged", "too little traffic"),
        ({"score": None, "with_traffic": 167}, "not judged", "167 of the 168 minutes with traffic"),
        ({"score": None, "with_traffic": 168}, "not judged", "168 of the 1,440 minutes"),
        ({"score": None, "with_traffic": 1440}, "not judged", "the next refresh learns it"),
    ],
)
def test_a_series_stands_as_the_first_that_holds(
    changed: Mapping[str, Any], state: str, says: str
) -> None:
    """A problem before a missing window, that before maintenance, that before not judged."""
    found = standing(replace(QUIET, **changed), NOW, CLOSED)
    assert (found.state, says in found.says, bool(says) == bool(found.says)) == (state, True, True)


def test_it_is_said_from_when_a_series_can_be_judged() -> None:
    """Half of the minutes had traffic: the 720 that are missing take twice as long."""
    known = replace(
        QUIET, first_minute=NOW - 1440 * MINUTE, score=(None, "no baseline yet"), with_traffic=720
    )
    found = standing(known, NOW, CLOSED)
    assert found.judged_from == (NOW + 1440 * MINUTE).replace(second=0)


def test_a_problem_stands_at_each_series_that_it_reaches() -> None:
    """The leading series is not told twice; what is of no implementation reaches none."""
    both = row("critical", 50, also=("legacy", "new"))
    whole = replace(row("info", 1), implementation_type=None)
    found = by_series([both, whole])
    assert found == {SeriesKey("sessions", "new"): [both], SeriesKey("sessions", "legacy"): [both]}


@pytest.mark.parametrize(
    ("state", "speakers", "totals", "notices", "told"),
    [
        (WELL, SPEAKING, SOME, LIVE, []),
        ({}, Speakers(0, 0, None), Totals(0, 0, 0), LIVE, []),
        ({}, SPEAKING, SOME, LIVE, [("auditor", "critical", "has never run")]),
        (
            {**WELL, "last_tick_at": NOW - 4 * MINUTE}, SPEAKING, SOME, LIVE,
            [("auditor", "critical", "has not ticked for 4 min")],
        ),
        (
            {**WELL, "scored_until": NOW - 6 * MINUTE}, SPEAKING, SOME, LIVE,
            [("scores", "warning", "ended 6 min ago")],
        ),
        (
            {**WELL, "scored_until": NOW - 16 * MINUTE}, SPEAKING, SOME, LIVE,
            [("scores", "critical", "ended 16 min ago")],
        ),
        (
            WELL, Speakers(1, 2, NOW), SOME, LIVE,
            [("collectors", "warning", "2 of 3 collectors fell silent")],
        ),
        (
            WELL, Speakers(0, 2, NOW - 9 * MINUTE), SOME, LIVE,
            [("collectors", "critical", "No collector has been heard of for 9 min; 2 fell silent")],
        ),
        (
            WELL, Speakers(0, 0, NOW - 9 * MINUTE), SOME, LIVE,
            [("collectors", "warning", "No collector is running. The last one was heard of 9 min")],
        ),
        (WELL, SPEAKING, SOME, Liveness(False, NOW, "starting"), []),
        (
            WELL, Speakers(1, 1, NOW), SOME, Liveness(False, NOW - MINUTE, "connection refused"),
            [("collectors", "warning", "1 of 2"), ("notices", "warning", "connection refused")],
        ),
    ],
)  # fmt: skip
def test_a_page_says_why_it_may_be_behind(
    state: Mapping[str, datetime],
    speakers: Speakers,
    totals: Totals,
    notices: Liveness,
    told: list[tuple[str, str, str]],
) -> None:
    """Each reason once, the worst first, with what to do; nothing of an empty database."""
    found = staleness(NOW, state, speakers, totals, notices)
    assert [(each.kind, each.level) for each in found] == [(kind, level) for kind, level, _ in told]
    assert all(words in each.says for each, (_, _, words) in zip(found, told, strict=True))
    assert all(each.advice.endswith(("minute", "hand", "them.", "collector.", "seconds.",
                                     "database.")) for each in found)  # fmt: skip
