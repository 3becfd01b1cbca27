"""What a notebook reads: the demo's weeks, or the database that the environment names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.asking.explored import Explored, explored
from auditor.demo.weeks import KEYS, weeks
from auditor.errors import NothingFound
from auditor.windows.minutes import from_epoch_minute
from auditor.windows.state import write_state
from baselines.series import SeriesKey, Windows
from tests.postgres_clusters import Database

from .two_implementations import write_windows

DAY = 1440


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings file, and no connection string."""
    monkeypatch.chdir(tmp_path)
    for name in ("CACHE_AUDITOR_DSN", "DATABASE_URL", "CACHE_AUDITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def filled(database: Database) -> Database:
    """A day and a half of the busy cache, settled to its end."""
    made = weeks(days=3).only(KEYS[:2]).rows(0, DAY * 3 // 2)
    with database.connect() as connection:
        write_windows(connection, made)
        write_state(connection, "settled_until", from_epoch_minute(made.end))
    return database


def test_without_a_database_it_is_the_demos_weeks() -> None:
    found = explored()
    assert (found.source, found.time_zone) == ("made up, by auditor.demo.weeks", "UTC")
    np.testing.assert_array_equal(found.windows.column("hits"), weeks().column("hits"))


def test_less_of_them_is_the_end_of_them() -> None:
    found = explored(days=2, cache_names=["suggestions"]).windows
    assert (found.keys, found.shape, found.end) == (KEYS[2:], (2 * DAY, 2), weeks().end)
    with pytest.raises(NothingFound, match="no cache sessions"):
        explored(cache_names=["sessions"])


@pytest.mark.parametrize("variable", ["CACHE_AUDITOR_DSN", "DATABASE_URL"])
def test_either_variable_names_the_database(
    variable: str, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads to the last settled minute, from the first window that there is."""
    monkeypatch.setenv(variable, filled.dsn)
    found = explored()
    made = weeks(days=3).rows(0, DAY * 3 // 2)
    assert (found.windows.start, found.windows.end) == (made.start, made.end)
    for name in ("hits", "misses", "miss_latency_sum_ms"):
        np.testing.assert_array_equal(found.windows.column(name), made.column(name)[:, :2])
    assert filled.name in found.source


def test_the_collectors_variable_goes_first(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_AUDITOR_DSN", filled.dsn)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@nowhere.invalid/nothing")
    assert explored(days=1).windows.shape == (DAY, 2)


def test_no_window_names_the_caches_that_there_are(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_AUDITOR_DSN", filled.dsn)
    with pytest.raises(NothingFound, match="there is products"):
        explored(cache_names=["sessions"])


def test_the_busiest_pair_is_of_one_cache() -> None:
    """Never the two busiest series of different caches; the name orders the two."""
    gets = np.array([[5.0, 90.0, 40.0, 30.0]])
    keys = (SeriesKey("a", "one"), SeriesKey("b", "only"), SeriesKey("c", "new"),
            SeriesKey("c", "legacy"))  # fmt: skip
    found = Explored(Windows(0, keys, {"gets": gets, "total_operations": gets}), "", "UTC")
    assert found.busiest() == SeriesKey("b", "only")
    assert found.pair() == (SeriesKey("c", "legacy"), SeriesKey("c", "new"))
    alone = Explored(found.windows.only(keys[:2]), "", "UTC")
    with pytest.raises(NothingFound, match="two implementations"):
        alone.pair()
