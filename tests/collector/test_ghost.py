"""Why a key is missing is told from how it left, for a sample of keys and within a bound."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events import Event
from collector.following import Following
from collector.ghost import ONE_KEY_IN, Ghost, is_followed
from collector.keys import KeyEncoder, encode_builtin

SECOND = 10**9
KEYS = [key for key in (b"%d" % n for n in range(200)) if is_followed(key)][:6]


def event(
    operation: str,
    key: Any = KEYS[0],
    at_s: float = 0.0,
    cache: str = "pages",
    metadata: Any = None,
    error: str | None = None,
) -> Event:
    when = int(at_s * SECOND)
    return (when, operation, cache, "new", key, None, None, None, error, None, metadata, False)


def following(ghost: Ghost | None = None) -> Following:
    return Following(KeyEncoder(None, {"tuples": encode_builtin}), ghost)


def told(*events: Event) -> dict[str, Any] | None:
    """What the last event's metadata is after all of them."""
    memory = following()
    for one in events[:-1]:
        memory.explained(one)
    found = memory.explained(events[-1])
    return None if found is None else found[10]


@pytest.mark.parametrize(
    ("before", "cause", "gone_s"),
    [
        ([], "first_seen", None),
        ([event("miss")], "first_seen", None),
        ([event("set"), event("evict", at_s=4)], "evicted", 6.0),
        ([event("set"), event("expire", at_s=4)], "expired", 6.0),
        ([event("set"), event("delete", at_s=4)], "invalidated", 6.0),
        ([event("delete", at_s=4, error="Timeout")], "first_seen", None),
        ([event("evict", at_s=4), event("set", at_s=5)], "unseen", None),
        ([event("evict", at_s=4), event("hit", at_s=5)], "unseen", None),
        ([event("set", error="Timeout")], "first_seen", None),
        ([event("set", at_s=1, metadata={"ttl_s": 5})], "expired", 4.0),
        ([event("set", at_s=1, metadata={"ttl_s": 50})], "unseen", None),
        ([event("set", metadata={"ttl_s": 5}), event("hit", at_s=1)], "expired", 5.0),
        ([event("set"), event("delete", None, 3, metadata={"cleared": 9})], "invalidated", 7.0),
        ([event("delete", None, 3, metadata={"cleared": 9}), event("set", at_s=4)], "unseen", None),
        ([event("set"), event("delete", None, 3)], "unseen", None),
        ([event("evict", cache="other")], "first_seen", None),
    ],
)
def test_a_miss_ten_seconds_in_is_explained(
    before: list[Event], cause: str, gone_s: float | None
) -> None:
    """By what was recorded last of its key, in its cache and implementation."""
    expected = {"miss_cause": cause, "one_key_in": ONE_KEY_IN}
    if gone_s is not None:
        expected["gone_s"] = gone_s
    assert told(*before, event("miss", at_s=10)) == expected


def test_what_the_cache_says_itself_is_left_as_it_is() -> None:
    """Its own cause, and whatever else the metadata holds."""
    said = {"miss_cause": "quota", "similarity": 0.4}
    assert told(event("miss", metadata=said)) == said | {"one_key_in": ONE_KEY_IN}
    assert said == {"miss_cause": "quota", "similarity": 0.4}


@pytest.mark.parametrize(
    "odd",
    [
        event("miss", object()),
        event("miss", None),
        event("miss", next(k for k in (b"%d" % n for n in range(99)) if not is_followed(k))),
        event("miss", metadata="no dict"),
        event("hit"),
        (*event("miss")[:11], True),
        (0, "miss", [], {}, KEYS[0], None, None, None, None, None, None, False),
    ],
)
def test_other_events_are_left_alone(odd: Any) -> None:
    """No key, one that is not followed or cannot be encoded, a sample, a name that is none."""
    assert following().explained(odd) is None


def test_one_key_in_sixteen_is_followed_the_same_in_every_process() -> None:
    """By the CRC-32 of the key's bytes: a fixed list, and the share it should be."""
    assert KEYS == [b"28", b"37", b"49", b"56", b"61", b"94"]
    followed = sum(is_followed(b"key %d" % n) for n in range(16_000))
    assert abs(followed - 1000) < 5 * (1000 * 15 / 16) ** 0.5
    assert following().follows("28", "any")
    assert not following().follows("12", "any")
    assert not following().follows(object(), "any")


def test_the_table_is_bounded_and_forgets_the_oldest_first() -> None:
    """A thousand keys into a table of ten: the last ten are known, a refreshed one with them."""
    ghost = Ghost(most_keys=10)
    keys = [key for key in (b"%d" % n for n in range(20_000)) if is_followed(key)][:1000]
    for key in keys:
        ghost.tell(event("evict", key), key)
        ghost.tell(event("evict", keys[0]), keys[0])
    assert len(ghost) == 10
    known = {
        key
        for key in keys
        if (ghost.tell(event("miss", key), key) or {})["miss_cause"] == "evicted"
    }
    assert known == {keys[0], *keys[-9:]}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hit", "miss", "set", "delete", "evict", "expire", "error"]),
            st.sampled_from(KEYS),
            st.sampled_from(["pages", "carts"]),
            st.sampled_from([None, None, {"ttl_s": 3}]),
            st.sampled_from([None, None, None, "Timeout"]),
        ),
        max_size=60,
    )
)
def test_the_table_agrees_with_looking_back_through_the_whole_past(
    steps: list[tuple[str, bytes, str, Any, str | None]],
) -> None:
    """The slow twin keeps every event and searches backwards; a second passes at each."""
    memory = following()
    past: list[Event] = []
    for second, (operation, key, cache, metadata, error) in enumerate(steps):
        one = event(operation, key, second, cache, metadata, error)
        found = memory.explained(one)
        if operation == "miss":
            assert found is not None
            assert found[10]["miss_cause"] == _looked_back(past, one)
        else:
            assert found is None
        past.append(one)


def _looked_back(past: list[Event], miss: Event) -> str:
    left = {"evict": "evicted", "expire": "expired", "delete": "invalidated"}
    hit_since = False
    for one in reversed(past):
        if one[2:5] != miss[2:5] or one[8] is not None:
            continue
        if one[1] in left:
            return "unseen" if hit_since else left[one[1]]
        if one[1] == "set":
            ttl = (one[10] or {}).get("ttl_s")
            return "expired" if ttl and one[0] + ttl * SECOND <= miss[0] else "unseen"
        hit_since = hit_since or one[1] == "hit"
    return "unseen" if hit_since else "first_seen"
