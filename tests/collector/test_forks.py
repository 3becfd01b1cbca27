"""What a fork waits for, so that no child inherits a half of something."""

from pathlib import Path

import pytest

from tests.collector.test_processes import NOWHERE, run
from tests.postgres_clusters import Database

RECORDS = """
    import sys, threading
    import collector
    from collector import forks, record
    from collector.default import collector as applications_own

    def watching(event, arguments):
        me = threading.current_thread()
        own = me is not threading.main_thread()
        if own and event == "import" and not forks._importing.locked():
            print(me.name, "imports", arguments[0])

    sys.addaudithook(watching)
    for number in range(1_000):
        record("hit", f"{number}", 0.5, "pages", "new", metadata={"a": 1})
    assert applications_own.flush()
    record("nonsense", "k")
    record("error", "k", error_type="Timeout")
    assert applications_own.flush()
"""


def test_threads_import_only_while_forks_are_held_up(database: Database, tmp_path: Path) -> None:
    """A module that another thread is importing at the fork could never be imported in the child.

    The collector's threads meet everything once here: rows, sums, what is refused, an error.
    """
    for mode in ("always", "never"):
        done = run(RECORDS, database.dsn, tmp_path, CACHE_AUDITOR_AGGREGATE=mode)
        assert done.stdout == ""


@pytest.mark.parametrize(
    "destination",
    [
        {"CACHE_AUDITOR_DSN": "host=localhost port=9 dbname=nowhere"},
        {"CACHE_AUDITOR_DSN": NOWHERE},
        {
            "CACHE_AUDITOR_URL": "https://localhost:9",
            "CACHE_AUDITOR_INGEST_TOKEN": "sixteen-or-more-of-these",
        },
    ],
    ids=["by name", "no socket", "over HTTPS"],
)
def test_nor_do_they_where_the_destination_is_away(
    tmp_path: Path, destination: dict[str, str]
) -> None:
    """A name is looked up, a connection fails, a batch goes to the spool."""
    done = run(RECORDS, "", tmp_path, **destination)
    assert done.stdout == ""


def test_a_fork_does_not_hold_the_lock_of_logging_while_it_waits(tmp_path: Path) -> None:
    """Else an import that names a logger could not end, and the child had half of it."""
    done = run(
        """
        import collector.forks as forks
        import os, threading
        holding, forking, named = threading.Event(), threading.Event(), threading.Event()
        os.register_at_fork(before=forking.set)
        import logging

        def imports():
            with forks.importing():
                holding.set()
                forking.wait()
                logging.getLogger("a new one")
                named.set()

        threading.Thread(target=imports).start()
        holding.wait()
        child = os.fork()
        if not child:
            os._exit(0 if named.is_set() else 1)
        print(os.waitpid(child, 0)[1])
        """,
        NOWHERE,
        tmp_path,
    )
    assert done.stdout == "0\n"
