"""How two implementations are compared: what a user may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """wrong_verdicts: the chance that "better" or "worse" is ever said of two that are alike.

    margins: by measure, in its unit; those not given are the defaults.
    warm_up_minutes: left out after an implementation's first window; None: as long as its misses
    are still falling.
    time_zone: whose hours of the day (IANA name). pairs: how many pairs without a difference the
    A/A check makes, 0 for none; seed: of their draws.
    """

    wrong_verdicts: float = 0.05
    margins: Mapping[str, float] = field(default_factory=dict)
    warm_up_minutes: int | None = None
    time_zone: str = "UTC"
    pairs: int = 200
    seed: int = 7

    def __post_init__(self) -> None:
        if not 0.0 < self.wrong_verdicts < 1.0:
            raise ValueError(f"wrong_verdicts is {self.wrong_verdicts}; it is a chance, 0 to 1")
