"""From one minute on a part of what is held is looked for on another node."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="shard_remap",
    title="keys moved between nodes",
    catalogue="S9",
    required=(
        Clue("misses", lambda s: s.misses, at_least=1.15, weight=0.7),
        Clue(
            "hits lost in the worst minutes",
            lambda s: s.hits_lost,
            at_least=0.12,
            at_most=0.8,
            weight=0.7,
            share=True,
        ),
    ),
    clues=(
        Clue("entries", lambda s: s.entries, at_least=0.95, against=1.2),
        Clue(
            "entries against an hour and a half ago",
            lambda s: s.entries_lately,
            at_least=0.93,
            weight=0.2,
            against=1.0,
        ),
        Clue("late over early miss ratio", lambda s: s.fading, at_most=0.85, against=1.2),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.05,
            weight=0.3,
            against=0.7,
            share=True,
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
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.08,
            weight=0.3,
            against=1.5,
            share=True,
        ),
        Clue("expirations", lambda s: s.expirations, at_most=1.3, weight=0.2, against=0.7),
        Clue("traffic", lambda s: s.traffic, at_most=1.25, weight=0.2, against=1.0),
        Clue("distinct keys", lambda s: s.distinct_keys, at_most=1.25, weight=0.2, against=1.5),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.8, weight=0.2, against=1.0
        ),
        Clue("sets per miss", lambda s: s.sets_a_miss, at_least=0.85, weight=0.4, against=1.5),
        Clue("deletes", lambda s: s.deletes, at_most=2.5, weight=0.2, against=1.0),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.03,
            weight=0.2,
            against=1.0,
            share=True,
        ),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.02,
            weight=0.2,
            against=0.7,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.25, weight=0.4, against=0.6, others=True),
        Clue(
            "sets of keys that were there",
            lambda s: s.rewritten,
            at_most=0.1,
            weight=0.2,
            against=0.7,
            share=True,
        ),
    ),
    recommendation=(
        "Look for a node added, removed or renamed; use consistent hashing, and "
        "move keys before they are asked for."
    ),
)
