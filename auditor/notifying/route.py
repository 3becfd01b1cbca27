"""A route: which problems are told to some addresses, what of them, and when not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from auditor.notifying.quiet import Quiet

Kind = Literal["opened", "escalated", "reopened", "resolved", "acknowledged"]
"""What is told of a problem."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
TOLD: Final[tuple[Kind, ...]] = ("opened", "escalated", "reopened", "resolved")
"""Unless the route says otherwise."""
SEVERITIES: Final = ("info", "warning", "critical")
CATEGORIES: Final = ("performance", "reliability", "capacity", "anomaly")
NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class NotifyInvalid(ValueError):
    """A route that cannot be; the text names every fault of it, and no address."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Route:
    """severity: the least that is told. caches: patterns with * and ?, one of which a cache's name
    has to match; categories: those that are told; empty: all. on: what of a problem is told.
    quiet: None for none. Raises NotifyInvalid with every fault."""

    name: str
    severity: str = "warning"
    caches: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    on: tuple[str, ...] = TOLD
    quiet: Quiet | None = None

    def __post_init__(self) -> None:
        faults = [
            f"{key} = {one!r}: must be one of {', '.join(allowed)}"
            for key, given, allowed in (
                ("severity", (self.severity,), SEVERITIES),
                ("categories", self.categories, CATEGORIES),
                ("on", self.on, KINDS),
            )
            for one in given
            if one not in allowed
        ]
        if not NAME.fullmatch(self.name):
            faults.insert(0, f"name = {self.name!r}: must be 1 to 64 of A-Z a-z 0-9 _ . : -")
        if not self.on:
            faults.append("on: names nothing, so nothing would be told")
        if "" in self.caches:
            faults.append("caches: leave it out for all of them")
        if faults:
            raise NotifyInvalid(*faults)

    def is_about(self, cache_name: str, category: str) -> bool:
        """Whether a problem of that cache and category is any of its business."""
        return (
            not self.caches or any(fnmatchcase(cache_name, pattern) for pattern in self.caches)
        ) and (not self.categories or category in self.categories)

    def is_grave_enough(self, severity: str) -> bool:
        """Whether so severe a problem is told."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.severity)
