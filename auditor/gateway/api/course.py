"""An observation's metric minute by minute: actual, expected and the band, as it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
from psycopg import Connection

from auditor.gateway.api.figures import numbers
from auditor.gateway.api.observation_reply import ObservationCourse, SeriesMinutes
from auditor.maintaining.cover import under_maintenance
from auditor.stores.judgements import read_judgements
from auditor.stores.maintenance import read_maintenance
from auditor.stores.observations import ObservationRow
from auditor.stores.told import read_surprises
from auditor.windows.minutes import epoch_minute, floor_minute, from_epoch_minute
from auditor.windows.state import read_state
from baselines.baseline import Baseline
from baselines.expectation import LOOKBACK, expect
from baselines.metrics import BY_NAME, JUDGED, values
from baselines.series import SeriesKey
from baselines.store import instant, list_baselines, read_baselines, read_windows

METRICS: Final = (*(metric.name for metric in JUDGED), "p95_response_time_ms")
BEFORE: Final = 120
"""Minutes ahead of it that are shown, for comparison."""
AFTER: Final = 60
MOST: Final = 2880
"""Minutes that are shown at most: the last ones."""
MOST_SIBLINGS: Final = 3


def read_course(
    connection: Connection, row: ObservationRow, metric_name: str | None, now: datetime
) -> ObservationCourse:
    """Minutes from BEFORE it to AFTER it, or to the last closed one; its series and its siblings.

    The band is that of the baseline that judged its opening, while it is kept.
    """
    metric = BY_NAME.get(metric_name or row.metric_name or "", BY_NAME["hit_rate"])
    key = SeriesKey(row.cache_name, row.implementation_type or "")
    # behind what is settled there is nothing to show, however long the auditor has been away
    settled = read_state(connection).get("settled_until", now)
    until = epoch_minute(floor_minute(min(now, settled)))
    if row.resolved_at is not None:
        until = min(until, epoch_minute(floor_minute(row.resolved_at)) + AFTER)
    began = epoch_minute(floor_minute(row.first_window)) - BEFORE
    until = max(until, began + BEFORE + 1)
    first = max(began, until - MOST)
    windows = read_windows(
        connection, first - LOOKBACK, until, also=[key], cache_names=[row.cache_name]
    )
    held = under_maintenance(
        windows.keys, windows.minutes(),
        read_maintenance(connection, instant(windows.start), instant(until)),
    )  # fmt: skip
    baselines, opening = _judged_by(connection, row, key)
    expected = expect(metric, windows, baselines, held if held.any() else None).after(LOOKBACK)
    found = values(metric, windows)[0][LOOKBACK:]
    column = windows.keys.index(key)
    surprises = read_surprises(connection, key, first, until)
    minutes = range(first, until)
    return ObservationCourse(
        metric=metric.name,
        metric_title=metric.title,
        unit=metric.unit,
        start=from_epoch_minute(first),
        values=numbers(found[:, column]),
        expected=numbers(expected.centre[:, column]),
        lower=numbers(expected.lower[:, column]),
        upper=numbers(expected.upper[:, column]),
        surprise=[surprises.get(minute) for minute in minutes],
        scored=[minute in surprises for minute in minutes],
        opening_surprise=opening,
        siblings=[
            SeriesMinutes(implementation_type=other.implementation_type, values=numbers(line))
            for other, line in zip(windows.keys, found.T, strict=True)
            if other != key and np.isfinite(line).any()
        ][:MOST_SIBLINGS],
        first_window=row.first_window,
        resolved_at=row.resolved_at,
        cut=first > began,
        metrics=list(METRICS),
    )


def _judged_by(
    connection: Connection, row: ObservationRow, key: SeriesKey
) -> tuple[Mapping[SeriesKey, Baseline], float | None]:
    """The baseline of then, else the one in force; and the surprise from which it opened."""
    every = list_baselines(
        connection,
        every=True,
        cache_name=key.cache_name,
        implementation_type=key.implementation_type,
    )
    kept = read_judgements(connection, row.id)
    then = {each.in_force[key].baseline_id for each in kept if key in each.in_force}
    kept_ones = [each for each in every if each.id in then]
    chosen = kept_ones or [each for each in every if each.is_active]
    opening = kept[0].opening_surprise if kept else None
    return read_baselines(connection, chosen[:1]), opening
