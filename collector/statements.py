"""The collector's SQL, from the package `sql` beside this one and from no other.

`sql` is an ordinary word: a folder of that name where the application is started, or another
library's package, may be found first. That is said with both paths instead of failing oddly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from collector.errors import ForeignPackage

HOME = Path(__file__).resolve().parent.parent


@cache
def statements() -> Mapping[str, bytes]:
    """The statements of `sql/queries/collector.sql` by name.

    Raises ForeignPackage when Python finds another `sql`, or a changed or damaged one.
    """
    expected = HOME / "sql" / "__init__.py"
    found = _where("sql")
    if found != expected:
        raise ForeignPackage(
            "the package 'sql' that Python finds is not cache-auditor's "
            f"(found: {found}; expected: {expected}). Rename or move the one that is found, or "
            "start from another folder"
        )
    from sql import SqlError, queries

    try:
        return {name: text.encode() for name, text in queries("collector").items()}
    except SqlError as error:
        raise ForeignPackage(str(error)) from error


def _where(package: str) -> Path:
    """The file that importing it would run; its folder where it has none."""
    try:
        spec = find_spec(package)
    except ValueError:  # made by hand, and says nothing of where it is from
        return Path("(unknown)")
    if spec is None:
        return Path("(not installed)")
    if spec.origin is not None:
        return Path(spec.origin).resolve()
    return Path(next(iter(spec.submodule_search_locations or ["(unknown)"])))
