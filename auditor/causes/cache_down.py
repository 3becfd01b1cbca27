"""Gets fail before they reach the cache."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cache_down",
    title="the cache cannot be reached",
    catalogue="S10",
    required=(
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_least=0.005,
            weight=2.0,
            share=True,
        ),
    ),
    clues=(
        Clue(
            "loads that failed", lambda s: s.load_error_share, at_most=0.05, weight=0.5, share=True
        ),
        Clue("traffic", lambda s: s.traffic, at_least=0.3, weight=0.5),
    ),
    recommendation=(
        "Check that the cache and its network are up; fail over, and shed load before the "
        "backend takes all of it."
    ),
)
