"""One histogram, written twice: in SQL and in collector/histogram.py, the same to the bit."""

import math
import struct

import numpy as np
import psycopg
import pytest

from collector.histogram import EDGES_MS, OVERFLOW, Histogram, bin_of, value_of

pytestmark = pytest.mark.every_postgres


def bits(values: list[float]) -> bytes:
    return struct.pack(f"{len(values)}d", *values)


def column(connection: psycopg.Connection, statement: str, parameter: object) -> list[float]:
    """The one column of a statement, as binary, so that no digit is lost on the way."""
    cursor = connection.cursor(binary=True)
    return [value for (value,) in cursor.execute(statement, [parameter]).fetchall()]


def test_the_edges_are_the_same_bits(connection: psycopg.Connection) -> None:
    """Both multiply by 1.02 again and again."""
    edges = column(connection, "select unnest(monitoring.histogram_edges()) where %s", True)
    assert bits(edges) == bits(list(EDGES_MS))


def test_a_value_is_in_the_same_bin(connection: psycopg.Connection) -> None:
    """The edges themselves, their neighbours on either side, and four thousand draws."""
    generator = np.random.default_rng(11)
    values = [0.0, 5e-324, 1e300, 1e6, *EDGES_MS]
    values += [math.nextafter(edge, away) for edge in EDGES_MS for away in (0.0, math.inf)]
    values += [float(ms) for ms in generator.lognormal(0, 4, 4000)]
    bins = column(
        connection,
        "select monitoring.histogram_bin(ms)"
        " from unnest(%s::float8[]) with ordinality as v (ms, at) order by at",
        values,
    )
    assert bins == [bin_of(ms) for ms in values]
    assert {min(bins), max(bins)} == {0, OVERFLOW}


def test_a_bin_has_the_same_value(connection: psycopg.Connection) -> None:
    """The one that is within 1 % of everything in it."""
    numbers = list(range(OVERFLOW + 1))
    values = column(
        connection,
        "select monitoring.histogram_value(bin)"
        " from unnest(%s::int[]) with ordinality as v (bin, at) order by at",
        numbers,
    )
    assert bits(values) == bits([value_of(number) for number in numbers])
    for number in range(1, OVERFLOW):
        for edge in EDGES_MS[number - 1 : number + 1]:
            assert abs(values[number] - edge) <= 0.01 * edge


@pytest.mark.parametrize("n", [1, 2, 3, 10, 997])
@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 0.95, 0.99, 1.0])
def test_a_quantile_is_that_of_the_collector_and_near_numpys(
    connection: psycopg.Connection, n: int, q: float
) -> None:
    """Type 7: equal to the last bit of the one, within 1 % of the other."""
    sample = np.random.default_rng(n).lognormal(0, 2, n)
    histogram = Histogram()
    for ms in sample:
        histogram.add(float(ms))
    found = column(
        connection,
        "select monitoring.histogram_quantile(bins, counts, %s)"
        f" from (values (array{histogram.columns()[0]}::smallint[],"
        f" array{histogram.columns()[1]}::bigint[])) as h (bins, counts)",
        q,
    )
    assert found == [histogram.quantile(q)]
    assert found[0] == pytest.approx(float(np.quantile(sample, q)), rel=0.01)


def test_an_empty_histogram_has_no_quantile(connection: psycopg.Connection) -> None:
    """Null, and no error: a window may have had no get."""
    found = column(connection, "select monitoring.histogram_quantile('{}', '{}', %s::float8)", 0.5)
    assert found == [None]
