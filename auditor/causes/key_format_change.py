"""From one minute on nothing is found, and it does not mend itself."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="key_format_change",
    title="keys or their format changed",
    catalogue="S9",
    required=(
        Clue(
            "latest miss ratio", lambda s: s.late_miss_share, at_least=0.8, weight=1.5, share=True
        ),
        Clue("misses", lambda s: s.misses, at_least=1.5),
    ),
    clues=(
        Clue("late over early miss ratio", lambda s: s.fading, at_least=0.95, weight=1.5),
        Clue("entries", lambda s: s.entries, at_least=0.95, weight=1.5),
        Clue("sets", lambda s: s.sets, at_least=1.3),
        Clue("evictions", lambda s: s.evictions, at_most=2.0, weight=0.5),
    ),
    recommendation=(
        "Compare key format and serialiser with the last deploy; roll back, or read both "
        "formats while migrating."
    ),
)
