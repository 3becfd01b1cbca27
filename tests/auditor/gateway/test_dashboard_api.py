"""What the pages ask for, against what the tables and the commands say of the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import isnan

import pytest

from auditor.explaining.explanation import explained
from auditor.gateway.api.acknowledging import preview_of
from auditor.gateway.api.board import COURSE, STEP, Board
from auditor.gateway.api.course import read_course
from auditor.gateway.api.now import read_now
from auditor.gateway.api.now_reply import Now
from auditor.gateway.api.observation_page import read_page
from auditor.gateway.live.messages import Liveness
from auditor.listening.acknowledging import AcknowledgementInvalid, proposed, signature
from auditor.stores.feedback import read_past
from auditor.stores.judgements import read_judgements
from auditor.stores.observations import ObservationRow, list_observations
from auditor.stores.replay import read_replay
from auditor.windows.minutes import MINUTE
from tests.auditor.shell.lived import Lived, lived
from tests.auditor.shell.past import CACHE, LEGACY, NEW, learned
from tests.auditor.shell.tool import document
from tests.postgres_clusters import Cluster

LAST = 6


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Lived]:
    """Three ordinary minutes, and four in which `new` finds less than half of what it should."""
    with learned(cluster) as database, lived(database) as made:
        made.play(range(3))
        made.play(range(3, LAST + 1), hit_rate={NEW: 0.4})
        yield made


@pytest.fixture
def row(world: Lived) -> ObservationRow:
    (found,) = list_observations(world.connection, state="open")
    return found


def now_of(world: Lived) -> Now:
    now = world.at(LAST + 1) + timedelta(seconds=20)
    return read_now(world.connection, Board(), Liveness(True, now), now)


def test_now_has_the_figures_of_the_last_closed_minute(world: Lived, row: ObservationRow) -> None:
    """As its rows have them; the worse series first in line of its cache, by name."""
    found = now_of(world)
    assert (found.stale, found.open_observations, found.observations[0].id) == ([], 1, row.id)
    assert [(each.implementation_type, each.state) for each in found.series] == [
        (LEGACY, "ordinary"),
        (NEW, row.severity),
    ]
    assert found.series[1].observation_id == str(row.id)
    for each in found.series:
        told = world.connection.execute(
            "select 100.0 * hits / (hits + misses), hits + misses, p95_response_time_ms, errors"
            " from monitoring.cache_metrics_1min where implementation_type = %s"
            " and minute_window = %s",
            [each.implementation_type, world.at(LAST)],
        ).fetchone()
        assert told is not None
        assert each.minute_window == world.at(LAST)
        assert each.hit_rate_percent == pytest.approx(float(told[0]))
        assert each.traffic_per_min == told[1]
        assert each.p95_response_time_ms == pytest.approx(told[2])
        assert (each.errors_per_min, each.completeness_ratio) == (told[3], 1.0)


def test_the_sparkline_adds_its_minutes_up(world: Lived) -> None:
    """Its last point is that of the five last minutes' sums."""
    legacy = now_of(world).series[0].course
    assert len(legacy.hit_rate_percent) == len(legacy.upper_percent) == COURSE // STEP
    assert legacy.start == world.at(LAST + 1) - COURSE * MINUTE
    told = world.connection.execute(
        "select 100.0 * sum(hits) / sum(hits + misses) from monitoring.cache_metrics_1min"
        " where implementation_type = %s and minute_window > %s",
        [LEGACY, world.at(LAST) - STEP * MINUTE],
    ).fetchone()
    assert told is not None
    assert legacy.hit_rate_percent[-1] == pytest.approx(float(told[0]), abs=0.001)


def test_the_course_is_what_explain_recomputes(world: Lived, row: ObservationRow) -> None:
    """Value, expected, band and surprise of each minute up to the one that opened it."""
    course = read_course(world.connection, row, None, world.at(400))
    (kept, *_) = read_judgements(world.connection, row.id)
    again = explained(kept, read_replay(world.connection, kept)).again
    assert again is not None
    assert len(again.minutes) >= 5
    first = int(course.start.timestamp()) // 60
    for each in again.minutes:
        at = each.minute - first
        assert course.values[at] == pytest.approx(each.value, abs=0.001)
        assert course.expected[at] == pytest.approx(each.expected, abs=0.001)
        assert course.lower[at] == pytest.approx(each.lower, abs=0.001)
        assert course.upper[at] == pytest.approx(each.upper, abs=0.001)
    # the past of the story was written as scored; of the story itself each minute has its score
    scored = [each for each in again.minutes if course.scored[each.minute - first]]
    assert len(scored) == 1 + kept.minute - int(world.start.timestamp()) // 60
    assert all(
        course.surprise[each.minute - first] == pytest.approx(each.surprise)
        for each in scored
        if not isnan(each.surprise)
    )


def test_the_course_ends_where_windows_are_settled(world: Lived, row: ObservationRow) -> None:
    """However long the auditor has been away; the sibling goes beside it, and the band of now
    is that of the page Now."""
    course = read_course(world.connection, row, "hit_rate", world.at(100_000))
    assert course.start == row.first_window - timedelta(hours=2)
    assert len(course.values) == 120 + (world.at(LAST + 1) - row.first_window) // MINUTE
    assert [each.implementation_type for each in course.siblings] == [LEGACY]
    expected = now_of(world).series[1].expected_hit_rate_percent
    assert expected is not None
    assert course.lower[-1] == pytest.approx(expected.lower, abs=0.001)
    assert course.upper[-1] == pytest.approx(expected.upper, abs=0.001)


def test_another_metric_has_its_own_unit(world: Lived, row: ObservationRow) -> None:
    course = read_course(world.connection, row, "traffic", world.at(LAST + 1))
    assert (course.metric, course.unit) == ("traffic", "/min")
    assert course.values[-1] == now_of(world).series[1].traffic_per_min


def test_the_page_has_all_that_show_and_explain_say(world: Lived, row: ObservationRow) -> None:
    """Contributions, cost, causes and history are those of the commands."""
    page = read_page(world.connection, row)
    told = document("observations", "explain", str(row.id), dsn=world.database.dsn)
    for moment, kept in zip(page.moments, told["moments"], strict=True):
        stored = kept["stored"]
        assert (moment.moment, moment.surprise) == (kept["moment"], stored["surprise"])
        assert [(each.channel, each.surprise) for each in moment.contributions] == [
            (each["channel"], each["surprise"]) for each in stored["contributions"]
        ]
    shown = document("observations", "show", str(row.id), dsn=world.database.dsn)
    assert [each.kind for each in page.history] == [each["kind"] for each in shown["history"]]
    assert page.cost is not None
    assert page.cost.extra_ms == pytest.approx(shown["observation"]["cost_ms"])
    assert page.causes[0].name == row.cause
    assert {each.scope: each.about for each in page.scopes}["cache"] == f"any metric of {CACHE}/*"
    assert {each.reason: each.lasts_s for each in page.reasons}["fixed"] is None


@pytest.mark.parametrize("reason", ["fixed", "false-alarm"])
def test_a_preview_is_that_of_the_command(world: Lived, row: ObservationRow, reason: str) -> None:
    """The same observations would have gone otherwise, and it ends at the same minute."""
    wanted = signature("ada", reason, "", "cache", None if reason == "fixed" else "2h")
    at = world.at(LAST + 1)
    found = preview_of(proposed(row, read_past(world.connection), at, wanted))
    words = ["--dry-run", "--reason", reason, "--scope", "cache", *(
        [] if reason == "fixed" else ["--expires", "2h"])]  # fmt: skip
    (told,) = document("observations", "ack", str(row.id), *words, dsn=world.database.dsn)
    assert found.kept == told["preview"]["kept"]
    assert [each.id for each in found.would] == [each["id"] for each in told["preview"]["would"]]
    assert found.expires_at == (None if reason == "fixed" else at + timedelta(hours=2))
    assert all(found.learning in each for each in told["preview"]["says"][-1:])
    assert (found.keeps_quiet or "") in " ".join(told["preview"]["says"])


@pytest.mark.parametrize(
    ("part", "typed"),
    [
        ("reason", {"reason": "tired"}),
        ("scope", {"scope": "everything"}),
        ("note", {"note": "x" * 2001}),
        ("note", {"note": "a\x00b"}),
        ("expires", {"expires": "soon"}),
        ("expires", {"expires": "0m"}),
        ("expires", {"expires": "367d"}),
        ("expires", {"expires": "2h", "reason": "fixed"}),
    ],
)
def test_what_cannot_be_signed_is_said_by_its_part(part: str, typed: dict[str, str]) -> None:
    asked = {"by": "ada", "reason": "expected", "note": "", "scope": "metric", "expires": None}
    with pytest.raises(AcknowledgementInvalid) as refused:
        signature(**{**asked, **typed})  # type: ignore[arg-type] # plain texts
    assert refused.value.part == part
