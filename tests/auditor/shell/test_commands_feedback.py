"""`observations ack`, `feedback`, `revoke`: shown first, asked where there is somebody to ask."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from auditor.daemon.learner import read_problems
from auditor.refreshing.problems import Problem
from auditor.stores.feedback import list_feedback, mark_silenced, read_feedback, sign
from auditor.windows.minutes import epoch_minute, floor_minute
from baselines.series import SeriesKey
from tests.auditor.shell.tool import PATIENCE_S, document, tool
from tests.postgres_clusters import Database

NOW = floor_minute(datetime.now(UTC))
DAY = timedelta(days=1)
NEW, LEGACY = SeriesKey("sessions", "new"), SeriesKey("sessions", "legacy")


def observe(
    connection: psycopg.Connection, number: int, ago: timedelta = DAY, *, peak: float = 7.0,
    severity: str = "warning", metric: str = "hit_rate", said: str | None = None,
    implementation: str = "new", over: bool = True, title: str = "",
) -> str:  # fmt: skip
    """An observation of `sessions` that lasted ten minutes; returns its id."""
    id_ = UUID(int=number + (number << 96))
    connection.execute(
        "insert into monitoring.cache_auditor_observations (id, cache_name, implementation_type,"
        " severity, category, title, description, metric_name, first_window, state, resolved_at)"
        " values (%(id)s, 'sessions', %(new)s, %(severity)s, 'performance', %(title)s, 'd',"
        " %(metric)s, %(at)s, case when %(over)s then 'resolved' else 'open' end,"
        " case when %(over)s then %(at)s + interval '10 minutes' end)",
        {"id": id_, "new": implementation, "severity": severity, "at": NOW - ago, "over": over,
         "title": title or f"t{number}", "metric": metric},
    )  # fmt: skip
    connection.execute(
        "insert into monitoring.cache_observation_progress (observation_id, last_window, progress)"
        " values (%s, %s, jsonb_build_object('peak_surprise', %s::float8))",
        [id_, NOW - ago, peak],
    )
    if said:
        sign(connection, id_, by="ann", reason=said, note="", scope="metric", expires=None)
    return str(id_)


@pytest.fixture
def connection(database: Database) -> psycopg.Connection:
    """An alarm that is going to be called false, one like it, one worse, one that was real."""
    made = database.connect()
    observe(made, 1, over=False)
    observe(made, 2, 3 * DAY)
    observe(made, 3, 4 * DAY, peak=30.0)
    observe(made, 4, 5 * DAY, said="fixed", title="the real one")
    observe(made, 5, 6 * DAY, metric="traffic")
    return made


def acknowledged(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "select title from monitoring.cache_auditor_observations where acknowledged order by 1"
    )
    return [title for (title,) in found]


ONE = "00000001"
ACK = ("observations", "ack", ONE, "--reason", "false-alarm", "--by", "ada")


def test_it_shows_what_it_would_have_silenced_and_marks_the_real_ones(
    connection: psycopg.Connection, database: Database
) -> None:
    """Before it signs; what was worse would have been silent at first only if it opened so."""
    done = tool(*ACK, dsn=database.dsn, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "keeps quiet hit_rate of sessions/new, up to warning and a surprise of 7.5" in lines[0]
    assert "Its windows are learned as ordinary." in lines[0]
    assert lines[1] == (
        "Of the 4 other observations that are kept it would have silenced 2, 1 of them confirmed "
        "as real."
    )
    (real,) = [line for line in lines if "the real one" in line]
    assert "REAL, fixed" in real
    assert lines[-1].endswith("acknowledged by ada: t1 (feedback 2)")
    assert acknowledged(connection) == ["t1", "the real one"]


def test_a_dry_run_signs_nothing(connection: psycopg.Connection, database: Database) -> None:
    (one,) = document(*ACK, "--dry-run", dsn=database.dsn)
    assert (one["outcome"], one["feedback_id"]) == ("not signed", None)
    told = one["preview"]
    assert (told["bar"], told["severity"], told["kept"], told["confirmed"]) == (7, "warning", 4, 1)
    assert told["scope"] == {
        "cache_name": "sessions", "implementation_type": "new", "metric": "hit_rate",
    }  # fmt: skip
    assert [(each["title"], each["effect"], each["confirmed"]) for each in told["would"]] == [
        ("the real one", "silenced", True), ("t2", "silenced", False),
    ]  # fmt: skip
    assert acknowledged(connection) == ["the real one"]


def test_json_signs_without_asking(connection: psycopg.Connection, database: Database) -> None:
    (one,) = document(*ACK, "--scope", "series", "--expires", "1d 12h", dsn=database.dsn)
    assert one["outcome"] == "acknowledged"
    assert {each["title"] for each in one["preview"]["would"]} == {"t2", "t5", "the real one"}
    (row,) = list_feedback(connection, datetime.now(UTC), every=False)
    assert row.id == one["feedback_id"]
    assert (row.scope_metric, row.bar) == (None, 7.0)
    assert row.expires_at is not None
    assert row.expires_at - row.acknowledged_at == timedelta(hours=36)


def at_a_terminal(dsn: str, answer: str, *words: str) -> tuple[int, str]:
    """The exit code and what is shown where somebody sits before it and answers."""
    master, slave = pty.openpty()
    os.write(master, answer.encode())
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    command = [sys.executable, "-m", "auditor", "--dsn", dsn, *words]
    done = subprocess.run(
        command, stdin=slave, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        env=environment,
    )  # fmt: skip
    os.close(slave)
    os.close(master)
    return done.returncode, done.stdout


def test_a_person_is_asked_after_it_was_shown(
    connection: psycopg.Connection, database: Database
) -> None:
    code, said = at_a_terminal(database.dsn, "n\n", *ACK)
    assert code == 1
    assert said.index("would have silenced 2") < said.index("sign it?") < said.index("not signed")
    assert acknowledged(connection) == ["the real one"]
    code, said = at_a_terminal(database.dsn, "y\n", *ACK)
    assert (code, "acknowledged by ada" in said) == (0, True)
    assert acknowledged(connection) == ["t1", "the real one"]


def test_yes_does_not_ask(connection: psycopg.Connection, database: Database) -> None:
    code, said = at_a_terminal(database.dsn, "", *ACK, "--dry-run")
    assert (code, "sign it?" in said) == (0, False)
    assert acknowledged(connection) == ["the real one"]
    code, said = at_a_terminal(database.dsn, "", *ACK, "--yes")
    assert (code, "sign it?" in said) == (0, False)
    assert acknowledged(connection) == ["t1", "the real one"]


def test_the_same_id_twice_is_signed_once(
    connection: psycopg.Connection, database: Database
) -> None:
    found = document("observations", "ack", ONE, ONE, "--reason", "fixed", dsn=database.dsn, code=2)
    assert [each["outcome"] for each in found] == ["acknowledged", "already"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scope", "world"), "'world' is not one of metric, series, cache-metric, cache"),
        (("--expires", "soon"), "'soon' is no length of time"),
        (("--expires", "0m"), "is not between a minute and 366 days"),
        (("--expires", "9999d"), "is not between a minute and 366 days"),
        (("--expires", "99999999999999d"), "--expires"),
        (("--reason", "fixed", "--expires", "1d"), "fixed silences nothing"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    database: Database, words: tuple[str, ...], says: str
) -> None:
    done = tool(*ACK, *words, dsn=database.dsn, COLUMNS="300")
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())


# Listing and revoking ------------------------------------------------------------------------


def test_feedback_is_listed_while_it_counts(
    connection: psycopg.Connection, database: Database
) -> None:
    """What is over, revoked, taken back or silences nothing only with --all, with its state."""
    for number, said in enumerate(("false-alarm", "expected", "new-normal", "false-alarm"), 10):
        observe(connection, number, said=said)
    connection.execute(
        "update monitoring.cache_acknowledgements set acknowledged_at = now() - interval '60 d',"
        " expires_at = now() where id = 2"
    )
    connection.execute(
        "update monitoring.cache_auditor_observations set acknowledged = false where title = 't13'"
    )
    assert tool("observations", "revoke", "3", "--by", "bob", dsn=database.dsn).returncode == 0
    listed = document("observations", "feedback", dsn=database.dsn)
    assert [(row["id"], row["state"]) for row in listed] == [(4, "active")]
    every = document("observations", "feedback", "--all", dsn=database.dsn)
    assert [(row["id"], row["state"], row["revoked_by"]) for row in every] == [
        (5, "taken back", None), (4, "active", None), (3, "revoked", "bob"),
        (2, "expired", None), (1, "said", None),
    ]  # fmt: skip
    shown = tool("observations", "feedback", dsn=database.dsn, COLUMNS="200").stdout
    assert "hit_rate of sessions/new" in shown


def test_an_expected_problem_counts_until_it_is_over(
    connection: psycopg.Connection,
) -> None:
    """Whenever it was to expire; and then until its expiry at least."""
    for number, over in ((10, True), (11, False)):
        observe(connection, number, 3 * DAY, said="expected", over=over)
    connection.execute(
        "update monitoring.cache_acknowledgements set acknowledged_at = now() - interval '60 d',"
        " expires_at = now() - interval '59 d' where reason = 'expected'"
    )
    rows = list_feedback(connection, datetime.now(UTC), every=False)
    assert [row.title for row in rows] == ["t11"]
    (found,) = read_feedback(connection, NOW)
    assert (found.expires, found.stands(epoch_minute(NOW) + 10**6)) == (None, True)
    # catching up what was before: then the other one counted as well
    both = read_feedback(connection, NOW - 4 * DAY)
    assert [each.expires for each in both] == [
        epoch_minute(NOW - 3 * DAY + timedelta(minutes=10)), None,
    ]  # fmt: skip


def test_a_new_normal_that_is_learned_is_so_listed(connection: psycopg.Connection) -> None:
    observe(connection, 10, said="new-normal")
    now = datetime.now(UTC)

    def state() -> str:
        return list_feedback(connection, now, every=True)[0].state

    def learned(first: datetime, windows: int) -> None:
        connection.execute("delete from monitoring.cache_baseline_metrics")
        connection.execute(
            "insert into monitoring.cache_baseline_metrics (cache_name, implementation_type,"
            " baseline_period_start, baseline_period_end, sample_size)"
            " values ('sessions', 'new', %s, %s, %s)",
            [first, first + 2 * DAY, windows],
        )

    assert state() == "active"
    learned(NOW - 2 * DAY, 5000)
    assert state() == "active"
    learned(NOW - DAY, 1439)
    assert state() == "active"
    learned(NOW - DAY, 1440)
    assert state() == "learned"


def test_the_tick_reads_what_may_silence(connection: psycopg.Connection) -> None:
    """Not `fixed`, nothing that is over; a false alarm's bar grows with its observation."""
    id_ = observe(connection, 10, said="false-alarm", over=False)
    connection.execute(
        "update monitoring.cache_observation_progress"
        " set progress = '{\"peak_surprise\": 9.5}' where observation_id = %s",
        [id_],
    )
    (found,) = read_feedback(connection, NOW)
    assert (str(found.observation_id), found.reason, found.bar) == (id_, "false-alarm", 9.5)
    assert found.scope.covers("sessions", "new", "hit_rate")
    assert found.since == epoch_minute(NOW - DAY)
    assert found.expires is not None
    assert read_feedback(connection, NOW + 31 * DAY) == []


def test_revoking_what_is_not_there_is_an_error(database: Database) -> None:
    done = tool("observations", "revoke", "77", dsn=database.dsn)
    assert done.returncode == 2
    assert "there is no feedback 77" in done.stderr
    empty = tool("observations", "feedback", dsn=database.dsn)
    assert "no feedback silences anything" in empty.stdout


def test_revoking_twice_says_so(connection: psycopg.Connection, database: Database) -> None:
    observe(connection, 10, said="expected")
    said = [document("observations", "revoke", "2", dsn=database.dsn) for _ in range(2)]
    assert [each["outcome"] for each in said] == ["revoked", "already"]


# What is learned -----------------------------------------------------------------------------


def scored(connection: psycopg.Connection, key: SeriesKey, minute: datetime) -> None:
    connection.execute(
        "insert into monitoring.cache_window_scores (cache_name, implementation_type,"
        " minute_window, run_id) values (%s, %s, %s, 0)",
        [key.cache_name, key.implementation_type, minute],
    )


@pytest.mark.parametrize(
    ("reason", "revoke", "left_out"),
    [
        ("false-alarm", False, False),
        ("false-alarm", True, True),
        ("expected", False, True),
        ("new-normal", False, False),
    ],
)
def test_what_was_silenced_is_learned_only_where_that_was_said(
    database: Database, reason: str, revoke: bool, left_out: bool
) -> None:
    """Expected ones were real; so are false alarms that somebody took back."""
    connection = database.connect()
    observe(connection, 10, said=reason)
    at = NOW - timedelta(hours=3)
    scored(connection, NEW, at)
    scored(connection, NEW, at + timedelta(minutes=1))
    mark_silenced(connection, [(NEW, epoch_minute(at), 1), (LEGACY, epoch_minute(at), 1)])
    mark_silenced(connection, [])
    if revoke:
        connection.execute("select monitoring.revoke_acknowledgement(1, 'bob')")
    first = epoch_minute(at)
    silenced = [each for each in read_problems(connection, NOW - 7 * DAY) if each.first == first]
    assert silenced == ([Problem(NEW, first, first + 1, "expected")] if left_out else [])


def test_what_is_revoked_no_longer_counts_in_learning(database: Database) -> None:
    connection = database.connect()
    observe(connection, 10, said="new-normal")

    def reasons() -> list[str | None]:
        return [each.reason for each in read_problems(connection, NOW - 7 * DAY)]

    assert reasons() == ["new-normal"]
    connection.execute("select monitoring.revoke_acknowledgement(1, 'bob')")
    assert reasons() == [None]


def test_a_new_normal_of_all_implementations_is_learned_anew_by_all(database: Database) -> None:
    connection = database.connect()
    connection.execute(
        "insert into monitoring.cache_series values ('sessions', 'new', '', now(), now()),"
        " ('sessions', 'legacy', '', now(), now()), ('pages', 'legacy', '', now(), now())"
    )
    observe(connection, 10)
    id_ = UUID(int=10 + (10 << 96))
    sign(connection, id_, by="ann", reason="new-normal", note="", scope="cache", expires=None)
    found = read_problems(connection, NOW - 7 * DAY)
    assert {(each.key, each.reason) for each in found} == {
        (NEW, "new-normal"), (LEGACY, "new-normal"),
    }  # fmt: skip
    assert {each.first for each in found} == {epoch_minute(NOW - DAY)}
