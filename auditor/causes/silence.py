"""Nobody asks this cache any more, though windows arrive."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="silence",
    title="the cache is not asked",
    catalogue="",
    required=(
        Clue("traffic", lambda s: s.traffic, at_most=0.1, weight=2.0),
        Clue("minutes without a window", lambda s: s.missing, at_most=0.5, weight=0.3, share=True),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=0.6, weight=1.2, against=0.5, others=True),
        Clue(
            "completeness",
            lambda s: s.completeness,
            at_least=0.995,
            weight=0.2,
            against=3.0,
            share=True,
        ),
    ),
    recommendation=(
        "Check whether the service still calls this cache: a flag, a deploy, a "
        "circuit breaker, a route."
    ),
)
