"""All counts fall by one factor; ratios, times and what is held are as they were."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="collector_loss",
    title="the collector loses a part",
    catalogue="S17",
    required=(
        Clue("gets answered", lambda s: s.served, at_least=0.12, at_most=0.9, weight=0.7),
        Clue("minutes without a window", lambda s: s.missing, at_most=0.5, weight=0.1, share=True),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.02,
            weight=0.1,
            share=True,
        ),
    ),
    clues=(
        Clue("gets answered", lambda s: s.served, at_most=0.8, weight=0.7, against=0.3),
        Clue(
            "completeness",
            lambda s: s.completeness,
            at_most=0.99,
            weight=3.0,
            against=1.5,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_least=0.75, at_most=1.3, weight=0.3, against=0.7),
        Clue("load time", lambda s: s.load_time, at_most=1.4, weight=0.2, against=0.7),
        Clue("hit time", lambda s: s.hit_time, at_most=1.4, weight=0.2, against=0.7),
        Clue(
            "expirations per get",
            lambda s: s.expirations_a_get,
            at_least=0.6,
            at_most=1.3,
            weight=0.7,
            against=1.0,
        ),
        Clue(
            "evictions per get",
            lambda s: s.evictions_a_get,
            at_least=0.6,
            at_most=1.6,
            weight=0.3,
            against=0.5,
        ),
        Clue("entries", lambda s: s.entries, at_least=0.97, at_most=1.05, weight=0.6, against=0.7),
        Clue("traffic", lambda s: s.traffic, at_least=0.85, weight=1.2, against=0.3, others=True),
        Clue("errors", lambda s: s.error_share, at_most=0.02, weight=0.2, against=0.7, share=True),
    ),
    recommendation=(
        "Check the agents, their queue and the database (doctor does): a share "
        "of the events is missing, the cache may be well."
    ),
)
