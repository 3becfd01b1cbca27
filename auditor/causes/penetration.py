"""Gets of absent keys miss, load nothing and are never set."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="penetration",
    title="keys that do not exist are asked for",
    catalogue="S12",
    required=(
        Clue("misses", lambda s: s.misses, at_least=1.2),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.8, weight=2.0),
        Clue("traffic", lambda s: s.traffic, at_least=1.1, weight=0.7),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=1.25, weight=0.7, against=0.5),
        Clue("distinct keys", lambda s: s.distinct_keys, at_least=1.15, weight=0.5, against=0.2),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.03,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue(
            "sets that failed",
            lambda s: s.set_error_share,
            at_most=0.02,
            weight=0.3,
            against=2.0,
            share=True,
        ),
        Clue("evictions", lambda s: s.evictions, at_most=1.3, weight=0.2, against=0.5),
        Clue("traffic", lambda s: s.traffic, at_least=1.12, weight=0.7, against=0.5, others=True),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.1,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("sets", lambda s: s.sets, at_most=1.4, weight=0.4, against=1.0),
    ),
    recommendation=(
        "Cache negative answers briefly, put a Bloom filter before the loads, "
        "limit the rate of the callers that ask."
    ),
)
