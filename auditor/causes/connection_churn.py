"""Connecting fails now and then and costs time in every get; what is held is as it was."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="connection_churn",
    title="connections are made anew all the time",
    catalogue="S16",
    required=(
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_least=0.002,
            at_most=0.3,
            share=True,
        ),
    ),
    clues=(
        Clue("median response time", lambda s: s.response_p50, at_least=1.25, against=0.5),
        Clue(
            "99th percentile of response time", lambda s: s.response_p99, at_least=1.25, weight=0.7
        ),
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.03,
            weight=0.5,
            against=1.5,
            share=True,
        ),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.65, weight=0.3, against=1.5
        ),
        Clue("misses", lambda s: s.misses, at_most=1.4, weight=0.2, against=0.7),
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_most=0.12,
            weight=0.3,
            against=0.7,
            share=True,
        ),
    ),
    recommendation=(
        "Look at the pool of connections since the last deploy: its size, its "
        "lifetime, and who closes them."
    ),
)
