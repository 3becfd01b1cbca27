"""Arrays of integers come as numpy's, with every number as it is."""

from __future__ import annotations

import numpy as np

from auditor.stores.number_arrays import read_as_numpy
from tests.postgres_clusters import Database


def test_numbers_come_as_they_are(database: Database) -> None:
    """The ends of both types, and an array without any; other columns as ever."""
    with database.connect().cursor(binary=True) as cursor:
        read_as_numpy(cursor)
        row = cursor.execute(
            "select array[0, -32768, 32767]::smallint[],"
            " array[9223372036854775807, -9223372036854775808]::bigint[], '{}'::bigint[], 7"
        ).fetchone()
    assert row is not None
    small, large, none, plain = row
    np.testing.assert_array_equal(small, [0, -32768, 32767])
    np.testing.assert_array_equal(large, np.array([2**63 - 1, -(2**63)]))
    assert none.shape == (0,)
    assert plain == 7


def test_only_the_cursor_that_was_told_reads_so(database: Database) -> None:
    connection = database.connect()
    with connection.cursor(binary=True) as told:
        read_as_numpy(told)
    other = connection.execute("select array[1, 2]::bigint[]", binary=True).fetchone()
    assert other == ([1, 2],)
