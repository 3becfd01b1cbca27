"""Hours out of the database are the sums of its minutes; what is kept of them is what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import auditor.daemon.recent_hours as module
from auditor.daemon.recent_hours import RecentHours
from auditor.explaining.explanation import explained
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.statistics.whole_hours import HOUR, REACH, Hours, first_hour, hours_of
from auditor.stores.hours import read_hours
from auditor.stores.judgements import read_judgements
from auditor.stores.maintenance import add_maintenance
from auditor.stores.observations import list_observations
from auditor.stores.replay import read_replay
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey
from baselines.store import instant, read_windows
from tests.auditor.shell.lived import Lived, lived
from tests.auditor.shell.past import CACHE, LEGACY, NEW, Application
from tests.postgres_clusters import Database


@pytest.fixture
def life(learned_database: Database) -> Iterator[Lived]:
    with lived(learned_database) as made:
        yield made


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many hours each reading took."""
    found: list[int] = []

    def counted(connection: object, since: int, until: int) -> Hours:
        found.append(until - since)
        return read_hours(connection, since, until)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "read_hours", counted)
    return found


def equal(found: Hours, expected: Hours) -> None:
    assert (found.start, found.end, found.keys) == (expected.start, expected.end, expected.keys)
    np.testing.assert_array_equal(found.hits, expected.hits)
    np.testing.assert_array_equal(found.misses, expected.misses)


def same(life: Lived, recent: RecentHours, minute: int) -> Hours:
    """Reads for the block of one minute, and compares it with reading all of it."""
    since = epoch_minute(life.at(minute))
    found = recent.read(life.connection, since, since + 1)
    equal(found, read_hours(life.connection, first_hour(since), since // HOUR))
    return found


def test_they_are_the_sums_of_the_windows(life: Lived) -> None:
    """Nodes are added up, an open minute is left out, an hour without a window is not known."""
    end = epoch_minute(life.start)
    insert = (
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type, node,"
        " minute_window, total_operations, hits, misses, provisional)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)"
    )
    for cache_name, node, minute, hits, provisional in (
        (CACHE, "b", end - 5, 1_000_003, False),
        (CACHE, "c", end - 5, 7, True),
        ("pages", "", end - 3 * HOUR, 11, False),
    ):
        row = (cache_name, NEW, node, instant(minute), hits + 4, hits, 4, provisional)
        life.connection.execute(insert, row)
    life.connection.execute(
        "delete from monitoring.cache_metrics_1min where minute_window >= %s and minute_window < %s"
        " and implementation_type = %s",
        [instant(end - 2 * HOUR), instant(end - HOUR), LEGACY],
    )
    since = end // HOUR - 5
    found = read_hours(life.connection, since, end // HOUR)
    windows = read_windows(life.connection, since * HOUR, end)
    equal(found, hours_of(windows))
    pages = found.keys.index(SeriesKey("pages", NEW))
    np.testing.assert_array_equal(found.hits[:, pages], [np.nan, np.nan, 11, np.nan, np.nan])
    assert np.isnan(found.hits[:, found.keys.index(SeriesKey(CACHE, LEGACY))]).sum() == 1
    assert found.hits[-1, found.keys.index(SeriesKey(CACHE, NEW))] > 1_000_003
    only = read_hours(life.connection, since, end // HOUR, "pages")
    assert only.keys == (SeriesKey("pages", NEW),)
    assert read_hours(life.connection, since, end // HOUR, "none").hits.shape == (5, 0)


def test_an_hour_is_read_once_when_it_has_ended(life: Lived, spans: list[int]) -> None:
    recent = RecentHours()
    for minute, read in ((0, [REACH]), (1, []), (59, []), (60, [1]), (61, []), (180, [2])):
        spans.clear()
        same(life, recent, minute)
        assert spans == read


def test_late_events_are_seen_whoever_rolled_them_up(life: Lived, spans: list[int]) -> None:
    """A window of an hour that is kept is made again: all is read anew, as the daemon does."""
    recent = RecentHours()
    life.pass_by(range(58, 62))
    before = same(life, recent, 62)
    late = Application(life.database.dsn, seed=9)
    late.minute(life.at(58), names=(NEW,), watermark=False)
    late.sink.close()
    spans.clear()
    life.play(range(62, 63))
    after = same(life, recent, 63)
    assert spans == [REACH, REACH]
    column = after.keys.index(SeriesKey(CACHE, NEW))
    assert after.hits[-1, column] > before.hits[-1, column] + 100
    spans.clear()
    same(life, recent, 64)
    assert spans == []


def test_a_step_back_reads_all(life: Lived, spans: list[int]) -> None:
    """What is behind the hours that are kept is not there to be cut."""
    recent = RecentHours()
    for minute, read in ((120, [REACH]), (60, [REACH]), (120, [1])):
        spans.clear()
        same(life, recent, minute)
        assert spans == read


def test_a_series_that_has_no_hour_any_more_is_gone(life: Lived) -> None:
    recent = RecentHours()
    assert len(same(life, recent, 0).keys) == 2
    assert len(same(life, recent, (REACH - 1) * HOUR).keys) == 2
    assert same(life, recent, (REACH + 1) * HOUR).keys == ()


# What a tick judges by ---------------------------------------------------------------------------


def test_a_minute_that_is_scored_again_is_judged_by_its_hours_too(life: Lived) -> None:
    life.play(range(3))
    life.play(range(3, 6), hit_rate={NEW: 0.5})
    late = Application(life.database.dsn, seed=9)
    late.minute(life.at(4), hit_rate={NEW: 0.5}, names=(NEW,), watermark=False)
    late.sink.close()
    assert life.tick(6).rescored_minutes == 1
    row = life.connection.execute(
        "select parts from monitoring.cache_window_scores"
        " where implementation_type = %s and minute_window = %s and corrected_at is not null",
        [NEW, life.at(4)],
    ).fetchone()
    assert row is not None
    assert {"drift.hit_rate.60", "sibling_drift.hit_rate.60"} <= {
        part["channel"] for part in row[0]
    }


def test_maintenance_of_yesterday_is_read_and_kept(life: Lived) -> None:
    """Hours under it are not known to a tick, nor to whoever judges its windows again."""
    since, until = life.at(-20 * HOUR), life.at(-18 * HOUR)
    add_maintenance(life.connection, Maintenance(Once(since, until), CACHE, by="ann"))
    life.play(range(3))
    life.play(range(3, 6), hit_rate={NEW: 0.5})
    (row,) = list_observations(life.connection, state=None)
    (kept, *_) = read_judgements(life.connection, row.id)
    (found,) = {(each.when.since, each.when.until) for each in kept.maintenances}
    assert found == (since, until)
    assert explained(kept, read_replay(life.connection, kept)).agreement == "equal"
    blind = replace(kept, maintenances=())
    assert explained(blind, read_replay(life.connection, blind)).agreement == "different"
