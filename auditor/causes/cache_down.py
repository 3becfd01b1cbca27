"""Nearly every get fails before it reaches the cache."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cache_down",
    title="the cache cannot be reached",
    catalogue="S10",
    required=(
        Clue(
            "gets that failed lately",
            lambda s: s.late_connection_error_share,
            at_least=0.85,
            weight=3.0,
            share=True,
        ),
    ),
    clues=(
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.05,
            weight=0.2,
            against=0.5,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_least=0.3, weight=0.3, against=0.5),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.5,
            weight=0.3,
            against=1.0,
            share=True,
        ),
    ),
    recommendation=(
        "Check that the cache and its network are up; fail over, and shed load "
        "before the backend takes all of it."
    ),
)
