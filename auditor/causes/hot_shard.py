"""One node's share of the hits is slow, while the ordinary hit is as fast as ever."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="hot_shard",
    title="one node is overloaded",
    catalogue="S8",
    required=(Clue("hit time", lambda s: s.hit_time, at_least=1.25, weight=1.2),),
    clues=(
        Clue("the median hit's time", lambda s: s.hit_median, at_most=1.2, against=1.5),
        Clue(
            "the mean hit's time over the median's,", lambda s: s.uneven, at_least=1.2, weight=0.7
        ),
        Clue(
            "95th percentile of response time",
            lambda s: s.response_p95,
            at_least=1.2,
            weight=0.8,
            against=0.7,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.3, weight=0.3, against=1.0),
        Clue("load time", lambda s: s.load_time, at_most=5.0, weight=0.2, against=0.5),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.05,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.6, weight=0.2, against=0.3),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.1,
            weight=0.2,
            against=0.5,
            share=True,
        ),
    ),
    recommendation=(
        "Compare operations and CPU of the nodes; move or split what the busy one holds."
    ),
)
