"""`cache-auditor` as a person runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.auditor.shell.forked import Forked

PATIENCE_S = 120.0


def tool(
    *words: str,
    dsn: str = "",
    folder: Path | None = None,
    typed: bytes = b"",
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Runs the tool to its end. dsn: '' for none. variables: of the environment.

    typed: what it reads from its standard input.
    """
    process = started(*words, dsn=dsn, folder=folder, typed=typed, **variables)
    try:
        out, error = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.wait(), out, error)


def started(
    *words: str,
    dsn: str = "",
    folder: Path | None = None,
    typed: bytes = b"",
    **variables: str,
) -> Forked:
    """The tool while it runs."""
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    return Forked(
        [*(("--dsn", dsn) if dsn else ()), *words], environment | variables, folder, typed
    )


def document(*words: str, dsn: str, code: int = 0) -> Any:
    """What the tool says with --json; fails when it ends with another exit code."""
    done = tool(*words, "--json", dsn=dsn)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)
