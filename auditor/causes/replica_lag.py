"""Keys that were just written are missed and written again: reads are behind writes."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="replica_lag",
    title="reads come before writes arrive",
    catalogue="",
    required=(Clue("misses", lambda s: s.misses, at_least=1.1, weight=0.7),),
    clues=(
        Clue(
            "sets of keys that were there",
            lambda s: s.rewritten,
            at_least=0.08,
            weight=2.2,
            against=1.0,
            share=True,
        ),
        Clue("entries", lambda s: s.entries, at_least=0.93, at_most=1.07, weight=0.4, against=1.0),
        Clue(
            "sets per miss",
            lambda s: s.sets_a_miss,
            at_least=0.8,
            at_most=1.4,
            weight=0.3,
            against=1.0,
        ),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_least=0.85, weight=0.4, against=0.6
        ),
        Clue("evictions", lambda s: s.evictions, at_most=1.3, weight=0.2, against=0.5),
        Clue("expirations", lambda s: s.expirations, at_most=1.3, weight=0.2, against=0.7),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.05,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.1,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.08,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.35, weight=0.2, against=0.7),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.3, weight=0.2, against=1.0),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("deletes", lambda s: s.deletes, at_most=2.5, weight=0.2, against=1.0),
    ),
    recommendation=(
        "Look at the delay of replication; read your own writes from the "
        "primary until the replicas have caught up."
    ),
)
