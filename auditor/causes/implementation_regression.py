"""One implementation departs, the other on the same traffic does not."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="implementation_regression",
    title="this implementation regressed",
    catalogue="S19",
    required=(
        Clue(
            "the other implementations' misses",
            lambda s: s.sibling_misses,
            at_least=0.7,
            at_most=1.15,
        ),
        Clue(
            "the other implementations' hit time",
            lambda s: s.sibling_hit_time,
            at_least=0.7,
            at_most=1.2,
        ),
        Clue("traffic", lambda s: s.traffic, at_least=0.6, at_most=1.6),
    ),
    clues=(
        Clue("evictions", lambda s: s.evictions, at_most=1.3),
        Clue("expirations", lambda s: s.expirations, at_most=1.3),
        Clue("load time", lambda s: s.load_time, at_most=1.25),
        Clue("late over early miss ratio", lambda s: s.fading, at_least=0.85, weight=0.5),
        Clue("errors", lambda s: s.error_share, at_most=0.01, weight=0.5, share=True),
    ),
    recommendation=(
        "Hold or roll back the rollout of this implementation and compare both on the same keys."
    ),
)
