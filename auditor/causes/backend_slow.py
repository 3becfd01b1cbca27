"""Loads take longer while hits do not: look behind the cache."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="backend_slow",
    title="the backend is slow",
    catalogue="S6",
    required=(Clue("load time", lambda s: s.load_time, at_least=1.25, weight=2.0),),
    clues=(
        Clue("hit time", lambda s: s.hit_time, at_most=1.3),
        Clue("misses", lambda s: s.misses, at_most=1.5, weight=0.5),
        Clue(
            "the other implementations' load time",
            lambda s: s.sibling_load_time,
            at_least=1.2,
            weight=0.5,
        ),
    ),
    recommendation=(
        "Look behind the cache: the database or API that loads come from. Serve stale "
        "values and cap concurrent loads until it is back."
    ),
)
