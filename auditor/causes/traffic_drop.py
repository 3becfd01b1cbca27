"""Fewer gets, with all that comes back as it should."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="traffic_drop",
    title="less traffic than usual",
    catalogue="",
    required=(
        Clue("traffic", lambda s: s.traffic, at_most=0.7, weight=2.0),
        Clue("minutes without a window", lambda s: s.missing, at_most=0.5, weight=0.1, share=True),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_most=0.75, others=True),
        Clue("expirations per get", lambda s: s.expirations_a_get, at_least=1.4, against=0.4),
        Clue("errors", lambda s: s.error_share, at_most=0.02, weight=0.3, against=1.0, share=True),
        Clue(
            "completeness",
            lambda s: s.completeness,
            at_least=0.995,
            weight=0.2,
            against=3.0,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_most=2.5, weight=0.2, against=0.3),
    ),
    recommendation=(
        "Look upstream of the cache: a route, a client or a region may be gone. "
        "The cache itself answers as usual."
    ),
)
