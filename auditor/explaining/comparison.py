"""Two judgements on the same window: what is stored, and what judging again says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any, Literal

CLOSE = 1e-9
"""How far two figures may be apart, as a share or as such, under other library versions."""

Agreement = Literal["equal", "close", "different"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure or word that is not the same. where: its path, such as 'cost.misses'."""

    where: str
    stored: object
    again: object

    @property
    def close(self) -> bool:
        """Whether both are figures, and next to equal."""
        return (
            isinstance(self.stored, int | float)
            and isinstance(self.again, int | float)
            and isclose(self.stored, self.again, rel_tol=CLOSE, abs_tol=CLOSE)
        )


def differences(stored: Mapping[str, Any], again: Mapping[str, Any]) -> list[Difference]:
    """All that is not equal to the bit, by path; what one of them lacks is None there.

    Lists of named things are compared by name, so that their order does not matter.
    """
    one, other = dict(_leaves("", stored)), dict(_leaves("", again))
    return [
        Difference(where, one.get(where), other.get(where))
        for where in sorted({*one, *other})
        if one.get(where) != other.get(where)
    ]


def agreement(found: Iterable[Difference]) -> Agreement:
    """How well they agree in all."""
    every = list(found)
    if not every:
        return "equal"
    return "close" if all(each.close for each in every) else "different"


def _leaves(where: str, found: Any) -> Iterator[tuple[str, object]]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _leaves(f"{where}.{name}" if where else str(name), inner)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for place, inner in enumerate(found):
            yield from _leaves(f"{where}.{_name(inner, place)}", inner)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        # the database writes a large whole number without a point
        yield where, float(found)
    else:
        yield where, found


def _name(found: Any, place: int) -> object:
    if isinstance(found, Mapping):
        return found.get("channel") or found.get("name") or place
    return place
