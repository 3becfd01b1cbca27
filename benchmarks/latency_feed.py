"""What the latency benchmark watches: a thousand series with a past, and a minute at a time more.

The collector is late on purpose: its watermark moves on a minute every few seconds through minutes
that are over already, so that many windows' ends fit into a few minutes of real time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import psycopg

from auditor.daemon.learner import refresh
from auditor.schema.migrations import migrate
from auditor.windows.minutes import MINUTE, floor_minute
from auditor.windows.state import write_state
from collector.batch import Batch, Beat
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from collector.weights import Aggregator

GETS, HIT_RATE, BROKEN_RATE = 200, 0.9, 0.2
PAST = timedelta(hours=30)
IMPLEMENTATIONS = ("legacy", "new")

WRITE_PAST = """
insert into monitoring.cache_metrics_1min (
    cache_name, implementation_type, minute_window, total_operations, hits, misses, sets,
    latency_sum_ms, hit_latency_sum_ms, miss_latency_sum_ms, hit_rate, completeness)
select cache_name, implementation_type, minute_window, %(gets)s + misses, %(gets)s - misses,
       misses, misses, %(gets)s + 29 * misses, %(gets)s - misses, 30 * misses,
       100.0 * (%(gets)s - misses) / %(gets)s, 1.0
from (
    -- the sum of four uniform draws has a variance of a third
    select cache_name, implementation_type, minute_window,
           round(%(misses)s + sqrt(3.0 * %(misses)s) * (random() + random() + random() + random()
                 - 2))::int as misses
    from generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 minute',
                         interval '1 minute') as minute_window,
         unnest(%(caches)s::text[]) as cache_name, unnest(%(kinds)s::text[]) as implementation_type
) as drawn
"""
WRITE_SERIES = """
insert into monitoring.cache_series
select cache_name, implementation_type, '', %(since)s, %(until)s
from unnest(%(caches)s::text[]) as cache_name, unnest(%(kinds)s::text[]) as implementation_type
"""


class Feed:
    """One collector that delivers a minute of all series at a time.

    Of window n, `caches[n]` is broken in its implementation `new`, for two minutes.
    """

    def __init__(self, dsn: str, series: int, windows: int) -> None:
        self.caches = [f"cache{number:03}" for number in range(series // len(IMPLEMENTATIONS))]
        self.start = floor_minute(datetime.now(UTC)) - (windows + 2) * MINUTE
        self._sink, self._id = PostgresSink(dsn), str(uuid4())
        self._random = np.random.default_rng(1)

    def prepare(self, connection: psycopg.Connection) -> None:
        """The schema, the past, and what is learned of it."""
        migrate(connection)
        since = self.start - PAST
        told = {
            "since": since, "until": self.start, "caches": self.caches,
            "kinds": list(IMPLEMENTATIONS), "gets": GETS, "misses": GETS * (1 - HIT_RATE),
        }  # fmt: skip
        connection.execute("select setseed(0.5)")
        connection.execute(WRITE_PAST, told)
        connection.execute(WRITE_SERIES, told)
        connection.execute("analyze monitoring.cache_metrics_1min")
        write_state(connection, "settled_until", self.start)
        refresh(connection, self.start, span=PAST, time_zone="UTC")
        write_state(connection, "scored_until", self.start)

    def minute(self, window: int) -> datetime:
        """The start of a window."""
        return self.start + window * MINUTE

    def deliver(self, window: int) -> float:
        """A minute's operations, with the watermark at its end; when it was committed."""
        minute = self.minute(window)
        broken = set(self.caches[max(window - 1, 0) : window + 1])
        aggregator = Aggregator()
        for cache in self.caches:
            for kind in IMPLEMENTATIONS:
                rate = BROKEN_RATE if kind == "new" and cache in broken else HIT_RATE
                hits = int(self._random.binomial(GETS, rate))
                for operation, n, ms in (("hit", hits, 1.0), ("miss", GETS - hits, 30.0)):
                    row = Row(int(minute.timestamp() * 1e9), operation, cache, kind, "", ms,
                              None, None, None, None, None, False)  # fmt: skip
                    aggregator.add(row, n)
        beat = Beat(
            self._id,
            started_ns=int((minute - timedelta(hours=1)).timestamp() * 1e9),
            watermark_ns=int((minute + MINUTE).timestamp() * 1e9),
        )
        self._sink.deliver(Batch(self._id, window, weights=aggregator.take(), beat=beat))
        return time.time()

    def close(self) -> None:
        """Ends its connection."""
        self._sink.close()
