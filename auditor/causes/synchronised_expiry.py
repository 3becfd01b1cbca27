"""Many entries expire in the same minute."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="synchronised_expiry",
    title="entries expire together",
    catalogue="S2",
    required=(
        Clue("expirations", lambda s: s.expirations, at_least=2.0, weight=2.0),
        Clue("misses", lambda s: s.misses, at_least=1.15),
    ),
    clues=(
        Clue("evictions", lambda s: s.evictions, at_most=1.5),
        Clue("deletes", lambda s: s.deletes, at_most=2.0, weight=0.5),
    ),
    recommendation=(
        "Spread lifetimes by 10 to 20 % at random and stagger warm-ups; check whether a "
        "lifetime was shortened."
    ),
)
