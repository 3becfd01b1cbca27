"""Sums made by columns are those made one by one, and each event goes one way only."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.choice import ALWAYS, SPAN_S, Choice
from collector.events import Event, Refused, Span, prepare
from collector.fold import MOST_EXAMPLES, Fold, Heap
from collector.folding import Rules, Sorted, sort_out
from collector.recorder import PARTS
from collector.weights import Aggregator, Kind
from tests.collector.made import NOW
from tests.collector.test_recorder import RUBBISH, Hostile

SECOND = 10**9
# Whole nanoseconds, as a clock gives them.
ELAPSED = st.integers(0, 10**7).map(lambda ns: ns / 1e6)

EVENTS = st.tuples(
    st.sampled_from([NOW, NOW + 1, NOW + SECOND, NOW + 7 * SECOND]),
    st.sampled_from(["hit", "hit", "miss", "set", "delete", "evict", "expire", "error"]),
    st.sampled_from(["pages", "carts"]),
    st.sampled_from(["legacy", "new"]),
    st.sampled_from(["a", "b", None]),
    st.none() | ELAPSED,
    st.none(),
    st.none() | st.integers(0, 1000),
    st.sampled_from([None, None, None, "Timeout"]),
    st.none(),
    st.none(),
    st.sampled_from([False] * 9 + [True]),
)
ODD = st.tuples(
    st.sampled_from([NOW, NOW, NOW - 9 * 86_400 * SECOND]) | RUBBISH,
    st.sampled_from(["hit", "miss", "nonsense"]) | RUBBISH,
    st.sampled_from(["pages", "carts", "", "p\0"]) | RUBBISH,
    st.sampled_from(["new", "no spaces"]) | RUBBISH,
    RUBBISH,
    st.sampled_from([1.0, 0, True, -1.0, float("nan"), float("inf"), 1e9, "1"]) | RUBBISH,
    RUBBISH,
    st.sampled_from([1, 1.0, True, -1, 2**41]) | RUBBISH,
    st.sampled_from([None, "E"]) | RUBBISH,
    RUBBISH,
    RUBBISH,
    st.sampled_from([False, False, True]) | RUBBISH,
)


def rules(chosen: Any = None, followed: Any = lambda key, cache_name: False) -> Rules:
    everything = Choice(ALWAYS, 1.0).chosen
    series = everything if chosen is None else chosen
    return Rules(series, bool(chosen is None or chosen), Span.around(NOW), Random(1), followed)


def sorted_out(events: list[Event], by: Rules) -> Sorted:
    return sort_out([value for event in events for value in event], by)


def twin(events: list[Event], chosen: Any = None) -> tuple[Any, Counter[str], list[Event]]:
    """The definition: one after the other, without what a sum does not hold."""
    total, refused, plain = Aggregator("host"), Counter[str](), []
    for event in events:
        if event[11] is not False or (chosen is not None and event[2:4] not in chosen):
            plain.append(event)
            continue
        failed = None if event[8] is None else ""
        bare = (*event[:4], None, event[5], None, event[7], failed, None, None, False)
        row = prepare(bare, Span.around(NOW), lambda key, cache_name: "")
        if isinstance(row, Refused):
            refused[row.reason] += 1
        else:
            total.add(row)
    return total.take(), refused, plain


@given(st.lists(EVENTS, max_size=60))
def test_sums_by_columns_are_those_of_the_slow_twin(events: list[Event]) -> None:
    """Counts, sums to the nanosecond, extremes, histograms, bytes; samples pass by."""
    found = sorted_out(events, rules())
    weights, refused, plain = twin(events)
    assert tuple(found.fold.split(10**6).weights("host")) == weights
    assert found.fold.refused == refused == Counter()
    assert Counter(found.plain) == Counter(plain)


@given(st.lists(EVENTS, max_size=40), st.sets(st.tuples(st.just("pages"), st.just("new"))))
def test_only_the_chosen_series_are_added_up(
    events: list[Event], chosen: set[tuple[str, str]]
) -> None:
    """The others come out as they went in, in each series' order."""
    found = sorted_out(events, rules(frozenset(chosen)))
    weights, _, plain = twin(events, chosen)
    assert found.fold.n + len(found.plain) == len(events)
    assert tuple(found.fold.split(10**6).weights("host")) == weights
    for kind in {event[1:4] for event in plain}:
        ordered = [event for event in found.plain if event[1:4] == kind]
        assert ordered == [event for event in plain if event[1:4] == kind]


@given(st.lists(ODD | EVENTS, max_size=30))
def test_rubbish_is_refused_for_the_same_reasons_and_never_raises(events: list[Event]) -> None:
    """What breaks a rule is counted by its reason; nothing is lost, nothing is twice."""
    found = sorted_out(events, rules())
    assert len(found.plain) + found.fold.n == len(events)
    counted = sum(heap.total.n for heap in found.fold.heaps.values())
    assert counted + found.fold.refused.total() == found.fold.n
    if all(type(event[11]) is bool for event in events):
        weights, refused, _ = twin(events)
        assert sum(weight.n for weight in weights) == counted
        assert sum(sum(weight.counts) for weight in weights) == sum(
            heap.total.histogram.n for heap in found.fold.heaps.values()
        )
        assert refused.total() == found.fold.refused.total()


@pytest.mark.parametrize("place", range(PARTS - 1))
def test_hostile_objects_in_any_place(place: int) -> None:
    """An object that raises at every touch is refused or ignored, and the others are counted."""
    good: Event = (NOW, "hit", "pages", "new", "k", 1.0, None, 5, None, None, None, False)
    bad = (*good[:place], Hostile(), *good[place + 1 :])
    found = sorted_out([good, bad, good], rules())  # type: ignore[list-item]
    assert found.fold.n + len(found.plain) == 3
    assert found.fold.heaps[Kind("pages", "new", NOW // SECOND, "hit", False)].total.n >= 2


def test_paces_count_every_event_by_series_and_span() -> None:
    """Whatever becomes of them."""
    event: Event = (0, "hit", "pages", "new", "k", 1.0, None, None, None, None, None, False)
    whens = [n * SPAN_S * SECOND // 2 for n in range(5)]
    found = sorted_out([(when, *event[1:]) for when in whens], rules(frozenset()))
    assert found.paces == {(("pages", "new"), 0): 2, (("pages", "new"), 1): 2} | {
        (("pages", "new"), 2): 1
    }
    assert (len(found.plain), found.fold.n) == (5, 0)


def test_followed_keys_are_noted_unless_they_are_hits() -> None:
    """A hit says nothing of why a key is missing, and there are too many of them."""
    events: list[Event] = [
        (NOW, kind, "pages", "new", key, 1.0, None, None, None, None, None, False)
        for kind in ("hit", "miss", "set")
        for key in ("followed", "other")
    ]
    found = sorted_out(events, rules(followed=lambda key, cache_name: key == "followed"))
    assert [(event[1], event[4]) for event in found.fold.noted] == [
        ("miss", "followed"),
        ("set", "followed"),
    ]


def test_examples_say_how_many_they_stand_for() -> None:
    """1,000 hits and 2 misses: five hits for 200 each, both misses for themselves."""
    events: list[Event] = [
        (NOW, kind, "pages", "new", "k", 1.0, None, None, None, None, None, False)
        for kind in ["hit"] * 1000 + ["miss"] * 2
    ]
    said: dict[str, Any] = {"near": 7}
    events.append((NOW, "set", "pages", "new", "k", 1.0, None, None, None, None, said, False))
    samples = sorted_out(events, rules()).fold.samples()
    assert Counter(event[1] for event in samples) == {"hit": 5, "miss": 2, "set": 1}
    assert [event[10] for event in samples if event[1] == "hit"] == [{"sample_of": 200.0}] * 5
    assert [event[10] for event in samples if event[1] == "miss"] == [{"sample_of": 1.0}] * 2
    assert [event[10] for event in samples if event[1] == "set"] == [{"near": 7, "sample_of": 1.0}]
    assert said == {"near": 7}
    assert all(event[11] is True for event in samples)


def test_every_operation_has_the_same_chance_to_be_an_example() -> None:
    """Drawn from portions of 1, 10, 100 and 889: each thousandth is hit as often as others."""
    random, drawn = Random(7), Counter[int]()
    rounds = 2_000
    for _ in range(rounds):
        heap, before = Heap(), 0
        for n in (1, 10, 100, 889):
            places = random.sample(range(before, before + n), min(n, MOST_EXAMPLES))
            heap.draw([_event(place) for place in places], before, n, random)
            before += n
        drawn.update(event[4] for event in heap.examples)
    assert sum(drawn.values()) == rounds * MOST_EXAMPLES
    share = [sum(drawn[k] for k in part) for part in (range(111), range(111, 1000))]
    expected = rounds * MOST_EXAMPLES * 0.111
    # five standard deviations of a binomial count
    assert abs(share[0] - expected) < 5 * (expected * 0.889) ** 0.5


@given(st.lists(st.lists(EVENTS, max_size=20), max_size=5))
def test_folds_merge_to_the_fold_of_all(parts: list[list[Event]]) -> None:
    """However the events were handed over."""
    whole = Fold()
    for part in parts:
        whole.merge(sorted_out(part, rules()).fold, Random(1))
    n = whole.n
    weights, _, plain = twin([event for part in parts for event in part])
    assert n == sum(map(len, parts)) - len(plain)
    halves = [whole.split(3), whole.split(10**6)]
    assert [weight for half in halves for weight in half.weights("host")] == list(weights)
    assert (sum(half.n for half in halves), whole.n) == (n, 0)


def _event(number: int) -> Event:
    return (NOW, "hit", "pages", "new", number, 1.0, None, None, None, None, None, False)
