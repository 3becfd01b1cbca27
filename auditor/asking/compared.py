"""Comparisons: what the command, notebooks and the dashboard ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from auditor.asking.pairs import Pair, pairs_among, unheard
from auditor.comparing.compare import compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.errors import ComparisonError
from auditor.comparing.keys import KeyLosses, countable_span, losses
from auditor.comparing.quantiles import ResponseTimes, response_times
from auditor.comparing.settings import ComparisonSettings
from auditor.errors import NothingFound
from auditor.stores.comparing import (
    count_keys,
    list_implementations,
    read_hour_counts,
    read_pair,
)
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey, Windows
from collector.histogram import EDGES_MS


@dataclass(frozen=True, slots=True)
class Compared:
    """One cache's comparison. keys: None where keys are not known, or were not asked for."""

    comparison: Comparison
    keys: KeyLosses | None


def pairs_of(
    connection: Connection,
    baseline: str,
    candidate: str,
    *,
    since: datetime,
    until: datetime,
    cache_name: str | None = None,
) -> list[Pair]:
    """Baseline and candidate of each cache that has both in a span, by the cache's name.

    Raises NothingFound, naming what there is, where no cache has both, or the named one has not.
    """
    known = list_implementations(connection, epoch_minute(since), epoch_minute(until))
    keys = [SeriesKey(each.cache_name, each.implementation_type) for each in known]
    return pairs_among(keys, baseline, candidate, cache_name, "in this span")


def read_and_compare(
    connection: Connection,
    pair: Pair,
    settings: ComparisonSettings,
    *,
    since: datetime,
    until: datetime,
    keys: bool = True,
    progress: Callable[[float], None] = unheard,
) -> Compared:
    """Compares one cache's pair in [since, until), from windows, histograms and raw events.

    progress: told how many minutes more have been read.
    Raises NothingFound where one of them has no window in the span, or both are one.
    """
    first, last = epoch_minute(since), epoch_minute(until)
    windows = read_pair(connection, pair, first, last, progress)
    counted = read_hour_counts(connection, pair, first, last)
    times = response_times(counted, EDGES_MS, first, last)
    found = compare_pair(windows, pair, settings, times)
    return Compared(found, _key_losses(connection, windows, pair) if keys else None)


def compare_pair(
    windows: Windows,
    pair: Pair,
    settings: ComparisonSettings,
    times: ResponseTimes | None = None,
) -> Comparison:
    """Compares a pair by its windows. Raises NothingFound as `read_and_compare` does."""
    baseline, candidate = pair
    try:
        return compare(
            windows,
            baseline.cache_name,
            baseline.implementation_type,
            candidate.implementation_type,
            settings,
            response_times=times,
        )
    except ComparisonError as wrong:
        raise NothingFound(str(wrong)) from wrong


def _key_losses(connection: Connection, windows: Windows, pair: Pair) -> KeyLosses | None:
    """None where the login may not read events, or no event has a key."""
    since, until = countable_span(windows, pair)
    counts = count_keys(connection, pair, since, until)
    return losses(counts, since, until) if counts else None
