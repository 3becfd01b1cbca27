"""No windows arrive: what is not heard cannot be told from what is not there."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="collector_silence",
    title="nothing is heard from the collector",
    catalogue="S17",
    required=(
        Clue("minutes without a window", lambda s: s.missing, at_least=0.5, weight=4.0, share=True),
    ),
    clues=(
        Clue(
            "minutes without a window",
            lambda s: s.missing,
            at_least=0.5,
            weight=0.5,
            share=True,
            others=True,
        ),
    ),
    recommendation=(
        "Check the collector and its way to the database first (doctor does), "
        "then the service itself."
    ),
)
