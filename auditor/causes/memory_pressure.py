"""Entries are pushed out before they are asked for again."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="memory_pressure",
    title="the memory is too small",
    catalogue="S4",
    required=(
        Clue("evictions", lambda s: s.evictions, at_least=0.9, weight=0.3),
        Clue("misses", lambda s: s.misses, at_least=1.1, weight=0.5),
    ),
    clues=(
        Clue("evictions", lambda s: s.evictions, at_least=1.4, weight=1.2, against=1.0),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_least=0.1,
            weight=2.0,
            against=0.7,
            share=True,
        ),
        Clue("entries", lambda s: s.entries, at_most=0.85, weight=1.2, against=0.7),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.3,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("expirations", lambda s: s.expirations, at_most=1.2, weight=0.3, against=0.7),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.35, weight=0.2, against=1.5),
        Clue("bytes per set", lambda s: s.value_written, at_most=1.6, weight=0.2, against=1.0),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.3,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.5, weight=0.2, against=0.7),
        Clue("deletes", lambda s: s.deletes, at_most=3.0, weight=0.2, against=0.7),
        Clue("evictions", lambda s: s.evictions, at_most=1.6, weight=0.7, against=0.5, others=True),
    ),
    recommendation=(
        "Give the cache more memory, or shorten lifetimes and shrink values; "
        "check whether its limit was lowered."
    ),
)
