"""Entries expire earlier from a minute on and keep doing so."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="ttl_change",
    title="lifetimes were shortened",
    catalogue="S14",
    required=(Clue("expirations", lambda s: s.expirations, at_least=1.4, weight=1.7),),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=0.7, weight=0.2, against=1.5),
        Clue("expirations lately", lambda s: s.late_expirations, at_least=1.3, against=1.5),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.15,
            weight=0.5,
            against=1.2,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.35,
            weight=0.1,
            against=2.0,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_least=1.05, weight=0.5, against=0.3),
        Clue("evictions", lambda s: s.evictions, at_most=1.1, weight=0.4, against=0.7),
        Clue(
            "entries against an hour and a half ago",
            lambda s: s.entries_lately,
            at_most=1.0,
            weight=0.5,
            against=0.3,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.15,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.1,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.35, weight=0.2, against=1.0),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("load time", lambda s: s.load_time, at_most=2.0, weight=0.2, against=0.7),
        Clue("deletes", lambda s: s.deletes, at_most=3.0, weight=0.2, against=0.7),
        Clue(
            "expirations",
            lambda s: s.expirations,
            at_most=1.4,
            weight=0.7,
            against=0.5,
            others=True,
        ),
    ),
    recommendation=(
        "Look for a changed lifetime in the last deploy or configuration; put "
        "it back, and say when the cache will be full again."
    ),
)
