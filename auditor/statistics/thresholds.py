"""The thresholds that many teams already know, as values: where each warns and is critical."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where it warns and where it is critical: shares of the baseline, or of the whole.

    Raises ValueError unless 0 < warning < critical.
    """

    warning: float
    critical: float

    def __post_init__(self) -> None:
        if not 0 < self.warning < self.critical:
            raise ValueError(
                f"a threshold warns at {self.warning:g} and is critical at {self.critical:g}; "
                "it must be 0 < warning < critical"
            )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The static rules; by default those of the reference.

    hit_rate: share off the baseline, either way. response_time: share above the baseline's mean.
    error_rate: share of all operations.
    """

    hit_rate: Threshold = field(default_factory=lambda: Threshold(0.10, 0.20))
    response_time: Threshold = field(default_factory=lambda: Threshold(0.25, 0.50))
    error_rate: Threshold = field(default_factory=lambda: Threshold(0.01, 0.05))
