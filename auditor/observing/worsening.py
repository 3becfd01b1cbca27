"""Whether an acknowledged problem has turned worse than what was acknowledged."""

from __future__ import annotations

from dataclasses import replace

from auditor.observing.observation import Observation
from auditor.observing.severity import INTENSITY_MINUTES

LEAST_INTENSITY = 0.3
"""At or below it an acknowledged problem is not loud again for its intensity."""


def grown(after: Observation) -> Observation:
    """The state, where a young problem that was acknowledged at once may still show its size.

    Intensity is a mean over INTENSITY_MINUTES: until it covers only minutes of the problem it grows
    by itself, and that is not a turn for the worse.
    """
    known = after.acknowledged_intensity
    if known is None or after.judged_until - after.opened > INTENSITY_MINUTES:
        return after
    return replace(after, acknowledged_intensity=max(known, after.damage.intensity))


def is_worse(after: Observation, factor: float) -> bool:
    """Whether it is more severe than what was acknowledged, or costs `factor` times as much now."""
    if not after.acknowledged:
        return False
    severity_then = after.acknowledged_severity or after.severity
    intensity_then = after.acknowledged_intensity or 0.0
    return after.severity > severity_then or (
        after.damage.intensity > max(factor * intensity_then, LEAST_INTENSITY)
    )


def unsigned(observation: Observation) -> Observation:
    """The state without its acknowledgement."""
    return replace(
        observation, acknowledged=False, acknowledged_severity=None, acknowledged_intensity=None
    )
