"""More sets than misses ask for, and nothing else has moved."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="double_write",
    title="every value is written twice",
    catalogue="",
    required=(Clue("sets per miss", lambda s: s.sets_a_miss, at_least=1.35, weight=2.2),),
    clues=(
        Clue("sets", lambda s: s.sets, at_least=1.3),
        Clue(
            "entries written at once before",
            lambda s: s.loaded,
            at_most=0.25,
            weight=0.5,
            against=1.5,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.2, weight=0.4, against=0.7),
        Clue("traffic", lambda s: s.traffic, at_most=1.3, weight=0.2, against=0.5),
        Clue(
            "sets of keys that were there",
            lambda s: s.rewritten,
            at_least=0.08,
            against=0.3,
            share=True,
        ),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.7, weight=0.2, against=1.5
        ),
        Clue("bytes per set", lambda s: s.value_written, at_most=1.6, weight=0.2, against=0.5),
    ),
    recommendation=(
        "Look for a second writer since the last deploy (both implementations, "
        "a retry, a listener); write once."
    ),
)
