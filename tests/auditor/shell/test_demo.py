"""`make demo` as anybody first sees it: without a terminal it is the fast story."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from auditor.demo.story import STEPS
from auditor.postgres.embedded import EmbeddedPostgres


def test_the_fast_story_happens_and_leaves_nothing_running(server_folder: Path) -> None:
    """Exit code 0 only if each step happened; afterwards no server is left."""
    environment = {**os.environ, "CACHE_AUDITOR_DATA_FOLDER": str(server_folder)}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "demo"],
        capture_output=True, text=True, timeout=280, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert f"yes  {step}" in done.stdout
    assert "this implementation regressed" in done.stdout
    assert "observations ack" in done.stdout
    assert EmbeddedPostgres(server_folder).postmaster.pid() is None
