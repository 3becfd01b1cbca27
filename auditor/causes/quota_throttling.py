"""Gets are refused over a limit while the nodes and what they hold are as they were."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="quota_throttling",
    title="gets are turned away",
    catalogue="",
    required=(
        Clue(
            "gets that failed",
            lambda s: s.connection_error_share,
            at_least=0.01,
            weight=1.5,
            share=True,
        ),
    ),
    clues=(
        Clue(
            "entries gone at once without a trace",
            lambda s: s.vanished,
            at_most=0.03,
            weight=0.7,
            against=1.5,
            share=True,
        ),
        Clue(
            "distinct keys per get", lambda s: s.keys_a_get, at_least=0.65, weight=0.5, against=1.5
        ),
        Clue("gets answered", lambda s: s.served, at_most=1.1, weight=0.3, against=0.7),
        Clue(
            "gets that failed lately",
            lambda s: s.late_connection_error_share,
            at_least=0.01,
            at_most=0.85,
            weight=0.5,
            against=1.0,
            share=True,
        ),
        Clue("99th percentile of response time", lambda s: s.response_p99, at_most=1.5, weight=0.3),
        Clue(
            "sets that failed",
            lambda s: s.set_error_share,
            at_least=0.01,
            weight=0.7,
            against=0.2,
            share=True,
        ),
        Clue("misses", lambda s: s.misses, at_most=1.7, weight=0.2, against=0.5),
    ),
    recommendation=(
        "Compare the rate of gets with the limit of the plan or proxy; raise "
        "it, or spread and cap the callers."
    ),
)
