"""`cache-auditor` as a person runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0


def tool(
    *words: str, dsn: str = "", folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs the tool to its end. dsn: '' for none. variables: of the environment."""
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    command = [sys.executable, "-m", "auditor", *(("--dsn", dsn) if dsn else ()), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=folder,
        env=environment | variables,
    )  # fmt: skip


def document(*words: str, dsn: str, code: int = 0) -> Any:
    """What the tool says with --json; fails when it ends with another exit code."""
    done = tool(*words, "--json", dsn=dsn)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)
