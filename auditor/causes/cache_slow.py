"""Hits take longer while loads do not: look at the cache itself."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cache_slow",
    title="the cache itself is slow",
    catalogue="S7",
    required=(Clue("hit time", lambda s: s.hit_time, at_least=1.25, weight=2.0),),
    clues=(
        Clue("load time", lambda s: s.load_time, at_most=1.25),
        Clue("misses", lambda s: s.misses, at_most=1.3, weight=0.5),
    ),
    recommendation=(
        "Look at the cache's own machine: slow log, big values, CPU, fork for persistence, network."
    ),
)
