"""What the import linter cannot see: names, places, sizes, and where SQL and clocks may be."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auditor", "baselines", "collector", "sql")
BANNED = {"util", "utils", "helper", "helpers", "manager", "managers", "handler", "handlers",
          "data", "info", "base", "common", "misc"}  # fmt: skip
SQL_TEXT = re.compile(
    r"^\s*(select|insert\s+into|update|delete\s+from|create|alter|drop|with|listen|notify|copy|grant"
    r"|truncate)\s+\S", re.IGNORECASE,
)  # fmt: skip
CORE = (
    "baselines",
    "auditor/statistics",
    "auditor/detectors",
    "auditor/causes",
    "auditor/judging",
    "auditor/observing",
    "auditor/explaining",
    "auditor/comparing",
    "auditor/refreshing",
    "auditor/backtesting",
    "auditor/maintaining",
    "auditor/rules",
    "auditor/notifying",
    "auditor/metric_series",
    "auditor/charting",
)
CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "monotonic", "perf_counter", "getenv"}
LONGEST = 310  # lines; most are under 200


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@pytest.mark.parametrize("path", list(sources(*PACKAGES)), ids=named)
def test_no_name_says_nothing(path: Path) -> None:
    """File, class and function names have no word that could name anything."""
    names = [path.stem]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.append(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower())
    assert not [name for name in names if BANNED & set(name.split("_"))]


@pytest.mark.parametrize("path", list(sources("auditor", "baselines", "collector")), ids=named)
def test_sql_is_in_sql_only(path: Path) -> None:
    """No string of a program is a statement; docstrings are prose and may begin like one."""
    module = tree(path)
    prose = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # the word after the verb tells a statement from a sentence
    followed = re.compile(
        r"\b(from|into|set|table|schema|role|database|monitoring\.|values)\b", re.I
    )
    found = [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and SQL_TEXT.match(node.value)
        and followed.search(node.value)
        and node.value == node.value.strip()
        and not node.value[0].isupper()
        and node.value.count(" ") > 1
    ]
    assert not found


@pytest.mark.parametrize("path", list(sources(*CORE)), ids=named)
def test_the_core_reads_no_clock_and_no_environment(path: Path) -> None:
    """A core function takes `now`; nothing in it asks for the time."""
    calls = [
        node.func.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("time", "datetime", "date", "os")
    ]
    assert not CLOCKS & set(calls)


@pytest.mark.parametrize("path", list(sources(*PACKAGES)), ids=named)
def test_a_package_is_its_docstring(path: Path) -> None:
    """An `__init__` holds a docstring; the collector's its public names, sql's the loader."""
    module = tree(path)
    assert ast.get_docstring(module), f"{named(path)} says nothing of what it is"
    if path.name == "__init__.py" and path.parent.name not in ("collector", "sql"):
        assert len(module.body) == 1


@pytest.mark.parametrize("path", list(sources(*PACKAGES)), ids=named)
def test_one_idea_a_file(path: Path) -> None:
    """A file that has grown this long has grown a second idea."""
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def test_the_top_level_is_the_agreed_one() -> None:
    """Three packages, sql, tests and notebooks; beside them only the usual."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    folders = {name.split("/")[0] for name in tracked if "/" in name}
    assert folders <= {*PACKAGES, "tests", "notebooks", "docs", "benchmarks", ".ci"}


def test_every_sql_file_is_in_the_manifest() -> None:
    """`make manifest` was run after the last change of an SQL file."""
    import sql

    for room in sorted(path.stem for path in (ROOT / "sql/queries").glob("*.sql")):
        assert sql.queries(room)
    assert sql.migrations()


def test_every_named_statement_is_used() -> None:
    """A statement that no program names is dead."""
    import sql

    programs = "\n".join(
        path.read_text("utf-8") for path in sources("auditor", "baselines", "collector")
    )
    unused = [
        f"{path.stem}.{name}"
        for path in sorted((ROOT / "sql/queries").glob("*.sql"))
        for name in sql.queries(path.stem)
        if f'"{name}"' not in programs
    ]
    assert not unused


def test_the_readme_draws_the_imports_as_they_are() -> None:
    """The picture in the README is the one that the import linter enforces."""
    picture = re.search(r"imports\s+(.+)", (ROOT / "README.md").read_text("utf-8"))
    assert picture is not None
    drawn = re.findall(r"[a-z]+", picture[1].split("  ")[0])
    assert drawn == ["sql", "collector", "baselines", "auditor"]
    above = {name: drawn[:position] for position, name in enumerate(drawn)}
    for package in PACKAGES:
        for path in sources(package):
            for node in ast.walk(tree(path)):
                imported = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                roots = {name.split(".")[0] for name in imported} & set(PACKAGES) - {package}
                assert roots <= set(above[package]), f"{named(path)} imports {roots}"
