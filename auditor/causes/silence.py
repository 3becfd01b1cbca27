"""Nobody asks this cache any more, though its sibling or its past is asked."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="silence",
    title="the cache is not asked",
    catalogue="",
    required=(
        Clue("traffic", lambda s: s.traffic, at_most=0.1, weight=2.0),
        Clue("minutes without a window", lambda s: s.missing, at_most=0.5, share=True),
    ),
    clues=(Clue("the other implementations' traffic", lambda s: s.sibling_traffic, at_least=0.7),),
    recommendation=(
        "Check whether the service still calls this cache: a flag, a deploy, a circuit "
        "breaker, a route."
    ),
)
