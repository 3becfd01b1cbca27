"""A few gets in a hundred are very slow while the ordinary one is as fast as ever."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="tail_latency",
    title="a few gets are very slow",
    catalogue="S7",
    required=(Clue("hit time", lambda s: s.hit_time, at_least=1.2),),
    clues=(
        Clue("the median hit's time", lambda s: s.hit_median, at_most=1.15, against=1.5),
        Clue(
            "the mean hit's time over the median's,", lambda s: s.uneven, at_least=1.15, weight=0.7
        ),
        Clue(
            "95th percentile of response time",
            lambda s: s.response_p95,
            at_most=1.35,
            weight=0.7,
            against=0.6,
        ),
        Clue(
            "99th percentile of response time", lambda s: s.response_p99, at_least=1.4, against=0.7
        ),
        Clue("misses", lambda s: s.misses, at_most=1.3, weight=0.3, against=1.0),
        Clue("load time", lambda s: s.load_time, at_most=5.0, weight=0.2, against=0.5),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.2,
            against=0.7,
            share=True,
        ),
    ),
    recommendation=(
        "Look for pauses on the way: collection of garbage, forks for "
        "persistence, slow commands, lost packets; set a timeout and hedge."
    ),
)
