"""More of the same: nothing but the number of gets has moved."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="traffic_surge",
    title="more traffic than usual",
    catalogue="S13",
    required=(Clue("traffic", lambda s: s.traffic, at_least=1.5, weight=2.0),),
    clues=(
        Clue("misses", lambda s: s.misses, at_most=1.25, weight=0.5, against=1.5),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.75, weight=0.7, against=1.5
        ),
        Clue("load time", lambda s: s.load_time, at_most=1.5, weight=0.3, against=0.7),
        Clue("hit time", lambda s: s.hit_time, at_most=1.5, weight=0.2, against=0.7),
        Clue("errors", lambda s: s.error_share, at_most=0.02, weight=0.2, against=1.0, share=True),
        Clue("traffic", lambda s: s.traffic, at_least=1.3, weight=0.5, against=0.3, others=True),
    ),
    recommendation=(
        "For information: check that the backend has room for the loads that come with it."
    ),
)
