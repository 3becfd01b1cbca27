"""The content is gone at once and comes back as it is asked for."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cold_start",
    title="the cache started cold",
    catalogue="S3",
    required=(
        Clue("gets not answered from the cache", lambda s: s.unserved, at_least=1.25, weight=0.7),
    ),
    clues=(
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_least=0.6,
            weight=3.0,
            against=1.5,
            share=True,
        ),
        Clue("evictions", lambda s: s.evictions, at_most=1.5, weight=0.2, against=0.5),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue("deletes", lambda s: s.deletes, at_most=3.0, weight=0.2, against=0.7),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_most=0.85, weight=0.7, against=0.4
        ),
        Clue(
            "sets per miss",
            lambda s: s.sets_a_miss,
            at_least=0.7,
            at_most=1.6,
            weight=0.3,
            against=0.5,
        ),
        Clue("entries", lambda s: s.entries, at_most=0.85, weight=0.7, against=1.0),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.3,
            weight=0.3,
            against=0.2,
            share=True,
            others=True,
        ),
    ),
    recommendation=(
        "Expect the miss ratio to decay within the usual residence time; find "
        "out what emptied the cache (deploy, restart, flush, failover). Pre- "
        "warm and roll gradually."
    ),
)
