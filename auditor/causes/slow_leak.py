"""The hit ratio slides with the entries while evictions go on, and there is no step anywhere."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="slow_leak",
    title="the room shrinks slowly",
    catalogue="S18",
    required=(
        Clue("misses", lambda s: s.misses, at_least=1.08),
        Clue("evictions", lambda s: s.evictions, at_least=0.75, weight=0.3),
    ),
    clues=(
        Clue(
            "entries against an hour and a half ago",
            lambda s: s.entries_lately,
            at_most=0.975,
            against=0.7,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.12,
            weight=0.5,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.08,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.12,
            weight=0.3,
            against=1.0,
            share=True,
        ),
        Clue("expirations", lambda s: s.expirations, at_most=1.1, weight=0.5, against=1.2),
        Clue("entries", lambda s: s.entries, at_least=0.85, at_most=1.02, weight=0.3, against=1.0),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_least=0.8, at_most=1.25, weight=0.3
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.4, weight=0.2, against=0.7),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.35, weight=0.2, against=1.0),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "sets per miss",
            lambda s: s.sets_a_miss,
            at_least=0.8,
            at_most=1.3,
            weight=0.3,
            against=1.5,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.08, weight=0.7, others=True),
        Clue("deletes", lambda s: s.deletes, at_most=2.0, weight=0.2, against=0.7),
        Clue("bytes per set", lambda s: s.value_written, at_most=1.5, weight=0.2, against=0.7),
        Clue("hit time", lambda s: s.hit_time, at_most=1.12, weight=0.2, against=0.7),
    ),
    recommendation=(
        "Forecast when it crosses the limit; look for growth of the key space, "
        "fragmentation or a leak beside the cache, and plan the capacity."
    ),
)
