"""The backend fails and callers ask again: more gets of no more keys, and they miss."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="retry_storm",
    title="retries multiply the gets",
    catalogue="S15",
    required=(
        Clue("traffic", lambda s: s.traffic, at_least=1.25),
        Clue(
            "loads that failed", lambda s: s.load_error_share, at_least=0.03, weight=1.5, share=True
        ),
    ),
    clues=(
        Clue("distinct keys per get", lambda s: s.keys_a_get, at_most=0.85, weight=1.5),
        Clue("misses", lambda s: s.misses, at_least=1.15, against=0.7),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.25, weight=0.4, against=1.0),
        Clue("traffic", lambda s: s.traffic, at_least=1.2, weight=0.3, others=True),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.9, weight=0.3, against=0.2),
    ),
    recommendation=(
        "Bound retries by a budget, back off with jitter, cache the failure "
        "briefly; shed load until the backend is back."
    ),
)
