"""What the demo tells, step by step, and whether each step truly happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.listening.changes import LoggedChange

BREAK_SAYS = (
    "deploy 1.8.2 of `new` goes out: it puts the visitor's session into the cache key, "
    "so that hardly anything is found again"
)
MEND_SAYS = "deploy 1.8.3 of `new` goes out: the session is no longer in the key"

STEPS = (
    "history recorded",
    "baselines learned",
    "nothing open before the incident",
    "observation opened and heard by NOTIFY",
    "severity, expected and actual, and cause told",
    "observation acknowledged",
    "recovery heard as resolved",
)


@dataclass(slots=True)
class Story:
    """The steps that happened. say: how the demo speaks."""

    say: Callable[[str], None]
    happened: set[str] = field(default_factory=set)

    def done(self, step: str) -> None:
        """A step has happened. Raises ValueError for one that is not in the story."""
        if step not in STEPS:
            raise ValueError(f"the story has no step {step!r}")
        self.happened.add(step)

    @property
    def missing(self) -> list[str]:
        """Steps that have not happened, in their order."""
        return [step for step in STEPS if step not in self.happened]

    def hear(self, change: LoggedChange) -> None:
        """Takes note of what a change proves; only what is said of `new` belongs to the story."""
        row = change.observation
        if row["implementation_type"] != "new":
            return
        if change.kind in ("opened", "reopened"):
            self.done("observation opened and heard by NOTIFY")
            told = (row["severity"], row["metric_value"], row["baseline_value"], row["cause"])
            if all(part is not None for part in told):
                self.done("severity, expected and actual, and cause told")
        elif change.kind == "escalated" and row["cause"] is not None:
            self.done("severity, expected and actual, and cause told")
        elif change.kind == "acknowledged":
            self.done("observation acknowledged")
        elif change.kind == "resolved":
            self.done("recovery heard as resolved")
