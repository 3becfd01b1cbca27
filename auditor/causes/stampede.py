"""For a minute or three many miss the same keys at once and load each many times."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="stampede",
    title="many load the same key",
    catalogue="S1",
    required=(
        Clue("misses", lambda s: s.misses, at_least=1.3, weight=0.7),
        Clue("distinct keys per get", lambda s: s.keys_a_get, at_most=0.8, weight=1.2),
    ),
    clues=(
        Clue("sets per miss", lambda s: s.sets_a_miss, at_least=0.7, weight=0.4, against=0.5),
        Clue("load time", lambda s: s.load_time, at_least=1.3, weight=0.5, against=0.3),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.03,
            weight=0.3,
            against=1.0,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.6, weight=0.3, against=0.5),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.1,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.1,
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
    ),
    recommendation=(
        "Let one load at a time serve all who ask for a key; refresh hot keys "
        "early, serve the stale value meanwhile."
    ),
)
