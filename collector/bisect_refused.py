"""Finding the items that a server refuses, by trying halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def find_refused(
    items: Sequence[Item], attempt: Callable[[Sequence[Item]], str | None]
) -> list[tuple[Item, str]]:
    """The items that make `attempt` fail, each with its reason, in order.

    attempt(part) gives None when the part is accepted, else the reason. With r bad items of n it is
    called at most about 2 r log2(n) times. What only fails together is put down to its last half.
    """
    if not items:
        return []
    reason = attempt(items)
    if reason is None:
        return []
    if len(items) == 1:
        return [(items[0], reason)]
    middle = len(items) // 2
    return find_refused(items[:middle], attempt) + find_refused(items[middle:], attempt)
