"""Finds every signature in this folder and ranks what they claim."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from math import exp

import auditor.causes
from auditor.causes.signature import Claim, Signature
from auditor.causes.symptoms import Symptoms

UNKNOWN_EVIDENCE = 1.5
"""What 'none of these' weighs among them: a cause with less evidence than this is not named."""
MOST_NAMED = 3
ENOUGH = ((0, 0.8), (4, 0.5), (10, 0.0))
"""From so many minutes of a problem on, the weight at which the first cause is named."""


@lru_cache(maxsize=1)
def signatures() -> tuple[Signature, ...]:
    """All signatures, by name: a new one is a new file that defines SIGNATURE."""
    found: list[Signature] = []
    for module in pkgutil.iter_modules(auditor.causes.__path__):
        loaded = importlib.import_module(f"auditor.causes.{module.name}")
        signature: Signature | None = getattr(loaded, "SIGNATURE", None)
        if signature is not None:
            found.append(signature)
    return tuple(sorted(found, key=lambda signature: signature.name))


def causes(symptoms: Symptoms) -> tuple[Claim, ...]:
    """The likeliest causes, best first, at most MOST_NAMED; empty = unknown.

    Each one's weight is its share among all claims and 'none of these' (a softmax of evidence).
    """
    evidence = {
        each.name: (found, each)
        for each in signatures()
        if (found := each.evidence(symptoms)) is not None
    }
    ranked = sorted(evidence.values(), key=lambda one: (-round(one[0], 6), one[1].name))
    total = exp(UNKNOWN_EVIDENCE) + sum(exp(found) for found, _ in ranked)
    likely = [(found, each) for found, each in ranked if found >= UNKNOWN_EVIDENCE]
    return tuple(each.claim(symptoms, exp(found) / total) for found, each in likely[:MOST_NAMED])


def decisive(claims: tuple[Claim, ...], minutes: int) -> bool:
    """Whether to name them now: at once when the first is sure, later when it is likely.

    minutes: length of the problem so far.
    """
    enough = min(weight for since, weight in ENOUGH if minutes >= since)
    return bool(claims) and claims[0].weight >= enough
