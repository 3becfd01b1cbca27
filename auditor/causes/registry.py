"""Finds every signature in this folder and ranks what they claim."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

import auditor.causes
from auditor.causes.signature import Claim, Signature
from auditor.causes.symptoms import Symptoms

LEAST_WEIGHT = 0.6
"""Below this fit a cause is not named: 'unknown' is an honest answer."""
MOST_NAMED = 3


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

    Of equal fits the one with more clues for it comes first: it says more.
    """
    claims = [claim for each in signatures() if (claim := each.weigh(symptoms)) is not None]
    likely = [claim for claim in claims if claim.weight >= LEAST_WEIGHT]
    likely.sort(key=lambda claim: (-round(claim.weight, 3), -len(claim.for_), claim.name))
    return tuple(likely[:MOST_NAMED])
