"""What a known cause looks like, and how well a problem's symptoms fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from auditor.causes.symptoms import Symptoms

UNMEASURED = 0.5
"""A clue that was not measured counts half: neither for nor against."""
AS_USUAL = 0.1
NEXT_TO_NOTHING = 0.02


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing to look at: it fits when the symptom lies within [at_least, at_most].

    says: the words before the figure. share: whether the figure is a share rather than a factor.
    """

    says: str
    read: Callable[[Symptoms], float]
    at_least: float = float("-inf")
    at_most: float = float("inf")
    weight: float = 1.0
    share: bool = False

    def fits(self, symptoms: Symptoms) -> bool | None:
        """None when it was not measured."""
        found = self.read(symptoms)
        return None if isnan(found) else self.at_least <= found <= self.at_most

    def words(self, symptoms: Symptoms) -> str:
        """What was found, e.g. 'load time 4.1 times the usual'."""
        found = self.read(symptoms)
        if isnan(found):
            return self.says
        if self.share:
            return f"{self.says} {100 * found:.1f} %"
        if found < NEXT_TO_NOTHING:
            return f"{self.says} next to none"
        if abs(found - 1) <= AS_USUAL:
            return f"{self.says} as usual"
        return f"{self.says} {found:.2g} times the usual"


@dataclass(frozen=True, slots=True)
class Claim:
    """A cause that may be behind the problem. weight: 0..1, how well it fits."""

    name: str
    title: str
    weight: float
    for_: tuple[str, ...]
    against: tuple[str, ...]
    not_measured: tuple[str, ...]
    recommendation: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A known cause.

    catalogue: its place in the catalogue of signatures, or ''. required: clues without which it is
    not claimed at all, not even when they were not measured. clues: those that weigh.
    """

    name: str
    title: str
    catalogue: str
    required: tuple[Clue, ...]
    clues: tuple[Clue, ...]
    recommendation: str

    def weigh(self, symptoms: Symptoms) -> Claim | None:
        """The claim, or None when what it requires is not there."""
        if not all(clue.fits(symptoms) for clue in self.required):
            return None
        every = (*self.required, *self.clues)
        verdicts = [(clue, clue.fits(symptoms)) for clue in every]
        worth = {True: 1.0, False: 0.0, None: UNMEASURED}
        total = sum(clue.weight for clue in every)
        return Claim(
            name=self.name,
            title=self.title,
            weight=sum(clue.weight * worth[fits] for clue, fits in verdicts) / total,
            for_=tuple(clue.words(symptoms) for clue, fits in verdicts if fits),
            against=tuple(clue.words(symptoms) for clue, fits in verdicts if fits is False),
            not_measured=tuple(clue.says for clue, fits in verdicts if fits is None),
            recommendation=self.recommendation,
        )
