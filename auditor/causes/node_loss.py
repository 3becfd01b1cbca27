"""A steady share of gets fails: that of the keys whose node is gone."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="node_loss",
    title="a node of the cache cannot be reached",
    catalogue="S10",
    required=(
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_least=0.02,
            at_most=0.85,
            weight=2.0,
            share=True,
        ),
    ),
    clues=(
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_least=0.04,
            at_most=0.85,
            weight=2.0,
            against=0.7,
            share=True,
        ),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.65, weight=0.5, against=1.5
        ),
        Clue("traffic", lambda s: s.traffic, at_most=1.6, weight=0.2, against=1.0),
        Clue(
            "gets that failed lately",
            lambda s: s.late_connection_error_share,
            at_least=0.02,
            at_most=0.85,
            against=1.5,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.7, weight=0.2, against=0.5),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.02,
            weight=0.5,
            share=True,
            others=True,
        ),
    ),
    recommendation=(
        "Find the node that does not answer; take it out of the ring or fail "
        "over, and expect its keys to load anew."
    ),
)
