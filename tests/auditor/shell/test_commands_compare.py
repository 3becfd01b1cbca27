"""`cache-auditor compare` as a person uses it, on windows, histograms and events in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from auditor.asking.compared import pairs_of, read_and_compare
from auditor.commands.compare import NOT_YET
from auditor.comparing.compare import compare
from auditor.comparing.settings import ComparisonSettings
from auditor.windows.minutes import from_epoch_minute
from baselines.series import SeriesKey, Windows
from benchmarks.pairs import BASELINE, CACHE, CANDIDATE, Kind, Pair, make_pair
from tests.auditor.shell.tool import document, tool
from tests.auditor.shell.two_implementations import write_gets, write_histograms, write_windows
from tests.postgres_clusters import Cluster, Database

PAIR = (SeriesKey(CACHE, BASELINE), SeriesKey(CACHE, CANDIDATE))
OTHER = "pages"
BETTER = Kind(points=4.0, gets=400.0, mirrored=True, days=2)


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Two days of a candidate that is four points better."""
    return make_pair(21, BETTER)


@pytest.fixture(scope="module")
def stored(cluster: Cluster, pair: Pair) -> Iterator[Database]:
    """That pair as `sessions`; six hours of the same as `pages`; a third implementation of it."""
    assert pair.response_times is not None
    with cluster.migrated_database() as made:
        connection = made.connect()
        write_windows(connection, pair.windows)
        write_histograms(connection, pair.windows, pair.response_times)
        six = pair.windows.between(pair.first, pair.first + 360)
        write_windows(connection, renamed(six, OTHER, (BASELINE, CANDIDATE)))
        write_windows(connection, renamed(six, OTHER, ("old", "older")))
        yield made


def renamed(windows: Windows, cache_name: str, names: tuple[str, str]) -> Windows:
    keys = tuple(SeriesKey(cache_name, name) for name in names)
    return Windows(windows.start, keys, windows.columns)


def words(pair: Pair, *more: str, candidate: str = CANDIDATE) -> tuple[str, ...]:
    """The command with the pair's span."""
    until = f"{from_epoch_minute(pair.windows.end):%Y-%m-%d %H:%M}"
    names = ("--baseline", BASELINE, "--candidate", candidate)
    return ("compare", *names, "--since", "4d", "--until", until, *more)


def test_a_better_candidate_is_called_better(stored: Database, pair: Pair) -> None:
    """For people: the verdict, a line a measure, what it rests on, and the A/A check."""
    done = tool(*words(pair, "--cache", CACHE), dsn=stored.dsn, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first.startswith("sessions: new is better than legacy: hit rate +")
    measured = [line.split("  ")[0] for line in lines[2:8]]
    assert measured == [
        "hit rate", "miss cost", "median time", "95th percentile", "99th percentile",
        "error rate",
    ]  # fmt: skip
    assert "mirrored, both see the same gets" in done.stdout
    assert "A/A check: " in done.stdout


def test_the_command_says_what_the_core_says(stored: Database, pair: Pair) -> None:
    """Windows and histograms go in and out of the database without changing the comparison."""
    (found,) = document(*words(pair, "--cache", CACHE), dsn=stored.dsn)
    settings = ComparisonSettings()
    expected = compare(
        pair.windows, CACHE, BASELINE, CANDIDATE, settings, response_times=pair.response_times
    )
    assert found["verdict"] == expected.verdict == "better"
    assert found["since"] == f"{from_epoch_minute(expected.since):%Y-%m-%dT%H:%M:%SZ}"
    assert found["blocks"] == expected.blocks
    for said, one in zip(found["differences"], expected.differences, strict=True):
        assert (said["name"], said["status"]) == (one.name, one.status)
        assert said["estimate"] == pytest.approx(one.estimate, rel=1e-6)
        assert said["source"] == one.source
    assert found["self_check"]["pairs"] == 200
    assert found["losing_keys"] is None


def test_without_a_cache_every_cache_that_has_both_is_compared(
    stored: Database, pair: Pair
) -> None:
    """Six hours are not enough, and exit code 9 says to come back."""
    found = document(*words(pair), dsn=stored.dsn, code=NOT_YET)
    assert [each["cache_name"] for each in found] == [OTHER, CACHE]
    assert found[0]["verdict"] == "not enough evidence"
    assert found[0]["more_hours"] > 0


def test_worse_is_exit_code_1(stored: Database, pair: Pair) -> None:
    """The same pair with the roles changed."""
    turned = ("compare", "--baseline", CANDIDATE, "--candidate", BASELINE)
    done = tool(*turned, *words(pair, "--cache", CACHE)[5:], dsn=stored.dsn)
    assert done.returncode == 1, done.stderr
    assert "legacy is worse than new" in done.stdout


def test_a_wide_margin_makes_them_equivalent(stored: Database, pair: Pair) -> None:
    wide = [f"{name}=90" for name in ("hit_rate", "miss_cost_ms", "p50_ms", "p95_ms", "p99_ms")]
    options = [word for each in wide for word in ("--margin", each)]
    (found,) = document(*words(pair, "--cache", CACHE, *options), dsn=stored.dsn)
    assert found["verdict"] == "equivalent"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--cache", "nowhere"), "there is no cache 'nowhere'"),
        (("--cache", OTHER), "pages does not have both 'legacy' and 'newest'"),
        ((), "no cache has both 'legacy' and 'newest'"),
    ],
)
def test_what_does_not_exist_is_answered_with_what_does(
    stored: Database, pair: Pair, more: tuple[str, ...], said: str
) -> None:
    done = tool(*words(pair, *more, candidate="newest"), dsn=stored.dsn)
    assert done.returncode == 2
    assert said in done.stderr
    assert "pages: legacy, new, old, older; sessions: legacy, new" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--margin", "hit_rate"), "is not like hit_rate=0.5"),
        (("--margin", "speed=3"), "'speed' is not compared; there is error_rate, hit_rate"),
        (("--margin", "hit_rate=0"), "it must be above 0"),
        (("--warm-up", "soon"), "'soon' is no length of time"),
        (("--since", "never"), "14d, 36h"),
        (("--risk", "0"), "--risk"),
    ],
)
def test_what_cannot_be_asked_is_said(pair: Pair, more: tuple[str, ...], said: str) -> None:
    done = tool(*words(pair, *more), COLUMNS="200")
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_an_implementation_is_not_compared_with_itself(stored: Database, pair: Pair) -> None:
    done = tool(*words(pair, "--cache", CACHE, candidate=BASELINE), dsn=stored.dsn)
    assert done.returncode == 2
    assert "is both baseline and candidate" in done.stderr


def test_an_empty_database_has_nothing_to_compare(database: Database) -> None:
    done = tool("compare", "--baseline", "a", "--candidate", "b", dsn=database.dsn)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there are no windows" in done.stderr


# Keys --------------------------------------------------------------------------------------------


def six_hours(database: Database, pair: Pair) -> Any:
    """Six hours of the pair, and raw events of its last minute."""
    connection = database.connect()
    write_windows(connection, pair.windows.between(pair.first, pair.first + 360))
    minute = from_epoch_minute(pair.first + 350)
    same = [(f"key-{n:03d}", 90, 10) for n in range(30)]
    write_gets(connection, minute, CACHE, BASELINE, [*same, ("hot", 190, 10)])
    write_gets(connection, minute, CACHE, CANDIDATE, [*same, ("hot", 100, 100)])
    return connection


def test_the_key_that_lost_its_hits_is_named(database: Database, pair: Pair) -> None:
    """One of 31: 90 more misses of 200 gets; the others are as they were."""
    connection = six_hours(database, pair)
    found = read_and_compare(
        connection,
        PAIR,
        ComparisonSettings(pairs=0),
        since=from_epoch_minute(pair.first),
        until=from_epoch_minute(pair.first + 360),
    )
    assert found.keys is not None
    (hot,) = found.keys.losing
    assert (hot.cache_key, hot.baseline_percent, hot.candidate_percent) == ("hot", 95.0, 50.0)
    assert hot.extra_misses == pytest.approx(90)
    assert hot.share_percent == pytest.approx(100 * 200 / 3200)
    assert (found.keys.keys, found.keys.looked_at) == (31, 31)


def test_samples_say_nothing_of_shares_by_key(database: Database, pair: Pair) -> None:
    """Fifty sampled misses of a key that is as it was change nothing."""
    connection = six_hours(database, pair)
    connection.execute(
        "insert into monitoring.cache_metrics (cache_name, timestamp, implementation_type,"
        " cache_key, operation_type, is_sample)"
        " select %s, %s, %s, 'key-007', 'miss', true from generate_series(1, 50)",
        [CACHE, from_epoch_minute(pair.first + 350), CANDIDATE],
    )
    found = read_and_compare(
        connection,
        PAIR,
        ComparisonSettings(pairs=0),
        since=from_epoch_minute(pair.first),
        until=from_epoch_minute(pair.first + 360),
    )
    assert found.keys is not None
    assert [key.cache_key for key in found.keys.losing] == ["hot"]
    assert found.keys.losing[0].share_percent == pytest.approx(100 * 200 / 3200)


def test_who_may_not_read_events_hears_nothing_of_keys(database: Database, pair: Pair) -> None:
    """A reader sees windows and histograms only: the comparison goes on without keys."""
    connection = six_hours(database, pair)
    connection.execute("set role cache_auditor_reader")
    span = {
        "since": from_epoch_minute(pair.first),
        "until": from_epoch_minute(pair.first + 360),
    }
    assert pairs_of(connection, BASELINE, CANDIDATE, **span) == [PAIR]
    found = read_and_compare(connection, PAIR, ComparisonSettings(pairs=0), **span)
    assert found.keys is None
    assert found.comparison.blocks > 0
    assert np.isfinite(found.comparison.difference("hit_rate").estimate)


def test_a_cache_without_windows_of_both_stops_no_other(database: Database, pair: Pair) -> None:
    """Its series is known, its windows were trimmed: it is noted, and the other is compared."""
    connection = database.connect()
    six = pair.windows.between(pair.first, pair.first + 360)
    write_windows(connection, six)
    write_windows(connection, renamed(six, OTHER, (BASELINE, CANDIDATE)))
    connection.execute(
        "delete from monitoring.cache_metrics_1min where cache_name = %s"
        " and implementation_type = %s",
        [OTHER, CANDIDATE],
    )
    done = tool(*words(pair, "--json"), dsn=database.dsn)
    assert done.returncode == NOT_YET, done.stderr
    assert [each["cache_name"] for each in json.loads(done.stdout)] == [CACHE]
    assert "pages has no implementation 'new'" in " ".join(done.stderr.split())
    assert tool(*words(pair, "--cache", OTHER), dsn=database.dsn).returncode == 2
