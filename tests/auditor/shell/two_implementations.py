"""Windows, histograms and events of two implementations, written as a rollup leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import psycopg

from auditor.comparing.quantiles import ResponseTimes
from auditor.windows.minutes import from_epoch_minute
from baselines.series import Windows

WRITTEN = (
    "total_operations",
    "hits",
    "misses",
    "sets",
    "errors",
    "latency_sum_ms",
    "hit_latency_sum_ms",
    "miss_latency_sum_ms",
)
SUMS = WRITTEN[5:]


def write_windows(connection: psycopg.Connection, windows: Windows) -> None:
    """Every window that is there, and the series."""
    columns = ", ".join(("cache_name", "implementation_type", "minute_window", *WRITTEN))
    statement = f"copy monitoring.cache_metrics_1min ({columns}) from stdin"
    for side, key in enumerate(windows.keys):
        rows = np.flatnonzero(windows.present()[:, side])
        with connection.cursor().copy(statement) as copy:
            for row in rows:
                found = {name: windows.column(name)[row, side] for name in WRITTEN}
                copy.write_row(
                    (
                        key.cache_name,
                        key.implementation_type,
                        from_epoch_minute(windows.start + int(row)),
                        *(v if name in SUMS else int(v) for name, v in found.items()),
                    )
                )
        connection.execute(
            "insert into monitoring.cache_series values (%s, %s, '', %s, %s)",
            [key.cache_name, key.implementation_type,
             from_epoch_minute(windows.start + int(rows[0])),
             from_epoch_minute(windows.start + int(rows[-1]))],
        )  # fmt: skip


def write_histograms(
    connection: psycopg.Connection, windows: Windows, times: ResponseTimes
) -> None:
    """The hourly histograms, all as hits; each in two nodes, as a cache on two hosts has them."""
    for side, key in enumerate(windows.keys):
        for hour in np.flatnonzero(times.counts[:, side].any(axis=1)):
            counts = times.counts[hour, side].astype(int)
            for node, part in (("a", counts // 2), ("b", counts - counts // 2)):
                bins = np.flatnonzero(part)
                connection.execute(
                    "insert into monitoring.cache_histograms_1hour values"
                    " (%s, %s, %s, %s, 'hit', %s, %s)",
                    [key.cache_name, key.implementation_type, node,
                     from_epoch_minute(times.start + 60 * int(hour)), bins.tolist(),
                     part[bins].tolist()],
                )  # fmt: skip


def write_gets(
    connection: psycopg.Connection,
    minute: datetime,
    cache_name: str,
    implementation: str,
    gets: Sequence[tuple[str, int, int]],
) -> None:
    """Raw events of one minute: (key, hits, misses)."""
    connection.execute("select monitoring.make_metric_partition(%s)", [minute.date()])
    rows = [
        (cache_name, minute, implementation, key, operation)
        for key, hits, misses in gets
        for operation in ("hit",) * hits + ("miss",) * misses
    ]
    statement = (
        "copy monitoring.cache_metrics"
        ' (cache_name, "timestamp", implementation_type, cache_key, operation_type) from stdin'
    )
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
