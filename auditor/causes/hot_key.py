"""Far more gets of no more keys, nearly all of them hits."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="hot_key",
    title="one key is asked for far more",
    catalogue="S8",
    required=(
        Clue("traffic", lambda s: s.traffic, at_least=1.4),
        Clue("distinct keys per get", lambda s: s.keys_a_get, at_most=0.75, weight=2.0),
    ),
    clues=(
        Clue("misses", lambda s: s.misses, at_most=0.95, against=2.0),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.3, weight=0.5, against=1.0),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "distinct keys per get",
            lambda s: s.keys_a_get,
            at_most=0.75,
            weight=0.5,
            against=0.3,
            others=True,
        ),
        Clue("loads", lambda s: s.loads, at_most=1.5, weight=0.3, against=0.7),
    ),
    recommendation=(
        "Hold the key in the callers (a near cache), split or replicate it; find who asks."
    ),
)
