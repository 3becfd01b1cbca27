"""A node-sized share of the entries expires in one minute though nothing wrote them together."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="clock_skew_expiry",
    title="one node's entries expire at once",
    catalogue="S2",
    required=(
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_least=0.05,
            at_most=0.6,
            weight=1.5,
            share=True,
        ),
        Clue("gets not answered from the cache", lambda s: s.unserved, at_least=1.1, weight=0.5),
    ),
    clues=(
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_least=0.1,
            at_most=0.55,
            weight=0.7,
            against=0.5,
            share=True,
        ),
        Clue(
            "entries written at once before",
            lambda s: s.loaded,
            at_most=0.2,
            against=1.2,
            share=True,
        ),
        Clue("entries", lambda s: s.entries, at_most=0.95, weight=0.7),
        Clue(
            "expirations lately", lambda s: s.late_expirations, at_most=1.6, weight=0.5, against=1.0
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.2,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.2,
            weight=0.2,
            against=1.0,
            share=True,
        ),
    ),
    recommendation=(
        "Compare the clocks of the nodes; a node that runs ahead takes its "
        "entries for old. Fix its time before it is filled again."
    ),
)
