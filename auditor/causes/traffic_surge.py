"""More of the same: nothing but the number of gets has moved."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="traffic_surge",
    title="more traffic than usual",
    catalogue="S13",
    required=(Clue("traffic", lambda s: s.traffic, at_least=1.8, weight=2.0),),
    clues=(
        Clue("misses", lambda s: s.misses, at_most=1.2),
        Clue("load time", lambda s: s.load_time, at_most=1.3),
        Clue("hit time", lambda s: s.hit_time, at_most=1.3),
    ),
    recommendation=(
        "For information: check that the backend has room for the loads that come with it."
    ),
)
