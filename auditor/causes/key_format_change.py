"""From one minute on what is held is not found, though it is still there."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="key_format_change",
    title="keys or their format changed",
    catalogue="S9",
    required=(Clue("misses", lambda s: s.misses, at_least=1.25, weight=0.7),),
    clues=(
        Clue(
            "hits lost in the worst minutes",
            lambda s: s.hits_lost,
            at_least=0.65,
            weight=2.0,
            against=1.2,
            share=True,
        ),
        Clue("entries", lambda s: s.entries, at_least=0.93, against=1.5),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.07,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.3,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.15,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue("expirations", lambda s: s.expirations, at_most=1.3, weight=0.2, against=0.7),
        Clue("misses", lambda s: s.misses, at_least=1.3, weight=1.2, against=0.8, others=True),
        Clue("traffic", lambda s: s.traffic, at_most=1.2, weight=0.2, against=1.0),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.2, weight=0.2, against=2.0),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.75, weight=0.2, against=1.0
        ),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_least=0.7, weight=0.3, against=1.2),
        Clue("deletes", lambda s: s.deletes, at_most=3.0, weight=0.2, against=1.0),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.3,
            weight=0.2,
            against=0.5,
            share=True,
        ),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.02,
            weight=0.2,
            against=1.0,
            share=True,
        ),
    ),
    recommendation=(
        "Compare key format and serialiser with the last deploy; roll back, or "
        "read both formats while migrating."
    ),
)
