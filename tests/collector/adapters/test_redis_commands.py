"""What an answer of Redis says, told by hand."""

import re
from pathlib import Path
from typing import Any

import pytest

from collector.adapters.key_names import naming
from collector.adapters.redis_commands import COMMANDS, field_key, plain_key, size

TOLD: list[tuple[tuple[Any, ...], Any, list[tuple[str, Any, int | None]]]] = [
    (("GET", "a"), b"1234", [("hit", "a", 4)]),
    (("GET", "a"), b"", [("hit", "a", 0)]),
    (("GET", "a"), None, [("miss", "a", None)]),
    (("MGET", "a", "b"), ["é", None], [("hit", "a", 2), ("miss", "b", None)]),
    (("SET", "a", b"123"), True, [("set", "a", 3)]),
    (("SET", "a", b"123"), b"OK", [("set", "a", 3)]),
    (("SET", "a", "1", "EX", 5), "OK", [("set", "a", 1)]),
    (("SET", "a", "1", "NX"), None, []),
    (("SET", "a", "1", "XX"), None, []),
    (("SET", "a", "1", "NX", "GET"), None, [("set", "a", 1)]),
    (("SET", "a", "1", "NX", "GET"), b"old", []),
    (("SET", "a", "1", "XX", "GET"), b"old", [("set", "a", 1)]),
    (("SET", "a", "1", "xx", "get"), None, []),
    (("SET", "a", "1", "GET"), None, [("set", "a", 1)]),
    (("SETEX", "a", 60, "12"), True, [("set", "a", 2)]),
    (("SETNX", "a", "12"), 0, []),
    (("MSET", "a", "1", "b", 22), True, [("set", "a", 1), ("set", "b", None)]),
    (("MSETNX", "a", "1", "b", "22"), 0, []),
    (("DEL", "a", "b"), 2, [("delete", "a", None), ("delete", "b", None)]),
    (("DEL", "a", "b", "c"), 1, [("delete", None, None)]),
    (("UNLINK", "a"), 0, []),
    (("EXPIRE", "a", 0), True, [("delete", "a", None)]),
    (("EXPIRE", "a", -5), 0, []),
    (("EXPIRE", "a", 5), 1, []),
    (("HGET", "a", "f"), b"12", [("hit", "a[f]", 2)]),
    (("HMGET", "a", "f", b"g"), [None, b"1"], [("miss", "a[f]", None), ("hit", b"a[g]", 1)]),
    (("HGETALL", "a"), {b"f": b"12", b"g": b"3"}, [("hit", "a", 3)]),
    (("HGETALL", "a"), [b"f", b"12", b"g", b"3"], [("hit", "a", 3)]),
    (("HGETALL", "a"), {}, [("miss", "a", None)]),
    (("HSET", "a", "f", "12", "g", "3"), 0, [("set", "a[f]", 2), ("set", "a[g]", 1)]),
    (("HSETNX", "a", "f", "12"), 0, []),
    (("HDEL", "a", "f", "g"), 2, [("delete", "a[f]", None), ("delete", "a[g]", None)]),
    (("FLUSHALL",), True, [("delete", None, None)]),
]


@pytest.mark.parametrize(("arguments", "answer", "expected"), TOLD)
def test_an_answer_and_what_it_says(
    arguments: tuple[Any, ...], answer: Any, expected: list[tuple[str, Any, int | None]]
) -> None:
    """The operations of one command, in the order of its keys."""
    assert list(COMMANDS[arguments[0]].outcome(arguments, answer)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("MGET", "a", "b"), ["a", "b"]), (("MSET", "a", "1", "b", "2"), ["a", "b"]),
     (("HSET", "a", "f", "1", "g", "2"), ["a[f]", "a[g]"]), (("HGET", "a", "f"), ["a[f]"]),
     (("SETEX", "a", 1, "v"), ["a"]), (("FLUSHDB",), [None])],
)  # fmt: skip
def test_the_keys_of_a_command(arguments: tuple[Any, ...], expected: list[Any]) -> None:
    """Those over which a trip's time is divided, and which fail with it."""
    assert list(COMMANDS[arguments[0]].keys(arguments)) == expected


def test_every_command_is_told() -> None:
    """The page has each command of the table, and the table each of the page."""
    page = Path(__file__).resolve().parents[3] / "docs/collector.md"
    section = page.read_text("utf-8").split("## Redis and Valkey")[1].split("\n## ")[0]
    told = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    names = {key for key in COMMANDS if isinstance(key, str) and key.isupper()}
    assert set(re.findall(r"`(\w+)`", " ".join(told))) == names


def test_every_spelling_is_the_same_command() -> None:
    """As the clients write it, and as an application may."""
    for name in ("GET", "get", b"GET", b"get"):
        assert COMMANDS[name] is COMMANDS["GET"]
    assert "INCR" not in COMMANDS
    assert "EVALSHA" not in COMMANDS


@pytest.mark.parametrize(
    ("key", "expected"),
    [("a", "a"), (b"a", b"a"), (5, "5"), (1.5, "1.5"), (memoryview(b"ab"), b"ab"),
     (bytearray(b"ab"), b"ab")],
)  # fmt: skip
def test_a_key_as_the_server_knows_it(key: Any, expected: Any) -> None:
    assert plain_key(key) == expected


def test_a_field_of_a_hash() -> None:
    """Text where both are text, else bytes: the stored key is the same."""
    assert field_key("a", "é") == "a[é]"
    assert field_key(b"a", "é") == field_key("a", "é".encode()) == "a[é]".encode()
    assert field_key(7, 8) == "7[8]"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"abc", 3), ("abc", 3), ("é", 2), (memoryview(b"abcd"), 4), (bytearray(b"ab"), 2),
     (17, None), (None, None)],
)  # fmt: skip
def test_the_size_of_a_value(value: Any, expected: int | None) -> None:
    assert size(value) == expected


def test_caches_by_prefix() -> None:
    """The longest prefix counts; None is not recorded; the rest has the name for the rest."""
    named = naming("rest", {"page:": "pages", "page:old:": "archive", "lock:": None})
    assert named is not None
    assert [named(key) for key in ("page:1", b"page:old:1", "lock:1", "user:1", None)] == [
        "pages", "archive", None, "rest", "rest",
    ]  # fmt: skip


def test_caches_by_a_function() -> None:
    """It is asked with text; where it fails, the name for the rest is taken."""
    named = naming("rest", lambda key: key.split(":")[1])
    assert named is not None
    assert [named(key) for key in ("a:users", b"a:pages", "odd", b"\xff:x")] == [
        "users", "pages", "rest", "x",
    ]  # fmt: skip
    assert naming("rest", None) is None
