"""Loads take longer, and more than more loads would explain: look behind the cache."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="backend_slow",
    title="the backend is slow",
    catalogue="S6",
    required=(Clue("load time", lambda s: s.load_time, at_least=1.4, weight=2.0),),
    clues=(
        Clue("loads", lambda s: s.loads, at_most=1.6, against=2.0),
        Clue("hit time", lambda s: s.hit_time, at_most=1.3, weight=0.5, against=1.2),
        Clue("misses", lambda s: s.misses, at_most=1.5, weight=0.3, against=0.7),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.5,
            against=1.0,
            share=True,
        ),
        Clue("load time", lambda s: s.load_time, at_least=1.25, against=0.5, others=True),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.2,
            against=0.5,
            share=True,
        ),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.6, weight=0.2, against=1.0
        ),
        Clue(
            "median response time", lambda s: s.response_p50, at_most=2.5, weight=0.2, against=0.3
        ),
    ),
    recommendation=(
        "Look behind the cache: the database or API that loads come from. Serve "
        "stale values and cap concurrent loads until it is back."
    ),
)
