"""What a known cause looks like, and how well a problem's symptoms fit it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp, inf, isnan, log

from auditor.causes.symptoms import Symptoms

SOFTNESS = 0.1
"""About a tenth to either side of a bound a clue is neither here nor there."""
FLOOR = 0.003
"""Shares and factors below this are alike: none."""
AS_USUAL = 0.1
NEXT_TO_NOTHING = 0.02


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing to look at: it fits when the symptom lies within [at_least, at_most].

    says: the words before the figure. weight: what it says for the cause when it fits; against:
    what it says against it when it does not (as much, when not given). That something is there
    says more for a cause than that something else is missing, so the latter weighs little and
    contradicts much. share: whether the figure is a share rather than a factor. others: whether it
    is read from the other implementations of the cache.
    """

    says: str
    read: Callable[[Symptoms], float]
    at_least: float = -inf
    at_most: float = inf
    weight: float = 1.0
    against: float | None = None
    share: bool = False
    others: bool = False

    def found(self, symptoms: Symptoms) -> float:
        """NaN when it was not measured."""
        read_from = symptoms.others if self.others else symptoms
        return float("nan") if read_from is None else self.read(read_from)

    def fits(self, symptoms: Symptoms) -> bool | None:
        """None when it was not measured."""
        found = self.found(symptoms)
        return None if isnan(found) else self.at_least <= found <= self.at_most

    def evidence(self, symptoms: Symptoms) -> float:
        """From -against to +weight; 0 when it was not measured."""
        found = self.found(symptoms)
        if isnan(found):
            return 0.0
        inside = min(_above(found, self.at_least), _above(self.at_most, found))
        grade = 1 / (1 + exp(-max(min(inside / SOFTNESS, 50.0), -50.0)))
        against = self.weight if self.against is None else self.against
        return self.weight * grade - against * (1 - grade)

    def words(self, symptoms: Symptoms) -> str:
        """What was found, e.g. 'load time 4.1 times the usual'."""
        found = self.found(symptoms)
        says = f"{self.says} of the other implementations" if self.others else self.says
        if isnan(found):
            return says
        if self.share:
            return f"{says} {100 * found:.1f} %"
        if found < NEXT_TO_NOTHING:
            return f"{says} next to none"
        if abs(found - 1) <= AS_USUAL:
            return f"{says} as usual"
        return f"{says} {found:.2g} times the usual"


@dataclass(frozen=True, slots=True)
class Claim:
    """A cause that may be behind the problem. weight: 0..1, its share of all that may be."""

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

    def evidence(self, symptoms: Symptoms) -> float | None:
        """Sum over the clues, in logarithms of odds; None when what it requires is not there."""
        if not all(clue.fits(symptoms) for clue in self.required):
            return None
        return float(sum(clue.evidence(symptoms) for clue in (*self.required, *self.clues)))

    def claim(self, symptoms: Symptoms, weight: float) -> Claim:
        """The claim in words, with the weight it was given among the others."""
        fitting = [(clue, clue.fits(symptoms)) for clue in (*self.required, *self.clues)]
        return Claim(
            name=self.name,
            title=self.title,
            weight=weight,
            for_=_once(clue.words(symptoms) for clue, fits in fitting if fits),
            against=_once(clue.words(symptoms) for clue, fits in fitting if fits is False),
            not_measured=_once(clue.words(symptoms) for clue, fits in fitting if fits is None),
            recommendation=self.recommendation,
        )


def _above(found: float, bound: float) -> float:
    """How far found lies above bound, as a natural logarithm; below it is negative."""
    if bound == -inf or found == inf:
        return inf
    if bound == inf:
        return inf
    return log(max(found, FLOOR) / max(bound, FLOOR))


def _once(words: Iterable[str]) -> tuple[str, ...]:
    """Each said once, in order; clues that weigh differently may say the same."""
    return tuple(dict.fromkeys(each.rstrip(", ") for each in words))
