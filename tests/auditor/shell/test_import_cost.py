"""What a command does not use, it does not import: statistics and machine learning wait.

Only what scores or learns may load them. Each command's `--help`, and the everyday commands against
a real database, run in processes of their own, which say at their end what they had imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from auditor.cli import build
from tests.auditor.shell.tool import PATIENCE_S
from tests.postgres_clusters import Database

HEAVY = ("numpy", "scipy", "scipy.stats", "sklearn")
SCRIPT = f"""
import sys
from auditor.__main__ import _run, outcome
code = outcome(_run)
print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)
"""
HELP = f"""
import sys
from auditor.__main__ import _run, outcome
for words in {{leaves}}:
    sys.argv = ["cache-auditor", *words.split(), "--help"]
    code = outcome(_run)
    found = [name for name in {HEAVY!r} if name in sys.modules]
    print(f"{{{{words}}}}: {{{{found}}}} {{{{code}}}}", file=sys.stderr)
"""


def leaves() -> Iterator[str]:
    """Every command by its words, such as 'baselines list'."""

    def walk(words: str, command: Any) -> Iterator[str]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words
        for name, each in (inner or {}).items():
            yield from walk(f"{words} {name}".strip(), each)

    return walk("", typer.main.get_command(build()))


def imported(words: Sequence[str]) -> tuple[str, str]:
    """(what of HEAVY was loaded and the exit code, all that went to stderr) of one run."""
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True,
        timeout=PATIENCE_S, env=environment,
    )  # fmt: skip
    return done.stderr.splitlines()[-1], done.stderr


def test_asking_for_help_loads_nothing_heavy() -> None:
    """Of one command after the other, in one process, which says after which it had what."""
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    asked = [*leaves()]
    done = subprocess.run(
        [sys.executable, "-c", HELP.format(leaves=asked)], capture_output=True, text=True,
        check=True, timeout=PATIENCE_S, env=environment,
    )  # fmt: skip
    assert len(asked) > 20
    assert done.stderr.splitlines() == [f"{words}: [] 0" for words in asked]
    assert all(f"cache-auditor {words}" in done.stdout for words in asked)


@pytest.mark.parametrize(
    "words",
    [
        "observations list",
        "observations watch --once",
        "doctor",
        "config show",
        "config check",
        "migrate",
        "retention",
        "load EVENTS",
    ],
)
def test_an_everyday_command_loads_nothing_heavy(
    database: Database, tmp_path: Path, words: str
) -> None:
    """It works on the database, and neither scores nor learns. doctor may say no (code 1)."""
    events = tmp_path / "events.csv"
    events.write_text("timestamp,operation_type\n2024-01-01T00:00:00Z,hit\n")
    words = words.replace("EVENTS", str(events))
    found, stderr = imported([*words.split(), "--dsn", database.dsn])
    assert found in ("[] 0", "[] 1" if words == "doctor" else "[] 0"), stderr


def test_what_learns_would_be_seen(database: Database) -> None:
    """The same measurement finds numpy where it is: nothing above passes for want of looking."""
    found, stderr = imported(["baselines", "compute", "--dsn", database.dsn])
    assert "numpy" in found, stderr
    assert found.endswith(" 0"), stderr
