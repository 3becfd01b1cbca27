"""What is written is larger than it was, so that fewer fit."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="value_bloat",
    title="values have grown",
    catalogue="",
    required=(Clue("bytes per set", lambda s: s.value_written, at_least=1.5, weight=2.0),),
    clues=(
        Clue("bytes per set", lambda s: s.value_written, at_least=1.8, against=0.5),
        Clue("bytes per hit", lambda s: s.value_read, at_least=1.2, against=0.5),
        Clue(
            "entries written at once before",
            lambda s: s.loaded,
            at_most=0.25,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue("evictions", lambda s: s.evictions, at_least=1.2, weight=0.6, against=0.2),
        Clue("distinct keys per get", lambda s: s.keys_a_get, at_most=1.3, weight=0.2, against=0.5),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.35, weight=0.2, against=0.5),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.1,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.2,
            weight=0.2,
            against=1.5,
            share=True,
        ),
    ),
    recommendation=(
        "Find what made the values larger since the last deploy; store less of "
        "them, compress, or give the cache more room."
    ),
)
