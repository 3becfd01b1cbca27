"""Gets are as usual again, yet misses and load time stay up and little is set."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="metastable_failure",
    title="it does not recover by itself",
    catalogue="S15",
    required=(
        Clue("load time", lambda s: s.load_time, at_least=1.5),
        Clue("misses", lambda s: s.misses, at_least=1.25, weight=0.7),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.7, weight=1.2),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=0.7, at_most=1.25, weight=0.5, against=1.0),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_least=0.9, weight=0.7, against=1.0
        ),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_least=0.05,
            weight=0.5,
            against=0.2,
            share=True,
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.1,
            weight=0.2,
            against=0.3,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.15,
            weight=0.2,
            against=0.5,
            share=True,
        ),
    ),
    recommendation=(
        "Shed load and cap concurrent loads until the cache has filled; give retries a budget."
    ),
)
