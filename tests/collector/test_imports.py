"""What the host pays before it records anything."""

import subprocess
import sys
import textwrap
from pathlib import Path

HEAVY = ("psycopg", "numpy", "json", "uuid", "hashlib", "asyncio", "sqlite3", "typing")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_importing_the_collector_loads_nothing_heavy() -> None:
    """The public names come without a driver, an array library, or anything slow of the stdlib."""
    loaded = run(
        """
        import sys
        before = set(sys.modules)
        import collector
        from collector import Collector, record, watch, start_collector, record_cache_hit
        print("\\n".join(sorted(set(sys.modules) - before)))
        """
    ).split()
    assert "collector.recorder" in loaded
    assert [name for name in HEAVY if name in loaded and name != "typing"] == []
    assert not any(name.startswith(("psycopg", "numpy", "collector.sinks")) for name in loaded)


def test_recording_loads_nothing_heavy_without_a_destination() -> None:
    """Switched on but without a DSN, the first record loads no driver either."""
    loaded = run(
        """
        import os, sys
        for name in ("DATABASE_URL", "CACHE_AUDITOR_DSN"):
            os.environ.pop(name, None)
        from collector import record
        record("hit", "key", 1.0)
        print("\\n".join(sys.modules))
        """
    ).split()
    assert not any(name.startswith(("psycopg", "numpy")) for name in loaded)


def test_delivering_over_http_loads_no_driver(tmp_path: Path) -> None:
    """A host that only knows an ingest needs the standard library and nothing else."""
    loaded = run(
        f"""
        import os, sys
        os.environ["CACHE_AUDITOR_URL"] = "http://127.0.0.1:1"
        os.environ["CACHE_AUDITOR_SPOOL_DIR"] = {str(tmp_path)!r}
        from collector import record
        from collector.default import collector
        record("hit", "key", 1.0)
        assert collector.flush()
        print("\\n".join(sys.modules))
        """
    ).split()
    assert "collector.sinks.http" in loaded
    assert not any(name.startswith(("psycopg", "numpy", "sql")) for name in loaded)


def test_every_public_name_is_there() -> None:
    """__all__ and what the lazy loading knows are the same names, and each can be had."""
    import collector

    assert set(collector.__all__) == set(collector._HOME)
    for name in collector.__all__:
        assert getattr(collector, name) is not None
