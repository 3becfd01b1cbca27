"""A made-up past for the tests of the shells: ordinary windows, written as a rollup would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from auditor.daemon.learner import refresh
from auditor.windows.minutes import MINUTE
from auditor.windows.state import write_state
from collector.batch import Batch, Beat
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from collector.weights import Aggregator
from tests.postgres_clusters import Cluster, Database

CACHE = "sessions"
LEGACY, NEW = "legacy", "new"
GETS = 300
HIT_RATE = 0.9
HIT_MS, LOAD_MS = 1.0, 30.0
DAYS = 3


def start_of_story() -> datetime:
    """The minute at which the past ends and a test's own minutes begin: a Tuesday's noon."""
    return datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def learned_past(connection: psycopg.Connection, until: datetime, seed: int = 1) -> None:
    """Three ordinary days of legacy and new up to `until`, settled, scored, and learned from."""
    random = np.random.default_rng(seed)
    minutes = [until - timedelta(minutes=n) for n in range(DAYS * 1440, 0, -1)]
    columns = (
        "cache_name, implementation_type, minute_window, total_operations, hits, misses, sets,"
        " latency_sum_ms, hit_latency_sum_ms, miss_latency_sum_ms, p95_response_time_ms,"
        " hit_rate, completeness"
    )
    statement = f"copy monitoring.cache_metrics_1min ({columns}) from stdin"
    with connection.cursor().copy(statement) as copy:
        for minute in minutes:
            gets = int(random.poisson(GETS))
            for name in (LEGACY, NEW):
                hits = int(random.binomial(gets, HIT_RATE))
                misses = gets - hits
                hit_ms = float(hits * HIT_MS * random.lognormal(0, 0.03))
                miss_ms = float(misses * LOAD_MS * random.lognormal(0, 0.1))
                copy.write_row(
                    (CACHE, name, minute, gets + misses, hits, misses, misses, hit_ms + miss_ms,
                     hit_ms, miss_ms, LOAD_MS * 1.5, 100 * hits / gets, 1.0)
                )  # fmt: skip
    connection.execute(
        "insert into monitoring.cache_series select %s, unnest(%s::text[]), '', %s, %s",
        [CACHE, [LEGACY, NEW], minutes[0], minutes[-1]],
    )
    write_state(connection, "settled_until", until)
    done = refresh(connection, until, span=timedelta(days=DAYS), time_zone="UTC")
    assert done.learned is not None
    assert len(done.learned.baselines) == 2
    write_state(connection, "scored_until", until)


@contextmanager
def learned(cluster: Cluster) -> Iterator[Database]:
    """A database with that past up to the start of the story, a copy of one for the whole run."""
    with cluster.filled_database(
        "learned", lambda made: learned_past(made, start_of_story())
    ) as made:
        yield made


class Application:
    """An instrumented application: delivers minutes of legacy and new, with its watermark."""

    def __init__(self, dsn: str, seed: int = 2) -> None:
        self.sink = PostgresSink(dsn)
        self.random = np.random.default_rng(seed)
        self.collector_id = f"00000000-0000-4000-8000-{seed:012d}"
        self.sequence = 0

    def minute(
        self,
        minute: datetime,
        *,
        hit_rate: dict[str, float] | None = None,
        names: Iterable[str] = (LEGACY, NEW),
        watermark: bool = True,
    ) -> None:
        """One minute of operations as weights; hit_rate by implementation where not ordinary."""
        rates = hit_rate or {}
        aggregator = Aggregator()
        gets = int(self.random.poisson(GETS))
        for name in names:
            hits = int(self.random.binomial(gets, rates.get(name, HIT_RATE)))
            for operation, n, ms in (("hit", hits, HIT_MS), ("miss", gets - hits, LOAD_MS),
                                     ("set", gets - hits, HIT_MS)):  # fmt: skip
                for each in ms * self.random.lognormal(0, 0.3, n):
                    aggregator.add(
                        Row(int(minute.timestamp() * 1e9), operation, CACHE, name, "", float(each),
                            None, None, None, None, None, False)
                    )  # fmt: skip
        end = minute + MINUTE
        beat = Beat(
            self.collector_id,
            started_ns=int((minute - timedelta(minutes=1)).timestamp() * 1e9),
            watermark_ns=int(end.timestamp() * 1e9),
        )
        self.sink.deliver(
            Batch(
                self.collector_id, self.sequence, weights=aggregator.take(),
                beat=beat if watermark else None,
            )
        )  # fmt: skip
        self.sequence += 1
