"""The content is gone at once and comes back as it is asked for."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cold_start",
    title="the cache started cold",
    catalogue="S3",
    required=(
        Clue("misses", lambda s: s.misses, at_least=1.5, weight=1.5),
        Clue("expirations", lambda s: s.expirations, at_most=1.5),
    ),
    clues=(
        Clue("evictions", lambda s: s.evictions, at_most=1.2),
        Clue("entries", lambda s: s.entries, at_most=0.8, weight=1.5),
        Clue("deletes", lambda s: s.deletes, at_most=2.0, weight=0.5),
        Clue("late over early miss ratio", lambda s: s.fading, at_most=0.85, weight=1.5),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_least=0.6, at_most=1.6, weight=0.5),
    ),
    recommendation=(
        "Expect the miss ratio to decay within the usual residence time; find out what "
        "emptied the cache (deploy, restart, flush, failover). Pre-warm and roll "
        "gradually."
    ),
)
