"""Deletes run ahead of the misses."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="invalidation_storm",
    title="a storm of invalidations",
    catalogue="S11",
    required=(
        Clue("deletes", lambda s: s.deletes, at_least=3.0, weight=2.0),
        Clue("misses", lambda s: s.misses, at_least=1.2),
    ),
    clues=(
        Clue("expirations", lambda s: s.expirations, at_most=1.5),
        Clue("evictions", lambda s: s.evictions, at_most=1.5),
    ),
    recommendation=(
        "Narrow the tags or keys that are invalidated, batch them, or version keys "
        "instead of deleting."
    ),
)
