"""Keys that nobody asks for twice push out those that are."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="scan_pollution",
    title="a scan pollutes the cache",
    catalogue="S5",
    required=(
        Clue("distinct keys", lambda s: s.distinct_keys, at_least=1.2, weight=1.5),
        Clue("misses", lambda s: s.misses, at_least=1.2, weight=0.7),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=1.2),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.85, weight=0.7, against=1.5
        ),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_least=0.65, weight=0.7, against=2.0),
        Clue("evictions", lambda s: s.evictions, at_least=1.3, weight=0.5, against=0.2),
        Clue(
            "distinct keys",
            lambda s: s.distinct_keys,
            at_least=1.25,
            weight=0.7,
            against=0.4,
            others=True,
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
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.2,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "sets that failed",
            lambda s: s.set_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.0,
            share=True,
        ),
    ),
    recommendation=(
        "Find the crawler, export or batch; let it by-pass the cache, or admit "
        "keys on their second use."
    ),
)
