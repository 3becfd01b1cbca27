"""What is kept from tick to tick is what a full reading of the database gives, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import auditor.daemon.recent as module
from auditor.daemon.recent import Recent
from auditor.statistics.scene import CONTEXT
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey, Windows
from baselines.store import read_windows
from tests.auditor.shell.lived import Lived, lived
from tests.auditor.shell.past import CACHE, NEW, Application
from tests.postgres_clusters import Database

GONE = SeriesKey(CACHE, "gone")


@pytest.fixture
def life(learned_database: Database) -> Iterator[Lived]:
    with lived(learned_database) as made:
        yield made


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many minutes each reading took."""
    found: list[int] = []

    def counted(connection: object, since: int, until: int, **how: object) -> Windows:
        found.append(until - since)
        return read_windows(connection, since, until, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "read_windows", counted)
    return found


def same(life: Lived, recent: Recent, minute: int, also: set[SeriesKey]) -> None:
    """Reads the block of one minute, and compares it with reading all of it."""
    since = epoch_minute(life.at(minute))
    kept = recent.read(life.connection, since, since + 1, also)
    whole = read_windows(life.connection, since - CONTEXT, since + 1, also=also)
    assert (kept.start, kept.keys, set(kept.columns)) == (
        whole.start, whole.keys, set(whole.columns),
    )  # fmt: skip
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(kept.columns[name], values, strict=True)


def test_only_the_new_minute_is_read_and_nothing_is_lost_by_that(
    life: Lived, spans: list[int]
) -> None:
    recent = Recent()
    for minute in range(1, 6):
        life.live(minute, hit_rate={NEW: 0.7})
        life.tick(minute)
        spans.clear()
        same(life, recent, minute, {GONE})
        assert spans == [CONTEXT + 1 if minute == 1 else 1]


def test_what_is_written_again_is_read_again(life: Lived, spans: list[int]) -> None:
    """Late events, a row that is gone, one that comes: each is seen in the next reading."""
    recent = Recent()
    connection = life.connection
    late = Application(life.database.dsn, seed=9)
    for minute in range(1, 7):
        life.live(minute)
        if minute == 3:
            late.minute(life.at(1), hit_rate={NEW: 0.1}, names=(NEW,), watermark=False)
        life.tick(minute)
        if minute == 4:
            connection.execute(
                "delete from monitoring.cache_metrics_1min where minute_window = %s", [life.at(2)]
            )
        if minute == 5:
            connection.execute(
                "insert into monitoring.cache_metrics_1min"
                " (cache_name, implementation_type, minute_window, hits)"
                " values ('pages', 'new', %s, 5)",
                [life.at(2)],
            )
        spans.clear()
        same(life, recent, minute, set())
        assert spans[-1] == (1 if minute in (2, 6) else CONTEXT + 1)
    late.sink.close()


def test_a_series_that_nobody_heard_of_is_there_as_well(life: Lived) -> None:
    """Learned meanwhile: its windows are missing ones, as in a full reading."""
    recent = Recent()
    for minute, also in ((1, set()), (2, {GONE}), (3, set())):
        life.live(minute)
        life.tick(minute)
        same(life, recent, minute, also)


def test_a_gap_or_a_full_hour_reads_all(life: Lived, spans: list[int]) -> None:
    recent = Recent()
    for minute, length in ((57, CONTEXT + 1), (58, 1), (60, CONTEXT + 1), (61, 1)):
        spans.clear()
        same(life, recent, minute, {GONE})
        assert spans == [length]
