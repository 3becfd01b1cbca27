"""One implementation departs, the other on the same traffic does not; nothing else explains it."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="implementation_regression",
    title="this implementation regressed",
    catalogue="S19",
    required=(
        Clue("what moved most", lambda s: s.departure, at_least=1.15),
        Clue(
            "what moved most, against the other implementations,", lambda s: s.apart, at_least=1.15
        ),
    ),
    clues=(
        Clue(
            "what moved most",
            lambda s: s.departure,
            at_most=1.2,
            weight=0.5,
            against=1.0,
            others=True,
        ),
        Clue(
            "what moved most, against the other implementations,",
            lambda s: s.apart,
            at_least=1.3,
            weight=0.7,
            against=0.5,
        ),
        Clue(
            "the mean hit's time over the median's,",
            lambda s: s.uneven,
            at_most=1.3,
            weight=0.1,
            against=2.0,
        ),
        Clue("being rolled out", lambda s: s.candidate, at_least=0.5, against=1.2, share=True),
        Clue("what moved most", lambda s: s.departure, at_least=1.35, weight=0.8, against=0.2),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.06,
            weight=0.1,
            against=3.0,
            share=True,
        ),
        Clue(
            "entries evicted at once",
            lambda s: s.evicted,
            at_most=0.12,
            weight=0.1,
            against=3.0,
            share=True,
        ),
        Clue(
            "entries expired at once",
            lambda s: s.expired,
            at_most=0.12,
            weight=0.1,
            against=3.0,
            share=True,
        ),
        Clue("evictions", lambda s: s.evictions, at_most=1.8, weight=0.1, against=0.7),
        Clue("expirations", lambda s: s.expirations, at_most=1.4, weight=0.1, against=1.0),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.01,
            weight=0.1,
            against=2.5,
            share=True,
        ),
        Clue(
            "loads that failed",
            lambda s: s.load_error_share,
            at_most=0.02,
            weight=0.1,
            against=2.5,
            share=True,
        ),
        Clue(
            "sets that failed",
            lambda s: s.set_error_share,
            at_most=0.01,
            weight=0.1,
            against=2.5,
            share=True,
        ),
        Clue("traffic", lambda s: s.traffic, at_least=0.6, at_most=1.4, weight=0.1, against=1.0),
        Clue("deletes", lambda s: s.deletes, at_most=2.5, weight=0.1, against=1.5),
        Clue("bytes per set", lambda s: s.value_written, at_most=1.6, weight=0.1, against=1.5),
        Clue("load time", lambda s: s.load_time, at_most=1.5, weight=0.1, against=0.5),
        Clue(
            "late over early miss ratio", lambda s: s.fading, at_least=0.8, weight=0.2, against=0.4
        ),
        Clue(
            "minutes without a window",
            lambda s: s.missing,
            at_most=0.3,
            weight=0.05,
            against=1.0,
            share=True,
        ),
        Clue("entries", lambda s: s.entries, at_least=0.85, weight=0.3, against=1.0),
    ),
    recommendation=(
        "Hold or roll back the rollout of this implementation and compare both on the same keys."
    ),
)
