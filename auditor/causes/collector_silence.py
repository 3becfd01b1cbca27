"""No windows arrive: what is not heard cannot be told from what is not there."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="collector_silence",
    title="nothing is heard from the collector",
    catalogue="S17",
    required=(
        Clue("minutes without a window", lambda s: s.missing, at_least=0.5, weight=2.0, share=True),
    ),
    clues=(
        Clue(
            "the other implementations' traffic",
            lambda s: s.sibling_traffic,
            at_most=0.3,
            weight=0.5,
        ),
    ),
    recommendation=(
        "Check the collector and its way to the database first (doctor does), then the "
        "service itself."
    ),
)
