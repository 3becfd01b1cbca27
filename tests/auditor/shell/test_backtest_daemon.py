"""Daemon and backtest say the same of the same windows, minute by minute and in catch-up blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from auditor.backtesting.lines import line
from auditor.backtesting.replay import Replay, Told
from auditor.daemon.duties import refresh_when_due
from auditor.daemon.settings import judging, replay_settings
from auditor.daemon.tick import Memory, tick
from auditor.listening.changes import Cursor, LoggedChange, catch_up, read_floor
from auditor.screen import jsonable
from auditor.settings import Settings
from auditor.stores.fold_state import to_json
from auditor.stores.learned import read_in_force
from auditor.stores.scores import read_observations
from auditor.windows.state import write_state
from baselines.series import SeriesKey, Windows
from baselines.store import instant, read_windows
from tests.auditor.core.planted import DAY, healthy, lost_hits, slow_loads, unheard
from tests.postgres_clusters import Cluster, Database

HALF_DAY = DAY // 2
SETTINGS = Settings(
    grace_without_watermarks_s=0,
    baseline_refresh_minutes=HALF_DAY,
    baseline_span_days=2,
    time_zone="Europe/Zurich",
    alert_budget_per_week=0.5,
    resolve_after_minutes=4,
)
FIRST, SECOND, THIRD, SILENT = DAY + 260, DAY + 760, 2 * DAY + 120, 2 * DAY + 180
"""Rows at which a loss of hits, slow loads, another loss and a silence begin."""
BORN, END = 600, 2 * DAY + 240
COLUMNS = (
    "total_operations", "hits", "misses", "sets", "deletes", "evictions", "expirations", "errors",
    "get_errors", "load_errors", "set_errors", "distinct_keys", "latency_sum_ms",
    "hit_latency_sum_ms", "miss_latency_sum_ms", "p95_response_time_ms",
)  # fmt: skip
SAID_ALIKE = (
    "id", "cache_name", "implementation_type", "state", "severity", "rank", "category", "title",
    "description", "recommendation", "metric_name", "metric_value", "baseline_value",
    "deviation_percentage", "cause",
)  # fmt: skip


def story() -> Windows:
    """Two days and a bit of three series; one is born late, another one falls silent."""
    windows = lost_hits(healthy(END / DAY, seed=21), FIRST, FIRST + 20, 0.5)
    windows = slow_loads(windows, SECOND, SECOND + 30, 4.0)
    windows = lost_hits(windows, THIRD, THIRD + 15, 0.6)
    young = unheard(healthy(END / DAY, seed=22), 0, BORN)
    keys = (SeriesKey("sessions", "canary"), *windows.keys)
    columns = {
        name: np.column_stack([young.column(name)[:, 1], windows.column(name)]) for name in COLUMNS
    }
    return unheard(Windows(windows.start, keys, columns), SILENT, END, slice(1, 2))


def stops() -> Iterator[int]:
    """Rows at whose end the daemon wakes: at every time at which learning may be due, around
    problems each minute, and otherwise after hours that it has to catch up."""
    yield from range(1, 172, 10)
    yield from (171 + HALF_DAY, DAY + 1, DAY + 251)
    yield from range(DAY + 252, FIRST + 40)
    yield from (DAY + 400, BORN + DAY + 1, SECOND - 5)
    yield from range(SECOND - 4, SECOND + 40)
    yield from (BORN + DAY + 1 + HALF_DAY, THIRD - 5)
    yield from range(THIRD - 4, THIRD + 30)
    yield from (SILENT - 20, SILENT + 25, END)


class World:
    """A database that windows are written into, and a daemon's ticks on a clock of our own."""

    def __init__(self, database: Database) -> None:
        self.connection, self.windows = database.connect(), story()
        self.memory, self.written = Memory(), 0
        write_state(self.connection, "settled_until", self.at(0))
        self.cursor = Cursor(read_floor(self.connection))

    def at(self, row: int) -> datetime:
        return instant(self.windows.start + row)

    def wake(self, row: int) -> list[LoggedChange]:
        """The windows up to a row's end are there; the daemon does what it then does."""
        self._write(row)
        tick(self.connection, self.at(row), judging(SETTINGS), self.memory)
        refresh_when_due(self.connection, self.at(row), SETTINGS)
        return catch_up(self.connection, self.cursor)

    def _write(self, until: int) -> None:
        block = self.windows.rows(self.written, until)
        names = ", ".join(("cache_name", "implementation_type", "minute_window", *COLUMNS))
        statement = f"copy monitoring.cache_metrics_1min ({names}) from stdin"
        with self.connection.cursor().copy(statement.encode()) as copy:
            for row, column in np.argwhere(block.present()):
                key, minute = block.keys[column], instant(block.start + int(row))
                numbers = [float(block.columns[name][row, column]) for name in COLUMNS]
                whole = [number if name.endswith("_ms") else int(number)
                         for name, number in zip(COLUMNS, numbers, strict=True)]  # fmt: skip
                copy.write_row((key.cache_name, key.implementation_type, minute, *whole))
        self.connection.execute(
            "insert into monitoring.cache_series as s"
            " select cache_name, implementation_type, '', min(minute_window), max(minute_window)"
            " from monitoring.cache_metrics_1min where minute_window >= %s"
            " group by cache_name, implementation_type"
            " on conflict (cache_name, implementation_type, node) do update"
            " set last_minute = excluded.last_minute",
            [instant(block.start)],
        )
        self.written = until


def lived_through(world: World) -> list[tuple[int, LoggedChange]]:
    """What the daemon said, each with the row at whose end it had woken."""
    return [(row, change) for row in stops() for change in world.wake(row)]


def replayed(world: World) -> tuple[Replay, list[Told]]:
    """A backtest of what the daemon had in its tables, half a day at a time."""
    engine, told = Replay(replay_settings(SETTINGS)), []
    start = world.windows.start
    for row in range(0, END, DAY // 2):
        until = min(row + DAY // 2, END)
        told += engine.feed(read_windows(world.connection, start + row, start + until))
    return engine, told


def grouped(said: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By observation, in the order in which it was said."""
    out: dict[str, list[dict[str, Any]]] = {}
    for each in said:
        out.setdefault(str(each["id"]), []).append(each)
    return out


def as_logged(change: LoggedChange) -> dict[str, Any]:
    """A row of the change log under the names of a backtest's line."""
    row = change.observation
    times = {name: _instant(row[name]) for name in ("first_window", "resolved_at")}
    # the log has no word of its own for a cause that was named
    kind = {"changed": "diagnosed"}.get(change.kind, change.kind)
    return {"change": kind, **{name: row[name] for name in SAID_ALIKE}, **times,
            "metadata": row["metadata"]}  # fmt: skip


def as_told(told: Told) -> dict[str, Any]:
    plain = line(told)
    names = ("change", *SAID_ALIKE, "first_window", "resolved_at", "metadata")
    out = {name: jsonable(plain[name]) for name in names}
    return {**out, **{name: plain[name] for name in ("first_window", "resolved_at")}}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@dataclass(frozen=True)
class Lives:
    """The same windows, lived through by a daemon and replayed."""

    world: World
    logged: list[tuple[int, LoggedChange]]
    engine: Replay
    told: list[Told]


@pytest.fixture(scope="module")
def lives(cluster: Cluster) -> Iterator[Lives]:
    with cluster.migrated_database() as database, pytest.MonkeyPatch.context() as patch:
        # a catch-up of hours is several transactions
        patch.setattr("auditor.daemon.tick.BLOCK", 200)
        world = World(database)
        logged = lived_through(world)
        yield Lives(world, logged, *replayed(world))


def test_every_change_is_the_same_in_every_field(lives: Lives) -> None:
    """Which observations there are, in which order each changes, and all that is said of it."""
    found = grouped([as_told(each) for each in lives.told])
    assert found == grouped([as_logged(change) for _, change in lives.logged])
    assert len(found) >= 4
    assert len(lives.told) >= 9


def test_what_is_told_over_hours_spoke_in_both(lives: Lives) -> None:
    """So the hours that a tick reads are those that a backtest adds up: what is said is equal."""
    spoke = {
        part.channel
        for told in lives.told
        for part in told.observation.contributions
        if part.detector in ("drift", "sibling_drift") and part.statistic > 0
    }
    assert spoke == {"drift.hit_rate.60", "sibling_drift.hit_rate.60"}


def test_a_change_comes_at_the_end_of_its_window(lives: Lives) -> None:
    """Woken each minute, the daemon says it at the minute that the backtest names."""
    start = lives.world.windows.start
    for rows in (range(DAY + 252, FIRST + 40), range(THIRD - 4, THIRD + 30)):
        heard = [
            (row, as_logged(change)["change"], str(change.observation_id))
            for row, change in lives.logged
            if row in rows
        ]
        lines = [(each.at - start, line(each)) for each in lives.told if each.at - start in rows]
        named = [(row, said["change"], str(said["id"])) for row, said in lines]
        assert sorted(heard) == sorted(named)
        assert len(heard) >= 2


def test_both_stand_alike_at_the_end(lives: Lives) -> None:
    """The fold's whole state, quiet minutes included, and what is in force, to the bit."""
    connection, engine = lives.world.connection, lives.engine
    standing = read_observations(connection, lives.world.at(END), timedelta(days=9))
    found = {each.id: to_json(each) for each in standing}
    assert found.keys() >= engine.standing.keys()
    for id_, each in engine.standing.items():
        assert found[id_] == to_json(each)
    in_force = read_in_force(connection).learned
    assert in_force.calibrations == engine.learned.calibrations
    assert in_force.forest is not None
    assert engine.learned.forest is not None
    assert in_force.forest.matrix.tobytes() == engine.learned.forest.matrix.tobytes()
