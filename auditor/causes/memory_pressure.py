"""Entries are pushed out before they are asked for again."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="memory_pressure",
    title="the memory is too small",
    catalogue="S4",
    required=(
        Clue("evictions", lambda s: s.evictions, at_least=1.4, weight=2.0),
        Clue("misses", lambda s: s.misses, at_least=1.15),
    ),
    clues=(
        Clue("expirations", lambda s: s.expirations, at_most=1.2),
        Clue("deletes", lambda s: s.deletes, at_most=2.0, weight=0.5),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.4, weight=0.5),
    ),
    recommendation=(
        "Give the cache more memory, or shorten lifetimes and shrink values; check "
        "whether its limit was lowered."
    ),
)
