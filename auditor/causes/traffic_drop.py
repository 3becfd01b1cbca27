"""Fewer gets, with all that comes back as it should."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="traffic_drop",
    title="less traffic than usual",
    catalogue="",
    required=(Clue("traffic", lambda s: s.traffic, at_least=0.03, at_most=0.6, weight=2.0),),
    clues=(
        Clue("misses", lambda s: s.misses, at_most=1.3),
        Clue("errors", lambda s: s.error_share, at_most=0.01, share=True),
        Clue("completeness", lambda s: s.completeness, at_least=0.999, weight=0.5, share=True),
    ),
    recommendation=(
        "Look upstream of the cache: a route, a client or a region may be gone. The cache "
        "itself answers as usual."
    ),
)
