"""Whether an observation as it is told agrees with the windows that are kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.explaining.kept import Kept


@dataclass(frozen=True, slots=True)
class Reached:
    """The most surprise of an observation: as the fold has it, and as its row tells, if it is over.

    None: not known.
    """

    peak: float | None
    told: float | None


def doubts_about(kept: Sequence[Kept], reached: Reached) -> list[str]:
    """Where the observation says another peak than the windows that are kept of it."""
    known = [float(each.found["surprise"]) for each in kept if each.found["surprise"] is not None]
    if not known or reached.peak is None:
        return []
    peak, found = max(known), []
    if reached.peak != peak:
        found.append(
            f"the observation's own state has a peak surprise of {reached.peak}, the windows that "
            f"are kept of it {peak}"
        )
    if reached.told is not None and reached.told != reached.peak:
        found.append(
            f"the observation's row tells a peak surprise of {reached.told}, its own state "
            f"{reached.peak}"
        )
    return found
