"""Many entries expire in the same minute."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="synchronised_expiry",
    title="entries expire together",
    catalogue="S2",
    required=(
        Clue("entries expired at once", lambda s: s.expired, at_least=0.12, share=True),
        Clue("gets not answered from the cache", lambda s: s.unserved, at_least=1.1, weight=0.5),
    ),
    clues=(
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_least=0.25,
            weight=1.5,
            against=0.5,
            share=True,
        ),
        Clue(
            "entries written at once before",
            lambda s: s.loaded,
            at_least=0.25,
            weight=1.5,
            against=0.5,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.3,
            weight=0.2,
            against=1.5,
            share=True,
        ),
        Clue("deletes", lambda s: s.deletes, at_most=3.0, weight=0.2, against=0.7),
        Clue(
            "expirations lately", lambda s: s.late_expirations, at_most=1.5, weight=0.7, against=1.2
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.1,
            weight=0.3,
            share=True,
            others=True,
        ),
    ),
    recommendation=(
        "Spread lifetimes by 10 to 20 % at random and stagger warm-ups; check "
        "what wrote these entries together."
    ),
)
