"""The watch over any cache: outcomes, latencies, and exceptions that pass through."""

import asyncio
from typing import Any

import pytest

from collector import watch
from collector.instrument import Watch
from tests.collector.test_cachetools import Seen


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def pages(seen: Seen) -> Watch:
    return watch("pages", "new", collector=seen.collector)


def test_a_hit_and_a_miss(seen: Seen, pages: Watch) -> None:
    """What the block says it was; what it says of it goes to metadata."""
    with pages.get("a") as lookup:
        lookup.hit(value_bytes=9, similarity=0.93)
    with pages.get("b") as lookup:
        lookup.miss(tier="local")
    hit, miss = seen.events()
    assert hit[1:5] == ("hit", "pages", "new", "a")
    assert (hit[7], hit[10]) == (9, {"similarity": 0.93})
    assert miss[1:5] == ("miss", "pages", "new", "b")
    assert miss[10]["tier"] == "local"


def test_a_miss_lasts_until_its_load_is_done(
    seen: Seen, pages: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hit ends with its outcome, a miss with the block; the lookup alone is kept beside it."""
    ticks = iter([0, 2_000_000, 30_000_000, 0, 2_000_000, 30_000_000])
    monkeypatch.setattr("collector.instrument.perf_counter_ns", lambda: next(ticks))
    with pages.get("a") as lookup:
        lookup.hit()
    with pages.get("b") as lookup:
        lookup.miss()
    hit, miss = seen.events()
    assert (hit[5], miss[5], miss[10]) == (2.0, 30.0, {"lookup_ms": 2.0})


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("", ("error", "OSError", "gone")), ("miss", ("miss", "OSError", "gone")),
     ("hit", ("hit", None, None))],
)  # fmt: skip
def test_exceptions_pass_through_and_are_recorded(
    seen: Seen, pages: Watch, outcome: str, expected: tuple[str, str | None, str | None]
) -> None:
    """Before an outcome: an error. After a miss: its load failed. After a hit: not the cache's."""
    fault = OSError("gone")

    def look_up() -> None:
        with pages.get("a") as lookup:
            if outcome:
                getattr(lookup, outcome)()
            raise fault

    with pytest.raises(OSError, match="gone") as caught:
        look_up()
    assert caught.value is fault
    (event,) = seen.events()
    assert (event[1], event[8], event[9]) == expected


def test_no_outcome_is_no_event(seen: Seen, pages: Watch) -> None:
    """Nothing is made up."""
    with pages.get("a"):
        pass
    assert seen.events() == []


def test_sets_deletes_and_removals(seen: Seen, pages: Watch) -> None:
    """Failed ones carry the error."""
    with pages.set("a", value_bytes=3):
        pass
    with pytest.raises(TimeoutError), pages.set("b"):
        raise TimeoutError
    with pages.delete("a"):
        pass
    pages.evicted("c")
    pages.expired("d", value_bytes=4)
    assert [(e[1], e[4], e[7], e[8]) for e in seen.events()] == [
        ("set", "a", 3, None), ("set", "b", None, "TimeoutError"), ("delete", "a", None, None),
        ("evict", "c", None, None), ("expire", "d", 4, None),
    ]  # fmt: skip


def test_a_decorated_lookup(seen: Seen, pages: Watch) -> None:
    """By default: the first argument is the key, and None is a miss."""
    stored = {"a": 1}

    @pages.lookup()
    def find(key: str) -> int | None:
        """Find it."""
        return stored.get(key)

    assert (find("a"), find("b"), find.__name__, find.__doc__) == (1, None, "find", "Find it.")
    assert seen.kinds() == [("hit", "a"), ("miss", "b")]


def test_a_semantic_cache(seen: Seen, pages: Watch) -> None:
    """A hit is a similarity above a bound; the similarity is kept."""

    @pages.lookup(
        key=lambda question, **rest: question.lower(),
        hit=lambda found: found[0] > 0.9,
        metadata=lambda found: {"similarity": found[0]},
    )
    def nearest(question: str, *, top: int = 1) -> tuple[float, str]:
        return (0.95, "answer") if "cache" in question else (0.2, "")

    nearest("What is a CACHE? cache", top=3)
    nearest("Why?")
    events = seen.events()
    assert [(e[1], e[4], e[10]["similarity"]) for e in events] == [
        ("hit", "what is a cache? cache", 0.95),
        ("miss", "why?", 0.2),
    ]


def test_an_async_lookup(seen: Seen, pages: Watch) -> None:
    """Awaited inside; its exceptions, a cancellation among them, pass through."""

    @pages.lookup()
    async def find(key: str) -> int | None:
        await asyncio.sleep(0)
        if key == "broken":
            raise ConnectionError("no answer")
        if key == "slow":
            await asyncio.Event().wait()
        return 1 if key == "a" else None

    async def main() -> None:
        assert await find("a") == 1
        assert await find("b") is None
        with pytest.raises(ConnectionError):
            await find("broken")
        slow = asyncio.ensure_future(find("slow"))
        await asyncio.sleep(0.001)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    asyncio.run(main())
    assert [(e[1], e[8]) for e in seen.events()] == [
        ("hit", None), ("miss", None), ("error", "ConnectionError"), ("error", "CancelledError"),
    ]  # fmt: skip


def test_the_users_callbacks_never_raise_into_the_caller(seen: Seen, pages: Watch) -> None:
    """A broken key, hit or metadata function costs what it would have said, no more."""

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("broken")

    @pages.lookup(key=broken, hit=broken, metadata=broken)
    def find(key: str) -> int:
        return 1

    assert find("a") == 1
    assert seen.kinds() == [("miss", None)]


class NoTruth:
    def __bool__(self) -> bool:
        raise ValueError("the truth of an array is ambiguous")


@pytest.mark.parametrize("metadata", [{1: 2}, {"self": 2}, {"value_bytes": 3}])
def test_odd_metadata_never_costs_the_caller_its_value(
    seen: Seen, pages: Watch, metadata: dict[Any, Any]
) -> None:
    """Names that are no argument's name are metadata all the same, or left out."""
    found = pages.lookup(metadata=lambda _found: metadata)(lambda key: f"page of {key}")
    assert found("a") == "page of a"
    assert [event[1] for event in seen.events()] == ["hit"]


def test_an_outcome_without_a_truth_never_costs_the_caller_its_value(
    seen: Seen, pages: Watch
) -> None:
    found = pages.lookup(hit=lambda _found: NoTruth())(lambda key: f"page of {key}")
    assert found("a") == "page of a"
    assert [event[1] for event in seen.events()] == ["miss"]


class Finder:
    """Its own object is no key; see `decorate`."""

    kind = "finder"


def decorate(pages: Watch) -> type[Any]:
    """A class whose methods look up."""

    class Decorated(Finder):
        @pages.lookup()
        def find(self, key: str) -> str:
            return f"{self.kind} {key}"

        @pages.lookup()
        async def find_later(self, key: str) -> str:
            return f"{self.kind} {key}"

        @classmethod
        @pages.lookup()
        def find_of_all(cls, key: str) -> str:
            return f"{cls.kind} {key}"

        @staticmethod
        @pages.lookup()
        def find_alone(key: str) -> str:
            return key

        @pages.lookup(key=lambda finder, key: f"{finder.kind}/{key}")
        def find_by_both(self, key: str) -> str:
            return f"{self.kind} {key}"

    return Decorated


def test_a_methods_own_object_is_no_key(seen: Seen, pages: Watch) -> None:
    """The key is what comes after it; a key= function gets all arguments."""
    kind = decorate(pages)
    finder = kind()
    assert (finder.find("a"), kind.find(finder, "b")) == ("finder a", "finder b")
    assert finder.find(key="b") == "finder b"
    assert asyncio.run(finder.find_later("c")) == "finder c"
    assert kind.find_of_all("d") == "finder d"
    assert (finder.find_alone("e"), kind.find_alone("f")) == ("e", "f")
    assert finder.find_by_both("g") == "finder g"
    assert [key for _, key in seen.kinds()] == ["a", "b", "b", "c", "d", "e", "f", "finder/g"]


def test_a_plain_function_may_call_its_key_what_it_likes(seen: Seen, pages: Watch) -> None:
    """Only in a class is `self` the object."""

    @pages.lookup()
    def find(self: str, other: str = "") -> str:
        return self

    assert find("a", "b") == "a"
    assert seen.kinds() == [("hit", "a")]
