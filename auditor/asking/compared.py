"""Comparisons out of the database: what the command, notebooks and the dashboard ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from auditor.comparing.compare import compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.errors import ComparisonError
from auditor.comparing.keys import KeyLosses, countable_span, losses
from auditor.comparing.quantiles import response_times
from auditor.comparing.settings import ComparisonSettings
from auditor.errors import NothingFound
from auditor.stores.comparing import (
    Implementation,
    count_keys,
    list_implementations,
    read_hour_counts,
    read_pair,
)
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey, Windows
from collector.histogram import EDGES_MS

Pair = tuple[SeriesKey, SeriesKey]


@dataclass(frozen=True, slots=True)
class Compared:
    """One cache's comparison. keys: None where keys are not known, or were not asked for."""

    comparison: Comparison
    keys: KeyLosses | None


def _unheard(_: float) -> None:
    """Says nothing of how far it is."""


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
    of_cache: dict[str, set[str]] = {}
    for each in known:
        of_cache.setdefault(each.cache_name, set()).add(each.implementation_type)
    if cache_name is not None and cache_name not in of_cache:
        raise NothingFound(f"there is no cache {cache_name!r} in this span; {_named(known)}")
    found = [
        (SeriesKey(name, baseline), SeriesKey(name, candidate))
        for name, there in of_cache.items()
        if cache_name in (None, name) and {baseline, candidate} <= there
    ]
    if not found:
        whose = "no cache has" if cache_name is None else f"{cache_name} does not have"
        raise NothingFound(
            f"{whose} both {baseline!r} and {candidate!r} in this span; {_named(known)}"
        )
    return found


def read_and_compare(
    connection: Connection,
    pair: Pair,
    settings: ComparisonSettings,
    *,
    since: datetime,
    until: datetime,
    keys: bool = True,
    progress: Callable[[float], None] = _unheard,
) -> Compared:
    """Compares one cache's pair in [since, until), from windows, histograms and raw events.

    progress: told how many minutes more have been read.
    Raises NothingFound where one of them has no window in the span, or both are one.
    """
    first, last = epoch_minute(since), epoch_minute(until)
    windows = read_pair(connection, pair, first, last, progress)
    counted = read_hour_counts(connection, pair, first, last)
    try:
        found = compare(
            windows,
            pair[0].cache_name,
            pair[0].implementation_type,
            pair[1].implementation_type,
            settings,
            response_times=response_times(counted, EDGES_MS, first, last),
        )
    except ComparisonError as wrong:
        raise NothingFound(str(wrong)) from wrong
    return Compared(found, _key_losses(connection, windows, pair) if keys else None)


def _key_losses(connection: Connection, windows: Windows, pair: Pair) -> KeyLosses | None:
    """None where the login may not read events, or no event has a key."""
    since, until = countable_span(windows, pair)
    counts = count_keys(connection, pair, since, until)
    return losses(counts, since, until) if counts else None


def _named(known: Sequence[Implementation]) -> str:
    if not known:
        return "there are no windows"
    of_cache: dict[str, list[str]] = {}
    for each in known:
        of_cache.setdefault(each.cache_name, []).append(each.implementation_type)
    return "there is " + "; ".join(
        f"{cache_name}: {', '.join(names)}" for cache_name, names in of_cache.items()
    )
