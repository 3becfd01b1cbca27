"""What is watched keeps its static type: mypy sees no difference, and goes on finding mistakes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
from functools import _lru_cache_wrapper, lru_cache
from typing import Any, assert_type
from cachetools import LRUCache, cached
from collector import watch
from collector.adapters import cachetools, cachetools_functions, functools_lru

@functools_lru.watched_lru_cache(maxsize=3, cache_name="a")
def one(number: int) -> str:
    return str(number)

@functools_lru.watched(cache_name="a")
@lru_cache
def two(number: int) -> str:
    return str(number)

@functools_lru.watched_lru_cache
def bare(number: int) -> str:
    return str(number)

assert_type(one, _lru_cache_wrapper[str])
assert_type(two, _lru_cache_wrapper[str])
assert_type(bare, _lru_cache_wrapper[str])

def load(number: int) -> str:
    return str(number)

def same() -> None:
    decorator = cached(LRUCache[Any, str](3), info=True)
    plain = decorator(load)
    ours = cachetools_functions.watched_function(decorator)(load)
    plain = ours
    ours = plain
    assert_type(ours(3), str)
    ours.cache_info().hits

assert_type(cachetools.watched(LRUCache[str, int](3)), LRUCache[str, int])

@watch("c").lookup(similarity=lambda found: found and found[0], threshold=0.3)
def find(key: str) -> tuple[float, str] | None:
    return (0.5, key)

assert_type(find("a"), tuple[float, str] | None)
find(3)  # wrong
one.nothing  # wrong
"""


def test_what_is_watched_keeps_its_type(tmp_path: Path) -> None:
    """Strictly; the two mistakes at the end, and nothing else, are found."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent",
         f"--cache-dir={tmp_path / 'mypy'}", str(program)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    errors = [line.partition(":")[2] for line in done.stdout.splitlines() if ": error:" in line]
    lines = PROGRAM.splitlines()
    assert [lines[int(error.partition(":")[0]) - 1] for error in errors] == [
        "find(3)  # wrong", "one.nothing  # wrong",
    ], done.stdout  # fmt: skip
