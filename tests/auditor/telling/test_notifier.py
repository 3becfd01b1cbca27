"""What reaches a real receiver that answers, fails, hangs and comes back; and what the outbox says.

Time is handed in, so that hours of pauses pass at once.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from auditor.delivering import outbox, targets
from auditor.delivering.notifier import Notifier
from auditor.delivering.outbox import count_notifications, list_notifications, retry
from auditor.delivering.targets import targets_of
from auditor.errors import MissingExtra, SettingsInvalid
from auditor.examining.notifications import notifications_finding
from auditor.notifying.reading import Notified, read_notify
from auditor.notifying.wording import Place
from tests.auditor.telling.problems import ends, gets_worse, is_signed, opens, returns
from tests.auditor.telling.receiver import PATIENCE_S, Receiver
from tests.postgres_clusters import Database

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOKEN = "s3cr3t-tok3n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def connection(database: Database) -> psycopg.Connection:
    return database.connect()


def route(*urls: str, **words: object) -> tuple[Notified, ...]:
    return read_notify([{"name": "chat", "url": list(urls), **words}])


def notifier(connection: psycopg.Connection, *routes: Notified) -> Notifier:
    """One that has begun to listen."""
    made = Notifier(targets_of(routes), Place(), lambda: 0.0)
    made.step(connection, NOW)
    return made


def work(made: Notifier, connection: psycopg.Connection, now: datetime = NOW) -> None:
    """Steps until nothing is due and nothing is being sent."""
    made.work_off(connection, lambda: now, timedelta(seconds=PATIENCE_S))


def after(**length: float) -> datetime:
    return NOW + timedelta(**length)


# One message a problem ---------------------------------------------------------------------------


def test_a_problem_is_told_when_it_opens_gets_worse_and_ends(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """Each once; a change of something else, and a problem of no interest, are not told."""
    made = notifier(connection, *route(receiver.url(), severity="info", caches=["pages"]))
    id_ = opens(connection, "it fell")
    opens(connection, "not ours", cache="users")
    work(made, connection)
    connection.execute("update monitoring.cache_auditor_observations set cause = 'stampede'")
    work(made, connection)
    gets_worse(connection, id_)
    work(made, connection)
    ends(connection, id_)
    work(made, connection)
    returns(connection, id_)
    work(made, connection)
    assert receiver.taken == [
        "[warning] opened: it fell", "[critical] escalated: it fell",
        "[critical] resolved: it fell", "[critical] open again: it fell",
    ]  # fmt: skip
    first = receiver.next()
    assert "hit rate: 41.2 %, expected 88.0 %" in first["message"]
    assert (first["type"], first["path"]) == ("warning", f"/{TOKEN}")
    assert list_notifications(connection) == []


def test_what_was_open_before_anybody_listened_is_not_told(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """Neither that it is open nor that it ended; a worse turn is."""
    id_, other = opens(connection, "before"), opens(connection, "gets worse")
    made = notifier(connection, *route(receiver.url()))
    ends(connection, id_)
    gets_worse(connection, other)
    work(made, connection)
    assert receiver.taken == ["[critical] escalated: gets worse"]


def test_a_signed_problem_is_quiet_until_it_turns_worse(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    made = notifier(connection, *route(receiver.url()))
    id_ = opens(connection, "known")
    work(made, connection)
    is_signed(connection, id_)
    gets_worse(connection, id_)
    work(made, connection)
    ends(connection, id_)
    work(made, connection)
    returns(connection, id_)
    work(made, connection)
    assert receiver.taken == ["[warning] opened: known", "[critical] open again: known"]


def test_a_crowd_is_one_message(connection: psycopg.Connection, receiver: Receiver) -> None:
    made = notifier(connection, *route(receiver.url()))
    for number in range(6):
        opens(connection, f"problem {number}")
    work(made, connection)
    assert receiver.taken == ["6 problems"]
    assert receiver.next()["message"].count("opened: problem") == 6


# Quiet hours -------------------------------------------------------------------------------------


def test_quiet_hours_hold_back_what_is_not_grave(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """A critical problem passes, one that becomes critical too. What lasts is told when they end,
    what came and went meanwhile in one message, what was signed not at all."""
    made = notifier(connection, *route(receiver.url(), quiet_hours="11:00-13:00"))
    lasts, turns = opens(connection, "lasts"), opens(connection, "turns critical")
    over, too = opens(connection, "over"), opens(connection, "over too")
    signed = opens(connection, "signed")
    opens(connection, "critical", "critical")
    work(made, connection)
    assert receiver.taken == ["[critical] opened: critical"]
    gets_worse(connection, turns)
    for id_ in (over, too):
        ends(connection, id_)
    is_signed(connection, signed)
    work(made, connection, after(minutes=30))
    assert receiver.taken[1:] == ["[critical] escalated: turns critical"]
    assert {row.because for row in list_notifications(connection)} == {"quiet hours"}
    work(made, connection, after(minutes=60))
    assert receiver.taken[2:] == ["[warning] opened: lasts", "2 problems, all of them over"]
    ends(connection, lasts)
    work(made, connection, after(minutes=61))
    assert receiver.taken[4:] == ["[warning] resolved: lasts"]


# Failures ----------------------------------------------------------------------------------------


def test_a_message_that_fails_is_tried_again_and_arrives_once(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """Not before its pause is over; the other target has had it, and does not get it again."""
    with Receiver() as other:
        made = notifier(connection, *route(receiver.url(), other.url()))
        receiver.status = 503
        opens(connection, "it fell")
        work(made, connection)
        (row,) = list_notifications(connection)
        assert (row.attempts, row.due_at, row.failing_since) == (1, after(seconds=2.5), NOW)
        assert "503" in row.because
        assert notifications_finding(1, count_notifications(connection), NOW).status == "ok"
        work(made, connection, after(seconds=2))
        assert receiver.messages.qsize() == 1
        work(made, connection, after(seconds=3))
        assert list_notifications(connection)[0].attempts == 2
        receiver.status = 200
        work(made, connection, after(seconds=10))
        assert receiver.taken == other.taken == ["[warning] opened: it fell"]
        assert other.messages.qsize() == 1
    assert list_notifications(connection) == []


def test_while_a_target_is_away_only_how_things_are_now_waits_for_it(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """It opened, got worse and ended meanwhile: one line, and not three messages."""
    made = notifier(connection, *route(receiver.url()))
    receiver.status = 500
    id_ = opens(connection, "it fell")
    work(made, connection)
    gets_worse(connection, id_)
    work(made, connection, after(seconds=1))
    ends(connection, id_)
    work(made, connection, after(seconds=2))
    assert receiver.messages.qsize() == 1
    receiver.status = 200
    work(made, connection, after(seconds=5))
    assert receiver.taken == ["1 problem, over"]


def test_a_message_is_given_up_after_a_day_and_taken_up_again_when_asked(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """Nobody answers there; the reason has no part of the address."""
    (gone,) = route(f"json://127.0.0.1:{closed_port()}/{TOKEN}?+X-Key=hunter2hunter2")
    made = notifier(connection, gone)
    opens(connection, "it fell")
    work(made, connection)
    (row,) = list_notifications(connection)
    assert row.because
    assert not any(part in row.because for part in (TOKEN, "s3cr3t", "hunter2"))
    work(made, connection, after(hours=24))
    (row,) = list_notifications(connection)
    assert (row.due_at, row.dead_at, row.attempts) == (None, after(hours=24), 2)
    finding = notifications_finding(1, count_notifications(connection), NOW)
    assert (finding.status, finding.found) == ("warning", "messages were given up: chat 1")
    work(made, connection, after(hours=30))
    assert retry(connection, "other", after(hours=31)) == 0
    assert retry(connection, None, after(hours=31)) == 1
    work(made, connection, after(hours=31))
    assert [row.attempts for row in list_notifications(connection)] == [1]


def test_a_dead_letters_problem_that_changes_is_told(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    receiver.status = 410
    made = notifier(connection, *route(receiver.url()))
    id_ = opens(connection, "it fell")
    work(made, connection)
    work(made, connection, after(hours=25))
    assert [row.dead_at for row in list_notifications(connection)] == [after(hours=25)]
    receiver.status = 200
    gets_worse(connection, id_)
    work(made, connection, after(hours=26))
    assert receiver.taken == ["[critical] escalated: it fell"]


def test_a_target_that_hangs_holds_up_no_other(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """The step goes on, the others hear at once, and what came for it meanwhile waits its turn."""
    release = threading.Event()
    with Receiver(lambda _: release.wait(PATIENCE_S) and None) as hanging:
        routes = (*route(receiver.url()), replace_name(route(hanging.url("slow")), "slow"))
        made = notifier(connection, *routes)
        id_ = opens(connection, "one")
        deadline = time.monotonic() + PATIENCE_S
        while not receiver.taken:
            made.step(connection, NOW)
            assert time.monotonic() < deadline
        hanging.next()
        opens(connection, "two")
        gets_worse(connection, id_)  # while it is being sent
        while len(receiver.taken) < 3:
            made.step(connection, NOW)
            assert time.monotonic() < deadline
        assert hanging.messages.empty()
        release.set()
        work(made, connection, NOW)
        assert Counter(hanging.taken) == Counter(receiver.taken)
        assert "[critical] escalated: one" in hanging.taken


def replace_name(routes: tuple[Notified, ...], name: str) -> Notified:
    (one,) = routes
    return replace(one, route=replace(one.route, name=name))


def closed_port() -> int:
    with Receiver() as gone:
        return gone.port


# Several daemons, kills --------------------------------------------------------------------------


def test_two_daemons_send_each_message_once(database: Database, receiver: Receiver) -> None:
    """Both look at the same time, again and again, while problems open."""
    speaker = database.connect()
    routes = route(receiver.url())
    both = [(notifier(c, *routes), c) for c in (database.connect(), database.connect())]
    done = threading.Event()

    def steps(made: Notifier, mine: psycopg.Connection) -> None:
        while not done.is_set():
            made.step(mine, NOW)
        work(made, mine)

    threads = [threading.Thread(target=steps, args=one) for one in both]
    for thread in threads:
        thread.start()
    for number in range(12):
        opens(speaker, f"problem {number}")
    done.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    told = Counter[str]()
    while not receiver.messages.empty():
        sent = receiver.messages.get()
        lines = (
            sent["message"].splitlines() if sent["title"].endswith("problems") else [sent["title"]]
        )
        told.update(line.split("opened: ")[1].split(" (")[0] for line in lines)
    assert told == Counter(f"problem {number}" for number in range(12))


DAEMON = """
import sys
from datetime import datetime
from auditor.delivering.notifier import Notifier
from auditor.delivering.targets import targets_of
from auditor.notifying.reading import read_notify
from auditor.notifying.wording import Place
from auditor.postgres.database import opened
dsn, url, now = sys.argv[1:]
notifier = Notifier(targets_of(read_notify([{"name": "chat", "url": url}])), Place())
connection = opened(dsn)
while True:
    notifier.step(connection, datetime.fromisoformat(now))
"""


def test_killed_between_sending_and_noting_it_is_sent_again_by_another(
    database: Database, connection: psycopg.Connection
) -> None:
    """At least once: not while the dead one's claim holds, and then once."""
    daemon: list[subprocess.Popen[bytes]] = []

    def kill(_: object) -> None:
        if daemon:
            daemon.pop().kill()

    with Receiver(kill) as receiver:
        made = notifier(connection, *route(receiver.url()))
        opens(connection, "it fell")
        command = [sys.executable, "-c", DAEMON, database.dsn, receiver.url(), NOW.isoformat()]
        process = subprocess.Popen(command)
        daemon.append(process)
        receiver.next()
        assert process.wait(PATIENCE_S) == -9
        work(made, connection, after(minutes=1))
        assert receiver.messages.empty()
        work(made, connection, after(minutes=4))
        assert receiver.next()["title"] == "[warning] opened: it fell"
        work(made, connection, after(minutes=9))
        assert receiver.messages.empty()


def test_what_waits_for_an_address_that_is_gone_is_buried(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    """After an hour, so that a daemon with other settings has its time."""
    receiver.status = 500
    made = notifier(connection, *route(receiver.url()))
    opens(connection, "it fell")
    work(made, connection)
    other = [("chat", "another")]
    assert outbox.bury(connection, other, after(minutes=30)) == 0
    assert outbox.bury(connection, other, after(minutes=90)) == 1
    assert "no longer in the settings" in list_notifications(connection)[0].because


def test_a_problem_that_was_deleted_is_forgotten(
    connection: psycopg.Connection, receiver: Receiver
) -> None:
    receiver.status = 500
    made = notifier(connection, *route(receiver.url()))
    opens(connection, "it fell")
    work(made, connection)
    connection.execute("delete from monitoring.cache_auditor_observations")
    work(made, connection, after(minutes=1))
    assert list_notifications(connection) == []


# Addresses ---------------------------------------------------------------------------------------


def test_an_address_that_cannot_be_used_is_said_without_showing_it() -> None:
    """All of them at once; a variable is named, what it holds is not."""
    (one,) = read_notify(
        [{"name": "a", "url": "nosuchservice://hunter2hunter2", "url_variable": ["X", "Y"]}]
    )
    with pytest.raises(SettingsInvalid) as invalid:
        targets_of([one], {"Y": "discord://hunter2hunter2"})
    assert len(invalid.value.faults) == 3
    assert "environment variable X is not set" in str(invalid.value)
    assert "what Y holds is none that apprise knows" in str(invalid.value)
    assert "hunter2" not in str(invalid.value)


def test_a_target_is_called_by_its_service_and_never_by_its_address() -> None:
    (one,) = read_notify([{"name": "a", "url": "json://host/x", "url_variable": "X"}])
    found = targets_of([one], {"X": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c"})
    assert [target.label for target in found] == ["a 1 (json)", "a 2 (slack)"]
    assert "T1JJ3T3L2" not in f"{found!r}"
    with pytest.raises(SettingsInvalid, match="there twice"):
        targets_of([one], {"X": "json://host/x"})


def test_apprise_is_asked_for_only_when_somebody_is_to_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(targets, "find_spec", lambda _: None)
    assert targets_of(()) == ()
    with pytest.raises(MissingExtra, match=r"needs apprise.*cache-auditor\[serve\]"):
        targets_of(route("json://x"))
