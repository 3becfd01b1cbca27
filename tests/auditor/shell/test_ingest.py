"""The ingest through real HTTP, on a real server process, over a real database."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auditor.gateway.bodies import PACKED, unpacked
from auditor.gateway.refusals import Refusal
from collector.batch import Batch, Beat
from collector.parts import numbered
from collector.sinks.wire import pack_batch, pack_beat
from collector.weights import aggregate
from tests.auditor.shell.served import KEY, STRANGER, TOKEN, Served, serving
from tests.auditor.shell.tool import tool
from tests.collector.made import NOW, batch
from tests.postgres_clusters import Database

REFERENCE = "/functions/v1/cache-metrics-aggregator"
STARTED = datetime.now(UTC).replace(microsecond=250_000)


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    with serving(database.dsn) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60) as made:
        yield made


def one(conn: psycopg.Connection, query: str) -> Any:
    found = conn.execute(query.encode()).fetchone()
    assert found is not None
    return found[0] if len(found) == 1 else found


def metric(seconds: float, **changes: Any) -> dict[str, Any]:
    """One metric as the reference's old client sends it: nulls, and an instant without a zone."""
    when = (STARTED - timedelta(seconds=seconds)).replace(tzinfo=None)
    made = {
        "cache_key": "user:42",
        "operation_type": "hit",
        "implementation_type": "new",
        "response_time_ms": 12,
        "cache_size": None,
        "error_type": None,
        "error_message": None,
        "metadata": None,
        "timestamp": when.isoformat(),
    }
    return made | changes


BODY = {
    "metrics": [
        metric(1),
        metric(2, operation_type="miss", response_time_ms=85.5, implementation_type="legacy"),
        metric(70, operation_type="set", cache_size=1000, metadata={"ttl": 300}),
        metric(71, operation_type="error", error_type="ConnectionError", error_message="refused",
               response_time_ms=None, cache_key=None),
    ]
}  # fmt: skip


# The reference's endpoint ------------------------------------------------------------------------


def test_the_references_own_body_is_accepted(client: httpx.Client, database: Database) -> None:
    """Nulls are kept, instants without a zone are UTC, keys are hashed, windows are counted."""
    answer = client.post(REFERENCE, json=BODY)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["success"], found["metrics_stored"]) == (True, 4)
    minutes = {
        ((STARTED - timedelta(seconds=s)).replace(second=0, microsecond=0), kind)
        for s, kind in ((1, "new"), (2, "legacy"), (70, "new"), (71, "new"))
    }
    assert found["aggregations_created"] == len(minutes)
    rows = database.connect().execute(
        "select operation_type, implementation_type, response_time_ms, cache_size, error_type,"
        " error_message, metadata, timestamp, length(cache_key), cache_name"
        " from monitoring.cache_metrics order by timestamp desc"
    ).fetchall()  # fmt: skip
    at = [STARTED - timedelta(seconds=seconds) for seconds in (1, 2, 70, 71)]
    assert rows == [
        ("hit", "new", 12.0, None, None, None, None, at[0], 32, "default"),
        ("miss", "legacy", 85.5, None, None, None, None, at[1], 32, "default"),
        ("set", "new", 12.0, 1000, None, None, {"ttl": 300}, at[2], 32, "default"),
        ("error", "new", None, None, "ConnectionError", "refused", None, at[3], 0, "default"),
    ]


def test_fault_9_a_body_that_comes_again_is_stored_once_and_answered_alike(
    client: httpx.Client, database: Database
) -> None:
    """By its content; by a key where one is given; and what differs in anything is another."""
    first = client.post(REFERENCE, json=BODY)
    again = client.post(REFERENCE, json=BODY)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    conn = database.connect()
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 4
    for _ in range(2):
        keyed = client.post(REFERENCE, json=BODY, headers={"Idempotency-Key": "run 7"})
        assert keyed.json()["metrics_stored"] == 4
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 8
    other = {"metrics": BODY["metrics"][:1]}
    misused = client.post(REFERENCE, json=other, headers={"Idempotency-Key": "run 7"})
    assert (misused.status_code, "another body" in misused.json()["error"]) == (422, True)


def test_after_a_day_the_same_body_is_a_new_one(client: httpx.Client, database: Database) -> None:
    """24 hours by the server's clock, and old replies are removed."""
    client.post(REFERENCE, json=BODY)
    conn = database.connect()
    conn.execute("update monitoring.cache_ingest_replies set first_at = now() - interval '25 h'")
    client.post(REFERENCE, json={"metrics": [metric(3)]})
    assert one(conn, "select count(*) from monitoring.cache_ingest_replies") == 1
    client.post(REFERENCE, json=BODY)
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 9


def test_a_reply_that_was_never_written_is_made_again(
    client: httpx.Client, database: Database
) -> None:
    """The server was killed between storing and answering: stored once, answered alike."""
    first = client.post(REFERENCE, json=BODY)
    conn = database.connect()
    conn.execute("update monitoring.cache_ingest_replies set reply = null")
    assert client.post(REFERENCE, json=BODY).json() == first.json()
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 4


def test_the_same_body_at_once_is_stored_once(client: httpx.Client, database: Database) -> None:
    """Eight callers, one content: one is stored, and all hear the same."""
    answers: list[Any] = []

    def post() -> None:
        answers.append(client.post(REFERENCE, json=BODY).json())

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 4


def test_bad_rows_are_refused_by_place_and_the_others_kept(
    client: httpx.Client, database: Database
) -> None:
    """Each with its reason; what only the database can refuse is bisected out."""
    database.connect().execute(
        "alter table monitoring.cache_metrics add constraint odd check (error_type <> 'odd')"
    )
    bad = [
        (1, metric(1, operation_type="peek"), "operation_type"),
        (2, metric(1, timestamp="yesterday"), "ISO 8601"),
        (3, metric(20 * 86_400), "outside"),
        (5, metric(1, error_type="odd"), "violates check constraint"),
        (6, metric(1, response_time_ms=-3), "negative"),
        (7, "no object", "not a JSON object"),
        (8, metric(1, cache_key=7), "cache_key"),
        (9, metric(1, metadata="text"), "metadata"),
    ]
    metrics: list[Any] = [metric(seconds) for seconds in range(12)]
    for index, wrong, _ in bad:
        metrics[index] = wrong
    found = client.post(REFERENCE, json={"metrics": metrics}).json()
    assert found["metrics_stored"] == 4
    assert [each["index"] for each in found["refused"]] == [index for index, _, _ in bad]
    for each, (_, _, words) in zip(found["refused"], bad, strict=True):
        assert words in each["reason"]
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 4


def test_a_body_without_metrics_is_an_empty_one(client: httpx.Client) -> None:
    """Nothing stored is an answer, not an error."""
    found = client.post(REFERENCE, json={"metrics": []}).json()
    assert (found["success"], found["metrics_stored"], found["aggregations_created"]) == (
        True,
        0,
        0,
    )


RUBBISH = [
    (b"", "line 1 column 1"),
    (b'{"metrics": [}', "line 1 column 14"),
    (b"\xff\xfe\x00", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"[]", '"metrics" is no array'),
    (b'{"metrics": {}}', '"metrics" is no array'),
]


def test_rubbish_is_refused_with_where(client: httpx.Client) -> None:
    """400 and the place, on every route; never a 500."""
    for content, words in RUBBISH:
        for path in (REFERENCE, "/v1/batches", "/v1/beats"):
            answer = client.post(path, content=content)
            assert answer.status_code == 400, (path, content[:20])
            assert answer.json()["success"] is False
            assert path != REFERENCE or words in answer.json()["error"]


# Our own collectors ------------------------------------------------------------------------------


def test_a_batch_is_stored_once_under_its_own_id(client: httpx.Client, database: Database) -> None:
    """Rows, weights and the beat in one transaction; again it is a duplicate."""
    made = batch(1)
    full = Batch(
        made.collector_id, 1, made.rows, aggregate(made.rows), "host-a",
        Beat(made.collector_id, "host-a", 7, "1.0", NOW, NOW, recorded=10),
    )  # fmt: skip
    first = client.post("/v1/batches", content=pack_batch(full)).json()
    again = client.post(
        "/v1/batches", content=gzip.compress(pack_batch(full)), headers={"Content-Encoding": "gzip"}
    ).json()
    assert (first["duplicate"], first["events"], first["refused"]) == (False, 10, [])
    assert again["duplicate"] is True
    conn = database.connect()
    assert one(conn, "select count(*), count(distinct node) from monitoring.cache_metrics") == (
        10,
        1,
    )
    assert one(conn, "select sum(n) from monitoring.cache_metric_weights") == 10
    assert one(conn, "select node, pid, recorded from monitoring.cache_collectors") == (
        "host-a",
        7,
        10,
    )
    asked = client.get(f"/v1/batches/{made.collector_id}/1").json()
    assert asked == {"stored": True}
    assert client.get(f"/v1/batches/{made.collector_id}/2").json() == {"stored": False}


def test_rows_of_another_form_are_refused_by_place(
    client: httpx.Client, database: Database
) -> None:
    """Whatever a stranger makes of a row: refused alone, by the ingest or by the database."""
    found = json.loads(pack_batch(batch(1)))
    found["rows"][0] = ["too", "short"]
    found["rows"][3][0] = 1.5
    found["rows"][4][1] = None
    found["rows"][5][2] = "nul\0"
    found["rows"][6][5] = float(2**70)
    found["rows"][7] = {"an": "object"}
    found["rows"][8][0] = 2**62
    found["rows"][9][1] = "peek"
    answer = client.post("/v1/batches", content=json.dumps(found)).json()
    assert sorted(each["index"] for each in answer["refused"]) == [0, 3, 4, 5, 6, 7, 8, 9]
    assert answer["events"] == 2
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 2


OTHER_FORMS: list[tuple[dict[str, Any], str]] = [
    ({"collector_id": "nobody"}, "collector_id is not a UUID"),
    ({"sequence": "1"}, "sequence"),
    ({"sequence": 2**63}, "sequence"),
    ({"rows": {}}, "rows is an object"),
    ({"node": "x" * 300}, "node"),
    ({"beat": []}, "beat. is an array"),
    ({"beat": {"collector_id": str(uuid.UUID(int=1)), "pid": "x"}}, "beat.pid is a text"),
]


def test_a_batch_of_another_form_is_refused_with_where(client: httpx.Client) -> None:
    """What is wrong with the batch itself stores nothing of it."""
    for changes, words in OTHER_FORMS:
        found = json.loads(pack_batch(batch(1))) | changes
        answer = client.post("/v1/batches", content=json.dumps(found))
        assert (answer.status_code, words in answer.json()["error"]) == (400, True), answer.text


def test_beats_and_goodbyes_arrive(client: httpx.Client, database: Database) -> None:
    """A watermark, then a goodbye."""
    who = str(uuid.uuid4())
    for goodbye in (False, True):
        beat = Beat(who, "host", 7, "1.0", NOW, NOW, recorded=3, goodbye=goodbye)
        assert client.post("/v1/beats", content=pack_beat(beat)).status_code == 204
    found = "select recorded, watermark is not null, goodbye_at is not null"
    assert one(database.connect(), f"{found} from monitoring.cache_collectors") == (3, True, True)


def test_what_began_in_parts_goes_on_in_parts(client: httpx.Client, database: Database) -> None:
    """A limit that was raised in between stores nothing twice."""
    whole = batch(5)
    half = Batch(whole.collector_id, 5, whole.rows[:5])
    part = client.post("/v1/batches", content=pack_batch(numbered(half, 5, 2)))
    assert part.json()["events"] == 5
    assert client.post("/v1/batches", content=pack_batch(whole)).status_code == 413
    client.post("/v1/batches", content=pack_batch(Batch(whole.collector_id, 5)))
    assert client.post("/v1/batches", content=pack_batch(whole)).json()["duplicate"] is True
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 5


# Tokens, bounds, ends ----------------------------------------------------------------------------


ROUTES = [
    ("POST", REFERENCE),
    ("POST", "/v1/batches"),
    ("POST", "/v1/beats"),
    ("GET", "/v1/key-secret"),
    ("GET", f"/v1/batches/{uuid.UUID(int=1)}/1"),
]
STRANGERS = [None, f"Bearer {STRANGER}", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x"]


def test_without_a_known_token_nothing_is_taken_and_nothing_told(served: Served) -> None:
    """On every route that is not for strangers."""
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        for method, path in ROUTES:
            for header in STRANGERS:
                headers = {} if header is None else {"Authorization": header}
                answer = client.request(method, path, headers=headers)
                assert answer.status_code == 401, (path, header)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert TOKEN not in answer.text


def test_the_key_secret_is_the_installations(client: httpx.Client, database: Database) -> None:
    """So that keys that come by HTTP compare with those that come otherwise; never cached."""
    answer = client.get("/v1/key-secret")
    secret = one(database.connect(), "select monitoring.collector_key_secret()")
    assert bytes.fromhex(answer.json()["secret"]) == secret
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_hashed_token_of_the_settings_lets_in(database: Database, tmp_path: Path) -> None:
    """The file need not hold the token itself; several may deliver."""
    from hashlib import sha256

    config = tmp_path / "cache-auditor.toml"
    hashed = f"sha256:{sha256(TOKEN.encode()).hexdigest()}"
    config.write_text(f'ingest_tokens = ["{STRANGER}", "{hashed}"]\n')
    with serving(database.dsn, "--config", str(config), CACHE_AUDITOR_INGEST_TOKENS="") as running:
        for token in (TOKEN, STRANGER):
            headers = {"Authorization": f"Bearer {token}"}
            answer = httpx.get(f"{running.url}/v1/key-secret", headers=headers, trust_env=False)
            assert answer.status_code == 200


def test_bodies_up_to_the_limit_are_taken_and_larger_ones_refused(database: Database) -> None:
    """1 MiB here: as they are, packed, announced or in pieces; a bomb is not unpacked."""
    with serving(database.dsn, CACHE_AUDITOR_INGEST_BODY_MIB="1") as running:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
            limit = 2**20
            wide = {"metrics": [metric(1)], "padding": ""}
            wide["padding"] = "x" * (limit - len(json.dumps(wide)))
            fitting = json.dumps(wide).encode()
            assert len(fitting) == limit
            assert client.post(REFERENCE, content=fitting).json()["metrics_stored"] == 1
            for content, packed in (
                (fitting + b" ", False),
                (gzip.compress(fitting + b" "), True),
                (gzip.compress(bytes(512 * 2**20), 9), True),
                (b"x" * (8 * limit), False),
            ):
                named = {"Content-Encoding": "gzip"} if packed else {}
                try:
                    answer = client.post(REFERENCE, content=content, headers=named)
                except httpx.TransportError:  # far beyond it, the server does not hear it out
                    assert len(content) > 4 * limit
                    continue
                assert (answer.status_code, answer.json()["limit_bytes"]) == (413, limit)
            pieces = (fitting[start : start + 65_536] for start in range(0, limit, 65_536))
            assert client.post(REFERENCE, content=pieces).json()["metrics_stored"] == 1
            more = (b"x" * 65_536 for _ in range(17))
            assert client.post(REFERENCE, content=more).status_code == 413


def test_of_a_bomb_no_more_is_unpacked_than_the_limit() -> None:
    """A quarter of a GiB in 250 kB: refused within a few times the limit of memory."""
    bomb = gzip.compress(bytes(2**28), 1)
    tracemalloc.start()
    try:
        with pytest.raises(Refusal) as caught:
            unpacked(bomb, PACKED["gzip"], 2**20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.status == 413
    assert peak < 8 * 2**20


def test_an_encoding_that_cannot_be_read_is_named(client: httpx.Client) -> None:
    """One that is not known, one that is not what it says, one that was cut."""
    cut = gzip.compress(b"{}" * 99)[:-9]
    for encoding, content, status in (("br", b"x", 415), ("gzip", b"x", 400), ("gzip", cut, 400)):
        answer = client.post(REFERENCE, content=content, headers={"Content-Encoding": encoding})
        assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_a_missing_schema_and_a_server_that_is_away_are_told_apart(
    client: httpx.Client, database: Database
) -> None:
    """409 names the command; 503 asks to come again; /healthz says which, and nothing else."""
    assert client.get("/healthz").json() == {"status": "ok"}
    conn = database.connect()
    conn.execute("alter schema monitoring rename to elsewhere")
    answer = client.post("/v1/batches", content=pack_batch(batch(1)))
    assert answer.status_code == 409
    assert "cache-auditor migrate" in answer.json()["advice"]
    health = httpx.get(f"{client.base_url}/healthz", trust_env=False)
    assert (health.status_code, health.json()) == (503, {"status": "the schema does not fit"})
    conn.execute("alter schema elsewhere rename to monitoring")
    conn.close()
    others = database.connect(dbname="postgres")
    allow = f"alter database {database.name} allow_connections"
    others.execute(f"{allow} false".encode())
    others.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database.name]
    )
    for _ in range(2):  # the first meets the connection that was cut
        answer = client.post("/v1/batches", content=pack_batch(batch(1)))
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert client.get("/healthz").json() == {"status": "the database is away"}
    others.execute(f"{allow} true".encode())
    assert client.post("/v1/batches", content=pack_batch(batch(1))).json()["events"] == 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_under_way_finish(database: Database, number: int) -> None:
    """A delivery that waits for a lock is stored and answered; then it ends with 0."""
    holder = database.connect()
    holder.autocommit = False
    holder.execute("lock table monitoring.cache_metric_batches in access exclusive mode")
    answers: list[int] = []
    with serving(database.dsn) as running:

        def post() -> None:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            answers.append(
                httpx.post(
                    f"{running.url}/v1/batches",
                    content=pack_batch(batch(1)),
                    headers=headers,
                    trust_env=False,
                    timeout=60,
                ).status_code
            )

        thread = threading.Thread(target=post)
        thread.start()
        watcher = database.connect()
        waiting = "select from pg_locks where not granted"
        while watcher.execute(waiting).rowcount == 0:
            assert thread.is_alive()
        running.process.send_signal(number)
        threading.Event().wait(0.3)
        holder.rollback()
        thread.join(60)
        assert (running.stop(number) if running.process.poll() is None else
                running.process.returncode) == 0  # fmt: skip
    assert answers == [200]


def test_the_writers_role_is_enough_for_all_of_it(database: Database) -> None:
    """A login with nothing but cache_auditor_writer takes batches, beats and the reference's."""
    admin = database.connect()
    login = f"ingest_{database.name}"
    admin.execute(f"create role {login} login in role cache_auditor_writer".encode())
    try:
        with serving(make_conninfo(database.dsn, user=login)) as running:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
                assert client.get("/healthz").status_code == 200
                assert client.post("/v1/batches", content=pack_batch(batch(1))).status_code == 200
                beat = pack_beat(Beat(batch(1).collector_id))
                assert client.post("/v1/beats", content=beat).status_code == 204
                for _ in range(2):
                    assert client.post(REFERENCE, json=BODY).json()["metrics_stored"] == 4
        assert one(admin, "select count(*) from monitoring.cache_metrics") == 14
    finally:
        admin.execute(f"drop owned by {login}".encode())
        admin.execute(f"drop role {login}".encode())


def test_a_port_that_is_taken_is_said(database: Database) -> None:
    """Exit code 6, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tool("serve", "--port", str(port), dsn=database.dsn)
    assert (done.returncode, "name another with --port" in done.stderr) == (6, True), done.stderr


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CACHE_AUDITOR_INGEST_TOKENS": "short"}, "ingest_tokens"),
        ({"CACHE_AUDITOR_TLS_KEY": str(KEY)}, "tls_certificate and tls_key go together"),
        ({"CACHE_AUDITOR_SERVE_PORT": "70000"}, "serve_port"),
    ],
)
def test_wrong_settings_are_named_and_no_token_shown(
    database: Database, variables: dict[str, str], words: str
) -> None:
    done = tool("serve", dsn=database.dsn, **variables)
    assert (done.returncode, words in done.stderr) == (3, True), done.stderr
    assert "'short'" not in done.stderr


def test_without_a_token_it_says_that_nobody_may_deliver(database: Database) -> None:
    """It runs all the same: health can be looked at."""
    with serving(database.dsn, CACHE_AUDITOR_INGEST_TOKENS="") as running:
        assert httpx.get(f"{running.url}/healthz", trust_env=False).status_code == 200
        assert running.stop() == 0
    assert "no token may deliver yet" in running.ended["stderr"]
