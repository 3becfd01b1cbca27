"""A host started from a folder with a package `sql` of its own, which Python finds first."""

from pathlib import Path

import pytest

import sql
from collector.errors import ForeignPackage
from collector.statements import statements
from tests.collector.test_processes import counts, run
from tests.postgres_clusters import Database

ROOT = Path(__file__).resolve().parents[2]
RECORDS = """
    import os, sys
    sys.path.insert(0, os.environ["STRANGER"])
    import collector
    from collector import record
    from collector.default import collector as applications_own
    for number in range(10):
        record("hit", f"{number}", 0.5, "pages", "new")
        assert applications_own.flush()
    print("the host goes on")
"""


@pytest.mark.parametrize("place", ["sql/__init__.py", "sql.py"])
def test_it_is_said_once_and_everything_is_spooled(
    database: Database, tmp_path: Path, place: str
) -> None:
    """Nothing reaches the host; one warning names both paths; the next good process delivers."""
    stranger = tmp_path / "app" / place
    stranger.parent.mkdir(parents=True)
    stranger.write_text("")
    spool = tmp_path / "spool"
    done = run(RECORDS, database.dsn, spool, STRANGER=str(tmp_path / "app"))
    assert done.stdout == "the host goes on\n"
    assert done.stderr.count("is not cache-auditor's") == 1, done.stderr
    assert f"found: {stranger};" in done.stderr
    assert f"expected: {ROOT / 'sql' / '__init__.py'})" in done.stderr
    assert "Traceback" not in done.stderr
    assert counts(database) == (0, 0)
    run(
        """
        import os, pathlib, threading
        from collector.default import collector
        collector.start()
        assert collector.flush()
        for _ in range(2000):
            if not list(pathlib.Path(os.environ["CACHE_AUDITOR_SPOOL_DIR"]).glob("*/*/*.seg")):
                break
            threading.Event().wait(0.01)
        """,
        database.dsn,
        spool,
    )
    assert counts(database) == (10, 10)


def test_a_folder_of_that_name_without_init_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also when it is no package in the old sense, or nothing at all is found."""
    import collector.statements as module

    (tmp_path / "strange_sql").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert module._where("strange_sql") == tmp_path / "strange_sql"
    assert module._where("no_such_package_at_all") == Path("(not installed)")


def test_a_changed_statement_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A damaged installation is the same to the host as a foreign one."""
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "collector.sql").write_text("-- name: insert_batch\nselect 1;\n")
    (tmp_path / "manifest.txt").write_text(f"{'0' * 64}  queries/collector.sql\n")
    monkeypatch.setattr(sql, "FOLDER", tmp_path)
    for cached in (sql.queries, sql._manifest, statements):
        cached.cache_clear()
    try:
        with pytest.raises(ForeignPackage, match="not the file that was shipped"):
            statements()
    finally:
        for cached in (sql.queries, sql._manifest, statements):
            cached.cache_clear()
