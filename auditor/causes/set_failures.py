"""What was loaded cannot be stored."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="set_failures",
    title="sets fail",
    catalogue="",
    required=(
        Clue(
            "sets that failed", lambda s: s.set_error_share, at_least=0.02, weight=3.0, share=True
        ),
    ),
    clues=(
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.95, weight=0.7, against=0.3),
        Clue("misses", lambda s: s.misses, at_least=1.05, weight=0.3, against=0.2),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.05,
            weight=0.2,
            against=0.5,
            share=True,
        ),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.05,
            weight=0.2,
            against=0.7,
            share=True,
        ),
    ),
    recommendation=(
        "Look why the cache refuses writes: memory, size of values, a read-only "
        "replica, permissions."
    ),
)
