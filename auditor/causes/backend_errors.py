"""Loads fail behind a cache that works."""

from __future__ import annotations

from auditor.causes.signature import Clue, Signature

SIGNATURE = Signature(
    name="backend_errors",
    title="the backend fails",
    catalogue="S10",
    required=(
        Clue(
            "loads that failed", lambda s: s.load_error_share, at_least=0.02, weight=2.0, share=True
        ),
    ),
    clues=(
        Clue("gets that failed", lambda s: s.connection_error_share, at_most=0.005, share=True),
    ),
    recommendation=(
        "Look at the errors of the backend that loads come from; serve stale values, "
        "bound the retries."
    ),
)
