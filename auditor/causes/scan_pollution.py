"""Keys that nobody asks for twice push out those that are."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="scan_pollution",
    title="a scan pollutes the cache",
    catalogue="S5",
    required=(
        Clue("distinct keys", lambda s: s.distinct_keys, at_least=1.4, weight=2.0),
        Clue("misses", lambda s: s.misses, at_least=1.2),
    ),
    clues=(
        Clue("traffic", lambda s: s.traffic, at_least=1.15),
        Clue("evictions", lambda s: s.evictions, at_least=1.3),
        Clue("expirations", lambda s: s.expirations, at_most=1.5, weight=0.5),
    ),
    recommendation=(
        "Find the crawler, export or batch; let it by-pass the cache, or admit keys on "
        "their second use."
    ),
)
