"""Each fault of the reference has a test that is named for it, and would fail were it back.

1 batches overwrite the minute; 2 a broadcast under another name than its listeners wait for; 3 no
quantiles, whole milliseconds; 4 tables without a job; 5 one observation a batch; 6 infinity and
overflow; 7 one mean for all hours; 8 a buffer in memory only, and `record` that raises without an
event loop; 9 a retry stored twice; 10 raw keys, no row-level security, and any origin's page let
in; 11 a migration that does not run; 12 silence that nobody notices.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FAULTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
NAME = re.compile(r"test_fault_(\d+)_\w+")
SKIPS = {"skip", "skipif", "xfail"}


def named_tests() -> Iterator[tuple[int, ast.FunctionDef]]:
    """(fault, test) of every test that pytest would collect and that is named for a fault."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (found := NAME.fullmatch(node.name)):
                yield int(found[1]), node


def words(node: ast.AST) -> set[str]:
    """Every name that is mentioned in a piece of code."""
    return {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_test_that_asserts(fault: int) -> None:
    """One that is never skipped, and that has something to say."""
    tests = [node for number, node in named_tests() if number == fault]
    assert tests, f"no test is called test_fault_{fault}_…"
    for node in tests:
        assert any(isinstance(each, ast.Assert) for each in ast.walk(node)), node.name
        assert not SKIPS & {word for mark in node.decorator_list for word in words(mark)}, node.name


def test_no_test_is_named_for_a_fault_that_is_none() -> None:
    """A wrong number would make a fault look covered."""
    assert {number for number, _ in named_tests()} <= {*range(1, 13)}
