"""Hits take longer while loads do not: look at the cache itself."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="cache_slow",
    title="the cache itself is slow",
    catalogue="S7",
    required=(Clue("hit time", lambda s: s.hit_time, at_least=1.25, weight=1.7),),
    clues=(
        Clue("the median hit's time", lambda s: s.hit_median, at_least=1.2, weight=1.2),
        Clue(
            "the mean hit's time over the median's,",
            lambda s: s.uneven,
            at_most=1.3,
            weight=0.3,
            against=1.2,
        ),
        Clue("load time", lambda s: s.load_time, at_most=1.4, weight=0.5, against=1.0),
        Clue("misses", lambda s: s.misses, at_most=1.3, weight=0.3, against=1.0),
        Clue("hit time", lambda s: s.hit_time, at_least=1.2, against=0.3, others=True),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.2,
            against=0.7,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_most=2.0, weight=0.2, against=0.5),
        Clue("bytes per hit", lambda s: s.value_read, at_most=1.6, weight=0.2, against=0.5),
        Clue("being rolled out", lambda s: s.candidate, at_most=0.5, weight=0.7, share=True),
    ),
    recommendation=(
        "Look at the cache's own machine: slow log, big values, CPU, fork for persistence, network."
    ),
)
