"""`observations explain`: judged again from what the database keeps, equal to the bit; and what was
changed is found out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg import Rollback
from psycopg.abc import QueryNoTemplate

from auditor.daemon.learner import refresh
from auditor.explaining.explanation import Explanation, explained
from auditor.explaining.whole import doubts_about
from auditor.statistics.thresholds import Threshold, Thresholds
from auditor.stores.judgements import read_judgements, read_reached
from auditor.stores.observations import list_observations
from auditor.stores.replay import read_replay
from auditor.windows.retention import Keep, retain
from tests.auditor.shell.lived import JUDGING, Lived, lived
from tests.auditor.shell.past import DAYS, NEW, Application, learned
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Cluster, Database

BROKEN = {NEW: 0.5}
WORSE = {NEW: 0.05}
RULES = Thresholds(hit_rate=Threshold(0.02, 0.3))


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Lived]:
    """One observation that opened in minute 3 and was at its worst when it was deepest, later;
    in between everything was learned anew, and thresholds are not the usual ones."""
    with learned(cluster) as database, lived(database) as made:
        made.judging = replace(JUDGING, thresholds=RULES)
        for minute in range(14):
            rate = None if minute < 3 else WORSE if minute in (8, 9, 10) else BROKEN
            made.live(minute, hit_rate=rate)
            made.tick(minute)
            if minute == 5:
                span = timedelta(days=DAYS)
                done = refresh(made.connection, made.at(6), span=span, time_zone="UTC")
                assert done.learned is not None
        yield made


def observed(world: Lived) -> UUID:
    (row,) = list_observations(world.connection, state=None)
    return row.id


def explanations(connection: psycopg.Connection, id_: UUID) -> list[Explanation]:
    kept = read_judgements(connection, id_)
    return [explained(each, read_replay(connection, each)) for each in kept]


def opening(connection: psycopg.Connection, id_: UUID) -> Explanation:
    kept = read_judgements(connection, id_)[0]
    return explained(kept, read_replay(connection, kept))


@contextmanager
def undone(connection: psycopg.Connection) -> Iterator[None]:
    """What is done within is rolled back."""
    with connection.transaction():
        yield
        raise Rollback


def run(connection: psycopg.Connection, statement: str, *parameters: object) -> int:
    return connection.execute(cast(QueryNoTemplate, statement), parameters).rowcount


def test_another_process_judges_it_again_to_the_bit(world: Lived) -> None:
    """The opening and the worst window, under the baselines of each: there was learning between."""
    id_ = observed(world)
    told = document("observations", "explain", str(id_)[:8], dsn=world.database.dsn)
    opened, worst = told["moments"]
    for each in (opened, worst):
        assert each["says"] == "recomputed: equal to the bit"
        assert (each["agreement"], each["differences"]) == ("equal", [])
        assert each["recomputed"]["surprise"] == each["stored"]["surprise"]
    assert (opened["moment"], worst["moment"]) == ("opened", "worst")
    assert opened["minute_window"] == f"{world.at(3):%Y-%m-%d %H:%M}"
    assert opened["first_deviating"] == opened["minute_window"]
    assert world.at(8) <= datetime.fromisoformat(f"{worst['minute_window']}+00:00") <= world.at(12)
    ids = [each["judged_by"]["in_force"][NEW]["baseline_id"] for each in (opened, worst)]
    assert ids[0] < ids[1]
    assert opened["judged_by"]["thresholds"]["hit_rate"] == {"warning": 0.02, "critical": 0.3}
    assert told["doubts"] == []


def test_a_person_reads_expected_actual_parts_cost_and_cause(world: Lived) -> None:
    done = tool("observations", "explain", str(observed(world)), dsn=world.database.dsn,
                COLUMNS="200")  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in (
        "The window that opened it: 2026-03-03 12:03 UTC",
        "First deviating window: 2026-03-03 12:03",
        "ratio_tail.hit_rate.1", "own past", "Cost of this minute: extra loads",
        "Cause 1: this implementation regressed", "for it:", "not measured:",
        "Recomputed: equal to the bit.", "Its worst window: 2026-03-03",
    ):  # fmt: skip
        assert words in done.stdout, words


@pytest.mark.parametrize("minute", [4, 7, 11])
def test_every_window_of_it_can_be_judged_again(world: Lived, minute: int) -> None:
    """Not only those two: what is kept would do for any minute, by its own score."""
    id_ = observed(world)
    opened, worst = read_judgements(world.connection, id_)
    at = opened.minute + minute - 3
    row = world.connection.execute(
        "select surprise, score from monitoring.cache_window_scores"
        " where implementation_type = 'new' and minute_window = %s",
        [world.at(minute)],
    ).fetchone()
    asked = replace(opened if minute <= 5 else worst, minute=at)
    found = explained(asked, read_replay(world.connection, asked)).again
    assert found is not None
    assert (found.judgement.surprise, found.judgement.score) == row


# What was changed ----------------------------------------------------------------------------


TAMPERED = {
    "a stored surprise": "update monitoring.cache_observation_verdicts"
    " set verdict = jsonb_set(verdict, '{surprise}', '12.5')",
    "a channel's statistic": "update monitoring.cache_observation_verdicts"
    " set verdict = jsonb_set(verdict, '{contributions,0,statistic}', '1.5')",
    "a cause": "update monitoring.cache_observation_verdicts"
    " set verdict = jsonb_set(verdict, '{causes}', '[]')",
    "a cost": "update monitoring.cache_observation_verdicts"
    " set verdict = jsonb_set(verdict, '{cost,misses}', '0')",
    "a baseline": "update monitoring.cache_baseline_profiles set centre = centre * 1.001"
    " where metric = 'hit_rate'",
    "a sibling's baseline": "update monitoring.cache_baseline_profiles as p"
    " set centre = centre * 0.999 from monitoring.cache_baseline_metrics as b"
    " where b.id = p.baseline_id and b.implementation_type = 'legacy' and p.metric = 'hit_rate'",
    "a calibration": "update monitoring.cache_calibrations set tails = (select"
    " jsonb_object_agg(key, jsonb_set(value, '{scale}', '9')) from jsonb_each(tails))",
    "the forest": "update monitoring.cache_forests set seed = seed + 1",
    "the thresholds": "update monitoring.cache_observation_verdicts"
    " set rules = jsonb_set(rules, '{thresholds,hit_rate,critical}', '0.9')",
    "a window": "update monitoring.cache_metrics_1min set hits = hits + 1"
    " where implementation_type = 'new' and minute_window = '2026-03-03 12:03Z'",
    "a window of the hour before": "update monitoring.cache_metrics_1min set misses = misses + 40"
    " where implementation_type = 'new' and minute_window = '2026-03-03 11:20Z'",
    "windows of the night before": "update monitoring.cache_metrics_1min set misses = misses + 15"
    " where implementation_type = 'new' and minute_window >= '2026-03-03 00:00Z'"
    " and minute_window < '2026-03-03 07:00Z'",
    "a window's score": "update monitoring.cache_window_scores set surprise = surprise + 0.1"
    " where minute_window = '2026-03-03 12:03Z'",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_stored_value_that_was_changed_is_found_out(world: Lived, what: str) -> None:
    id_ = observed(world)
    with undone(world.connection):
        assert run(world.connection, TAMPERED[what]) > 0
        assert opening(world.connection, id_).in_doubt


def test_the_observation_that_tells_another_peak_is_found_out(world: Lived) -> None:
    id_, connection = observed(world), world.connection

    def doubts() -> list[str]:
        return doubts_about(read_judgements(connection, id_), read_reached(connection, id_))

    assert doubts() == []
    with undone(connection):
        run(connection, "update monitoring.cache_observation_progress"
            " set progress = jsonb_set(progress, '{peak_surprise}', '99')")  # fmt: skip
        assert "peak surprise of 99.0" in doubts()[0]


def test_the_command_ends_with_1_and_names_what_differs(world: Lived) -> None:
    """Small figures are shown, too: what is stored beside what comes out."""
    id_, connection = observed(world), world.connection
    before = connection.execute(
        "select verdict ->> 'surprise' from monitoring.cache_observation_verdicts"
        " where moment = 'opened'"
    ).fetchone()
    assert before is not None
    change = (
        "update monitoring.cache_observation_verdicts"
        " set verdict = jsonb_set(verdict, '{surprise}', %s::jsonb) where moment = 'opened'"
    )
    run(connection, change, "12.5")
    done = tool("observations", "explain", str(id_), dsn=world.database.dsn, COLUMNS="160")
    run(connection, change, before[0])
    assert done.returncode == 1
    assert "1 values differ, and nothing that is stored explains it" in done.stdout
    assert "12.5" in done.stdout


# What differs for a reason -------------------------------------------------------------------


def test_late_events_are_named(learned_database: Database) -> None:
    """A window of its context was made again; so was its own, and its score with it."""
    with lived(learned_database) as world:
        world.play(range(3))
        world.play(range(3, 6), hit_rate=BROKEN)
        late = Application(learned_database.dsn, seed=9)
        late.minute(world.at(1), names=(NEW,), watermark=False)
        late.minute(world.at(3), names=(NEW,), watermark=False)
        late.sink.close()
        world.play(range(6, 8), hit_rate=BROKEN)
        opened = opening(world.connection, observed(world))
    assert opened.agreement == "different"
    assert "late events made windows of 2026-03-03 12:01, 2026-03-03 12:03 again" in opened.says
    assert opened.doubts == ()
    assert not opened.in_doubt


def test_other_versions_are_named_where_it_matters(world: Lived) -> None:
    id_, connection = observed(world), world.connection
    with undone(connection):
        run(connection, "update monitoring.cache_observation_verdicts"
            " set made_with = jsonb_set(made_with, '{numpy}', '\"1.0\"')")  # fmt: skip
        assert {each.says for each in explanations(connection, id_)} == {
            "recomputed: equal to the bit"
        }
        run(connection, TAMPERED["a stored surprise"])
        opened = opening(connection, id_)
        assert "numpy 1.0 then" in opened.says
        assert not any("numpy" in doubt for doubt in opened.doubts)


GONE = {
    "delete from monitoring.cache_baseline_metrics where implementation_type = 'new'":
        r"cannot be recomputed: baseline \d+ of sessions/new is trimmed",
    "delete from monitoring.cache_calibrations where implementation_type = 'new'":
        r"cannot be recomputed: calibration \d+ of sessions/new is trimmed",
    "delete from monitoring.cache_calibrations where implementation_type = 'legacy'":
        r"recomputed: equal to the bit|calibration \d+ of sessions/legacy is trimmed",
    "delete from monitoring.cache_forests": r"values differ; isolation forest \d+ is trimmed",
    "delete from monitoring.cache_metrics_1min":
        "cannot be recomputed: the windows of that time are trimmed",
    "delete from monitoring.cache_metrics_1min where minute_window < '2026-03-03 11:30Z'":
        "values differ; windows before 2026-03-03 11:30 are trimmed, and it takes those too",
    "delete from monitoring.cache_metrics_1min where minute_window < '2026-03-03 07:00Z'":
        "values differ; windows before 2026-03-03 07:00 are trimmed, and it takes those too",
}  # fmt: skip


@pytest.mark.parametrize("statement", GONE)
def test_what_is_no_longer_there_is_named(world: Lived, statement: str) -> None:
    import re

    id_, connection = observed(world), world.connection
    with undone(connection):
        assert run(connection, statement) > 0
        opened = opening(connection, id_)
        assert re.search(GONE[statement], opened.says), opened.says
        assert not opened.in_doubt


def test_an_observation_of_which_nothing_was_kept_says_so(database: Database) -> None:
    """One that came from elsewhere."""
    connection = database.connect()
    run(connection, "insert into monitoring.cache_auditor_observations"
        " (id, severity, category, title, description) values (%s, 'info', 'anomaly', 't', 'd')",
        UUID(int=5))  # fmt: skip
    done = tool("observations", "explain", str(UUID(int=5)), dsn=database.dsn)
    assert done.returncode == 0
    assert "was not kept" in done.stdout


# What is kept as long as it is needed --------------------------------------------------------


def kept_ids(connection: psycopg.Connection) -> dict[str, int]:
    """How many retired ones there are of each."""
    tables = ("cache_baseline_metrics", "cache_calibrations", "cache_forests")
    found: dict[str, Any] = {}
    for table in tables:
        statement = f"select count(*) from monitoring.{table} where not is_active"
        found[table] = connection.execute(cast(QueryNoTemplate, statement)).fetchone()
    return {table: row[0] for table, row in found.items()}


def test_retention_keeps_what_a_stored_score_was_judged_by(world: Lived) -> None:
    """However old it is; it goes when its last score has gone."""
    connection, now = world.connection, world.at(60)
    keep = Keep(minutes=timedelta(days=500), hours=timedelta(0), changes=timedelta(days=500))
    with undone(connection):
        run(connection, "update monitoring.cache_forests set fitted_at = '2020-01-01'")
        run(connection, "update monitoring.cache_calibrations set fitted_at = '2020-01-01'")
        run(connection, "update monitoring.cache_baseline_metrics set created_at = '2020-01-01'")
        before = kept_ids(connection)
        assert before == {
            "cache_baseline_metrics": 2, "cache_calibrations": 2, "cache_forests": 1,
        }  # fmt: skip
        retain(connection, now, keep)
        assert kept_ids(connection) == before
        assert opening(connection, observed(world)).agreement == "equal"
        run(connection, "delete from monitoring.cache_window_scores")
        run(connection, "delete from monitoring.cache_score_runs")
        retain(connection, now, keep)
        assert set(kept_ids(connection).values()) == {0}
