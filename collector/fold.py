"""Operations added up in the process, with a few of them kept as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from collector.events import Event
from collector.weights import SECOND_NS, Kind, Sum, Weight

MOST_EXAMPLES = 5


@dataclass(slots=True)
class Heap:
    """The operations of one kind. examples: at most MOST_EXAMPLES of them, drawn evenly."""

    total: Sum = field(default_factory=Sum)
    examples: list[Event] = field(default_factory=list)

    def draw(self, candidates: Sequence[Event], before: int, n: int, random: Random) -> None:
        """Examples of `before` operations so far and of n more, of which candidates were drawn.

        Each place goes to the newcomers with probability n / (before + n), so that every operation
        has the same chance to be an example (reservoir sampling of merged streams).
        """
        fresh = list(candidates)
        random.shuffle(fresh)
        for place, _ in enumerate(self.examples):
            if fresh and random.random() * (before + n) < n:
                self.examples[place] = fresh.pop()
        while fresh and len(self.examples) < MOST_EXAMPLES:
            self.examples.append(fresh.pop())


@dataclass(slots=True)
class Fold:
    """What many events came to. n: all of them, those that broke a rule (refused) among them.

    noted: events whose keys the ghost table follows, as they came. told: of those, the misses that
    could be explained, as examples of their own; they are counted in heaps, too.
    """

    n: int = 0
    heaps: dict[Kind, Heap] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    noted: list[Event] = field(default_factory=list)
    told: dict[Kind, Heap] = field(default_factory=dict)

    def heap(self, kind: Kind) -> Heap:
        """That of a kind, made if there is none."""
        heap = self.heaps.get(kind)
        if heap is None:
            heap = self.heaps[kind] = Heap()
        return heap

    def merge(self, other: Fold, random: Random) -> None:
        """Everything that the other holds, as well; `noted` is left to who follows keys."""
        self.n += other.n
        self.refused.update(other.refused)
        for kind, theirs in other.heaps.items():
            ours = self.heap(kind)
            ours.draw(theirs.examples, ours.total.n, theirs.total.n, random)
            ours.total.merge(theirs.total)

    def tell(self, event: Event, random: Random) -> None:
        """An explained miss of what was noted."""
        kind = Kind(event[2], event[3], event[0] // SECOND_NS, event[1], event[8] is not None)
        heap = self.told.setdefault(kind, Heap())
        heap.draw([event], heap.total.n, 1, random)
        heap.total.n += 1

    def split(self, most: int) -> Fold:
        """The first so many kinds, with all refusals, as a fold of their own; taken out of this."""
        part = Fold(refused=self.refused)
        self.refused = Counter()
        for kind in sorted(self.heaps)[:most]:
            part.heaps[kind] = self.heaps.pop(kind)
            if kind in self.told:
                part.told[kind] = self.told.pop(kind)
        part.n = part.refused.total() + sum(heap.total.n for heap in part.heaps.values())
        self.n -= part.n
        return part

    def weights(self, node: str) -> list[Weight]:
        """One of each kind."""
        return [heap.total.weight(kind, node) for kind, heap in self.heaps.items()]

    def samples(self) -> list[Event]:
        """A few of each kind, each with how many operations it stands for."""
        heaps = [*self.heaps.values(), *self.told.values()]
        return [event for heap in heaps for event in _samples(heap)]


def _samples(heap: Heap) -> list[Event]:
    if not heap.examples:
        return []
    also: dict[str, object] = {"sample_of": round(heap.total.n / len(heap.examples), 3)}
    return [_sample(event, also) for event in heap.examples]


def _sample(event: Event, also: dict[str, object]) -> Event:
    *values, metadata, _ = event
    said = {**metadata, **also} if isinstance(metadata, dict) else also
    return (*values, said, True)
