"""The content is gone, and is not written back as fast as it is missed."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="slow_warmup",
    title="the cache does not warm up",
    catalogue="S3",
    required=(
        Clue("gets not answered from the cache", lambda s: s.unserved, at_least=1.25, weight=0.7),
        Clue("entries", lambda s: s.entries, at_most=0.8, weight=0.7),
    ),
    clues=(
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_least=0.5,
            weight=2.0,
            against=1.5,
            share=True,
        ),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_most=0.75, weight=2.0, against=1.5),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_least=0.9, weight=0.7, against=0.5
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.03,
            weight=0.2,
            against=0.7,
            share=True,
        ),
    ),
    recommendation=(
        "Find what holds back the fills (a limit on loads or sets, a slow pre- "
        "warm); let more through, or warm it from another node."
    ),
)
