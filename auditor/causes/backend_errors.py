"""Loads fail behind a cache that works."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="backend_errors",
    title="the backend fails",
    catalogue="S10",
    required=(
        Clue(
            "loads that failed", lambda s: s.load_error_share, at_least=0.02, weight=3.0, share=True
        ),
    ),
    clues=(
        Clue("loads", lambda s: s.loads, at_most=1.8, weight=0.7, against=1.5),
        Clue("traffic", lambda s: s.traffic, at_most=1.5, weight=0.2, against=0.7),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.3,
            against=0.7,
            share=True,
        ),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.95, weight=0.5, against=0.2),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_least=0.01,
            weight=0.7,
            against=0.5,
            share=True,
            others=True,
        ),
    ),
    recommendation=(
        "Look at the errors of the backend that loads come from; serve stale "
        "values, bound the retries."
    ),
)
