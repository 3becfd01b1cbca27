"""How a problem shows, in factors of the ordinary: what causes are told apart by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from auditor.causes.contents import BEFORE, Contents
from auditor.causes.course import fading, least, mean_hit_time, median_hit_time
from auditor.causes.stretch import UNKNOWN, Stretch
from auditor.statistics.scene import EPISODE, Scene
from baselines.series import SeriesKey, siblings

NOT_AVERAGED = ("minutes", "others")
LATE = 3
"""Minutes at the end of the stretch that say how it stands now."""
INCUMBENT = "legacy"
"""The implementation that another is rolled out beside."""


@dataclass(frozen=True, slots=True)
class Symptoms:
    """One series over the episode so far; factors are found / expected, NaN = not measured.

    Shares, 0..1: connection_error_share of gets, load_error_share of
    misses, set_error_share of sets that were tried, error_share of operations; missing minutes;
    hits_lost of the usual hits, in the worst minutes.
    Sudden losses, as shares of what was held: vanished, evicted, expired. loaded: what was written
    at once in the hour before, rewritten: sets of keys that were there, more than before.
    late_*: of the latest LATE minutes. fading: the miss ratio of the latest third over that of the
    first third. entries: over those before the stretch; entries_lately: over those of an hour and a
    half before. value_*: bytes a set and a hit, response_* and keys_a_get: over the hour before.
    uneven: hit_time over hit_median.
    departure: the largest of misses, hit time and misses that are not set. apart: that over the
    other implementations'. candidate: 1 when this implementation is being rolled out beside
    another, 0 when it is the one replaced or alone. minutes: of the stretch.
    others: the mean of the other implementations of the same cache, or None when there are none.
    """

    misses: float
    unserved: float
    hits_lost: float
    loads: float
    hit_time: float
    hit_median: float
    uneven: float
    load_time: float
    response_p50: float
    response_p95: float
    response_p99: float
    error_share: float
    connection_error_share: float
    load_error_share: float
    set_error_share: float
    traffic: float
    served: float
    sets: float
    sets_a_miss: float
    evictions: float
    expirations: float
    evictions_a_get: float
    expirations_a_get: float
    deletes: float
    distinct_keys: float
    keys_a_get: float
    value_written: float
    value_read: float
    entries: float
    entries_lately: float
    vanished: float
    evicted: float
    expired: float
    loaded: float
    rewritten: float
    departure: float
    late_connection_error_share: float
    late_expirations: float
    fading: float
    missing: float
    completeness: float
    apart: float
    candidate: float
    minutes: int
    others: Symptoms | None = None


def symptoms(scene: Scene, first: int, last: int, column: int) -> Symptoms:
    """The symptoms of one series in rows first..last (both with), at most the last EPISODE rows."""
    span = slice(max(first, last + 1 - EPISODE, 0), last + 1)
    beside = siblings(scene.windows.keys)[column]
    own = _symptoms(Stretch(scene, span, column))
    if not beside:
        return replace(own, candidate=0.0)
    others = _mean([_symptoms(Stretch(scene, span, other)) for other in beside])
    candidate = _candidate(scene.windows.keys[column], [scene.windows.keys[x] for x in beside])
    apart = own.departure / others.departure
    return replace(own, apart=apart, candidate=candidate, others=others)


def _symptoms(stretch: Stretch) -> Symptoms:
    """Of one series for itself."""
    contents, late = Contents(stretch), stretch.late(LATE)
    later = stretch.late(LATE if stretch.rows >= 2 * LATE else 0)
    failed = stretch.share("get_errors", "gets")
    misses, traffic = stretch.misses(), stretch.count("gets", "traffic")
    served = traffic * (1 - (failed if np.isfinite(failed) else 0.0))
    hit_time, hit_median = mean_hit_time(stretch, failed), median_hit_time(stretch, failed)
    sets_a_miss = stretch.ratio("sets", "misses", "fill_share")
    return Symptoms(
        misses=misses,
        unserved=stretch.unserved(),
        hits_lost=stretch.since(BEFORE).hits_lost(),
        loads=misses * served,
        hit_time=hit_time,
        hit_median=hit_median,
        uneven=hit_time / hit_median if hit_median > 0 else UNKNOWN,
        load_time=stretch.ratio("miss_latency_sum_ms", "misses", "miss_latency_ms"),
        response_p50=stretch.level_against_hour("p50_response_time_ms"),
        response_p95=stretch.level_against_hour("p95_response_time_ms"),
        response_p99=stretch.level_against_hour("p99_response_time_ms"),
        error_share=stretch.share("errors", "total_operations"),
        connection_error_share=failed,
        load_error_share=stretch.share("load_errors", "misses"),
        set_error_share=stretch.share("set_errors", "sets", "set_errors"),
        traffic=traffic,
        served=served,
        sets=stretch.count("sets", "sets"),
        sets_a_miss=sets_a_miss,
        evictions=stretch.count("evictions", "evictions"),
        expirations=stretch.count("expirations", "expirations"),
        evictions_a_get=stretch.count("evictions", "evictions") / traffic,
        expirations_a_get=stretch.count("expirations", "expirations") / traffic,
        deletes=stretch.count("deletes", "deletes"),
        distinct_keys=stretch.count("distinct_keys", "distinct_keys"),
        keys_a_get=stretch.against_hour("distinct_keys", "gets"),
        value_written=stretch.against_hour("bytes_written", "sets"),
        value_read=stretch.against_hour("bytes_read", "hits"),
        entries=contents.now(),
        entries_lately=contents.lately(),
        vanished=contents.vanished(),
        evicted=contents.evicted(),
        expired=contents.expired(),
        loaded=contents.loaded(),
        rewritten=contents.rewritten(),
        departure=float(np.nanmax([1.0, misses, hit_time, 1 / max(sets_a_miss, 0.01)])),
        late_connection_error_share=late.share("get_errors", "gets"),
        late_expirations=later.count("expirations", "expirations"),
        fading=fading(stretch),
        missing=float(np.mean(~np.isfinite(stretch.column("gets")))),
        completeness=least(stretch, "completeness"),
        apart=UNKNOWN,
        candidate=UNKNOWN,
        minutes=stretch.span.stop - stretch.span.start,
    )


def _candidate(own: SeriesKey, beside: Sequence[SeriesKey]) -> float:
    if own.implementation_type == INCUMBENT:
        return 0.0
    return 1.0 if any(each.implementation_type == INCUMBENT for each in beside) else UNKNOWN


def _mean(beside: Sequence[Symptoms]) -> Symptoms:
    """Field by field, over those where it was measured."""
    means: dict[str, Any] = {}
    for name in (each.name for each in fields(Symptoms) if each.name not in NOT_AVERAGED):
        found = np.array([getattr(one, name) for one in beside])
        found = found[np.isfinite(found)]
        means[name] = float(found.mean()) if found.size else UNKNOWN
    return replace(beside[0], **means)
