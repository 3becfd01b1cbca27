"""Deletes run ahead of the misses."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="invalidation_storm",
    title="a storm of invalidations",
    catalogue="S11",
    required=(Clue("deletes", lambda s: s.deletes, at_least=2.5, weight=3.0),),
    clues=(
        Clue("misses", lambda s: s.misses, at_least=1.15, weight=0.7, against=0.5),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.2,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.2,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("evictions", lambda s: s.evictions, at_most=2.0, weight=0.2, against=0.3),
        Clue("entries", lambda s: s.entries, at_most=1.0, weight=0.3),
        Clue("traffic", lambda s: s.traffic, at_most=1.6, weight=0.2, against=0.3),
    ),
    recommendation=(
        "Narrow the tags or keys that are invalidated, batch them, or version "
        "keys instead of deleting."
    ),
)
