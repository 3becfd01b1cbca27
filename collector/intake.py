"""Between the buffer and the shipper: what is shipped event by event, and what is added up first.

Nothing is lost or counted twice when that changes: each drained event goes one way or the other,
and only then.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from operator import itemgetter
from random import Random

from collector.batch import LARGEST_BATCH
from collector.choice import Choice
from collector.columns import events_of
from collector.events import Event, Span
from collector.fold import Fold
from collector.folding import SPAN_NS, Rules, Sorted, sort_out
from collector.following import Following
from collector.recorder import Recorder
from collector.weights import SECOND_NS, Weight

MOST_WEIGHTS = 1_000
MOST_HEAPS = 2_000
LOOK_EVENTS = 2_000
LOOK_S = 1.0
MOST_HANDED = 10_000
RELIEF_EVENTS = 1_000
SURVEYED_EVENTS = 10_000
SURVEY_EVERY_NS = SECOND_NS // 2


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one batch is made of. last: nothing that waited at the flush's begin is left.

    operations: how many recorded ones it settles; samples are beside those. refused: of the
    operations that were added up, by reason.
    """

    events: list[Event] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    samples: list[Event] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    operations: int = 0
    last: bool = False


class Intake:
    """Takes over what one recorder holds. `relieve` is for recording threads; the rest is for the
    shipper's thread, or for whoever holds the shipper's lock."""

    def __init__(
        self,
        recorder: Recorder,
        choice: Choice,
        following: Following,
        *,
        node: str = "",
        clock_ns: Callable[[], int],
        seed: str = "",
    ) -> None:
        self._recorder = recorder
        self._choice = choice
        self._following = following
        self._node = node
        self._clock_ns = clock_ns
        self._random = Random(seed)
        self._kept: deque[Event] = deque()
        self._fold = Fold()
        self._handed: deque[Sorted] = deque()
        self._helping: deque[int] = deque()
        self._surveyed_ns = 0
        self._woken_every = 0

    # What waits --------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many recorded operations wait, in whatever form."""
        handed = sum(found.fold.n for found in list(self._handed))
        return self._undrained + len(self._kept) + self._fold.n + handed

    @property
    def active(self) -> bool:
        """Some are added up, so that somebody must look now and then."""
        return self._choice.active

    def pressing(self, batch_size: int) -> int:
        """How many rows wait to be shipped: those of a whole batch at least where sums pile up."""
        plain = len(self._kept) + (0 if self.active else self._recorder.waiting)
        if len(self._fold.heaps) >= MOST_HEAPS:
            return plain + batch_size
        return plain or min(self.waiting, 1)

    def attend(self, ring: Callable[[], object], batch_size: int) -> None:
        """Look at what has come, while any of it is added up; and be woken for more.

        By every batch that waits, or less often while operations are added up.
        """
        if self.active:
            self.look_at_all()
        every = max(batch_size, LOOK_EVENTS) if self.active else batch_size
        if every != self._woken_every:
            self._woken_every = every
            self._recorder.call(ring, every)

    def at_most(self, sleep_s: float) -> float:
        """How long the shipper may sleep."""
        return min(sleep_s, LOOK_S) if self.active else sleep_s

    @property
    def _undrained(self) -> int:
        return self._recorder.waiting + sum(list(self._helping))

    # The shipper's side ------------------------------------------------------------------------

    def look(self, most: int = LARGEST_BATCH) -> int:
        """Take up to so many events out of the buffer, sort them; how many there were."""
        self._choice.pass_on(self._clock_ns() // SPAN_NS)
        values = self._recorder.drain_values(most)
        for _ in range(len(self._handed)):
            self._take_over(self._handed.popleft())
        found = sort_out(values, self._rules())
        self._take_over(found)
        return found.fold.n + len(found.plain)

    def look_at_all(self) -> None:
        """What waits now, as long as there is room for the plain ones among them."""
        left = self._recorder.waiting
        while left > 0 and len(self._kept) < LARGEST_BATCH:
            left -= self.look() or left

    def parcels(self) -> Iterator[Parcel]:
        """Everything that waits at the first call; each parcel is no longer here afterwards."""
        left = self._undrained
        while left > 0:
            left -= self.look(min(left, LARGEST_BATCH)) or left
            if left > 0 and len(self._kept) >= LARGEST_BATCH:
                yield self._parcel(Fold())
        complete = not self._helping
        self.look(0)
        more = True
        while more:
            parcel = self._parcel(self._fold.split(MOST_WEIGHTS))
            more = bool(self._kept or self._fold.heaps)
            yield replace(parcel, last=complete and not more)

    def _parcel(self, fold: Fold) -> Parcel:
        take = self._kept.popleft
        events = [take() for _ in range(min(LARGEST_BATCH, len(self._kept)))]
        weights, samples = fold.weights(self._node), fold.samples()
        return Parcel(events, weights, samples, fold.refused, len(events) + fold.n)

    def _take_over(self, found: Sorted) -> None:
        self._choice.note(found.paces)
        self._kept.extend(self._following.explain(found.plain))
        self._fold.merge(found.fold, self._random)
        for event in found.fold.noted:
            told = self._following.explained(event)
            if told is not None:
                self._fold.tell(told, self._random)

    def _rules(self) -> Rules:
        chosen = self._choice.chosen
        span = Span.around(self._clock_ns())
        return Rules(chosen, self._choice.active, span, self._random, self._following.follows)

    # The recording threads' side ---------------------------------------------------------------

    def relieve(self) -> None:
        """The buffer is half full: add up some of what waits, so that nothing need be dropped.

        A thousand events take about a third of a millisecond. What is not to be added up goes back
        to where it was.
        """
        if not (self._choice.active or self._choice.may_choose) or self._overfull():
            return
        self._helping.append(RELIEF_EVENTS)
        values = self._recorder.drain_values(RELIEF_EVENTS, wait=False)
        try:
            found = sort_out(values, self._rules())
        except BaseException:  # what a signal's handler raises in the middle of this
            self._recorder.put_back(events_of(values))
            raise
        else:
            self._hand_over(found)
        finally:
            self._helping.pop()

    def _overfull(self) -> bool:
        """The shipper has not come by for so long that help would only move the bound."""
        handed = [found.fold for found in list(self._handed)]
        return sum(len(fold.heaps) + len(fold.noted) for fold in handed) > MOST_HANDED

    def _hand_over(self, found: Sorted) -> None:
        if found.plain:
            self._recorder.put_back(found.plain)
        if found.fold.n:
            taken = {(kind.cache_name, kind.implementation_type) for kind in found.fold.heaps}
            paces = Counter({at: n for at, n in found.paces.items() if at[0] in taken})
            self._handed.append(Sorted(fold=found.fold, paces=paces))
        elif found.plain:
            self._survey()

    def _survey(self) -> None:
        """Choose what fills the buffer faster than it may, without waiting for a whole span."""
        now = self._clock_ns()
        if abs(now - self._surveyed_ns) < SURVEY_EVERY_NS:
            return
        self._surveyed_ns = now
        events = self._recorder.latest(SURVEYED_EVENTS)
        span_s = max(events[-1][0] - events[0][0], 1) / 1e9
        for series, n in Counter(map(itemgetter(2, 3), events)).items():
            if n / span_s > self._choice.above_per_s:
                self._choice.choose(series, now // SPAN_NS)
