"""sql/schema.sql is what the migrations make."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.postgres_clusters import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def schema() -> ModuleType:
    """The program that writes the dump."""
    spec = importlib.util.spec_from_file_location("schema", ROOT / ".ci" / "schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_dump_that_is_checked_in_is_the_schema(schema: ModuleType, database: Database) -> None:
    """When it differs after a new migration: .venv/bin/python .ci/schema.py"""
    assert (ROOT / "sql" / "schema.sql").read_text("utf-8") == schema.dumped(database.dsn)


def test_a_column_more_or_a_constraint_less_is_seen(schema: ModuleType, database: Database) -> None:
    """The comparison can fail."""
    before = schema.dumped(database.dsn)
    connection = database.connect()
    connection.execute("alter table monitoring.cache_series add column extra int")
    after = schema.dumped(database.dsn)
    assert after != before
    connection.execute("alter table monitoring.cache_series drop column extra")
    assert schema.dumped(database.dsn) == before
    connection.execute(
        "alter table monitoring.cache_metrics_1min drop constraint cache_metrics_1min_on_the_minute"
    )
    assert schema.dumped(database.dsn) != before


def test_every_table_says_what_it_is_for(database: Database) -> None:
    """The dump is to be read; and no function that people call is without a word."""
    bare = database.connect().execute(
        "select relname::text from pg_class where relnamespace = 'monitoring'::regnamespace"
        " and relkind in ('r', 'p') and obj_description(oid, 'pg_class') is null"
    )
    assert bare.fetchall() == []
