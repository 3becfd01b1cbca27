"""The gateway as one: its metrics, the document of its API and that document's page, and that
whatever is asked of it is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from auditor.gateway.metrics import measures
from auditor.gateway.metrics.measures import MEASURES
from auditor.gateway.metrics.samples import Gauged, samples
from auditor.gateway.metrics.state import State
from auditor.stores.tokens import create_token
from benchmarks.fuzz import fuzz
from tests.auditor.gateway.charted import CACHE, NEW, plant
from tests.auditor.shell.served import Served, serving
from tests.postgres_clusters import Cluster, Database

DOCS = Path(__file__).resolve().parents[3] / "docs"
TOKEN = "a-token-that-may-do-everything"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole(cluster: Cluster) -> Iterator[tuple[Served, Database]]:
    """A server over a database in which something has happened."""
    with cluster.migrated_database() as database:
        plant(database)
        connection = database.connect()
        create_token(connection, "all", TOKEN, ["ingest", "ack", "read"])
        connection.execute(
            "insert into monitoring.cache_auditor_observations"
            " (cache_name, severity, category, title, description)"
            " values (%s, 'critical', 'performance', 'hits are gone', 'half of them')",
            [CACHE],
        )
        connection.execute(
            "insert into monitoring.cache_auditor_state (name, value) values"
            " ('scored_until', now() - interval '90 seconds'), ('last_tick_at', now())"
            " on conflict (name) do update set value = excluded.value"
        )
        connection.execute(
            "insert into monitoring.cache_collectors (collector_id, last_seen_at, dropped, spooled)"
            " values (gen_random_uuid(), now(), 7, 40)"
        )
        with serving(database.dsn, CACHE_AUDITOR_SERVE_REQUESTS_PER_S="0") as running:
            yield running, database


@pytest.fixture
def client(whole: tuple[Served, Database]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=whole[0].url, trust_env=False, timeout=60) as made:
        yield made


# Metrics -----------------------------------------------------------------------------------------


def scraped(client: httpx.Client) -> dict[tuple[str, tuple[str, ...]], float]:
    """Numbers by name and labels, as Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_say_what_the_database_holds(
    whole: tuple[Served, Database], client: httpx.Client
) -> None:
    """Lag, observations by severity, what collectors lost and hold, and who listens."""
    url = whole[0].url.replace("http", "ws", 1)
    with connect(f"{url}/socket/websocket?apikey={TOKEN}", proxy=None):
        client.get("/nowhere")
        found = scraped(client)
    assert 90 <= found["cache_auditor_lag_seconds", ()] < 400
    ticked = datetime.fromtimestamp(found["cache_auditor_last_tick_timestamp_seconds", ()], UTC)
    assert abs(datetime.now(UTC) - ticked) < timedelta(minutes=6)
    by_severity = {s: found["cache_auditor_open_observations", (s,)] for s in
                   ("info", "warning", "critical")}  # fmt: skip
    assert by_severity == {"info": 0, "warning": 0, "critical": 1}
    assert found["cache_auditor_undelivered_events", ("dropped",)] == 7
    assert found["cache_auditor_spooled_events", ()] == 40
    assert found["cache_auditor_series", ()] == 1
    assert found["cache_auditor_listeners", ("socket",)] == 1
    assert found["cache_auditor_listeners", ("sse",)] == 0
    assert 0 <= found["cache_auditor_notice_queue_ratio", ()] < 1
    assert found["cache_auditor_requests_total", ("GET", "", "404")] >= 1
    assert found["cache_auditor_database_up", ()] == 1
    again = scraped(client)
    assert again["cache_auditor_requests_total", ("GET", "/metrics", "200")] >= 1


def test_each_metric_is_declared_once_and_told(client: httpx.Client) -> None:
    """With a help, its unit at the end of its name, and a line in the documentation."""
    told = (DOCS / "serve.md").read_text("utf-8")
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert {value for value in vars(measures).values() if isinstance(value, measures.Measure)} == {
        *MEASURES
    }
    answer = client.get("/metrics").text
    for measure in MEASURES:
        assert f"`{measure.name}`" in told, f"docs/serve.md does not tell of {measure.name}"
        assert f"# HELP {measure.name} {measure.help}" in answer
        assert measure.name.removesuffix("_total").endswith(measure.unit)
        assert measure.name.endswith("_total") == (measure.kind == "counter")
        for label in measure.labels:
            assert re.search(rf"`{measure.name}`.*`{label}`", told), (measure.name, label)


def test_without_the_database_the_gateway_tells_of_itself() -> None:
    """By hand: nothing of what is not known, rather than a zero that looks like peace."""
    state = State(NOW, None, None, 3, 4, {"info": 1}, 2, {"lost": 5}, 6, {"dead": 0}, 0.25)
    gauged = Gauged(False, {"sse": 1}, {"queue": 2}, 3, 4, {("GET", "/x", 200): 9})
    own = {
        (measures.UP, (), 0.0), (measures.LIVE, (), 0.0), (measures.LISTENERS, ("sse",), 1),
        (measures.DROPPED, ("queue",), 2), (measures.STALLED, (), 3), (measures.CROWDED, (), 4),
        (measures.REQUESTS, ("GET", "/x", "200"), 9),
    }  # fmt: skip
    assert set(samples(None, gauged)) == own
    both = set(samples(state, gauged))
    assert (measures.UP, (), 1.0) in both
    assert (measures.UNDELIVERED, ("lost",), 5) in both
    assert not {measures.LAG, measures.LAST_TICK} & {measure for measure, _, _ in both}
    scored = State(NOW, NOW - timedelta(seconds=70), NOW, 3, 4, {}, 2, {}, 6, {}, 0.25)
    assert (measures.LAG, (), 70.0) in set(samples(scored, gauged))


# The document and its page -----------------------------------------------------------------------


def test_every_operation_is_told_in_full(client: httpx.Client) -> None:
    """A sentence, a known tag, the form of its answer, and who may ask."""
    document = client.get("/openapi.json").json()
    tags = {tag["name"] for tag in document["tags"]}
    schemes = set(document["components"]["securitySchemes"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert " " in operation["summary"], where
            assert operation["summary"] != operation["summary"].title(), where
            assert set(operation["tags"]) <= tags, where
            assert {"4XX", "5XX"} <= set(operation["responses"]), where
            asked = [set(each) for each in operation.get("security", [])]
            assert path == "/healthz" or set().union(*asked) == schemes, where
            good = [told for status, told in operation["responses"].items() if status[0] == "2"]
            bare = {"202", "204"} & set(operation["responses"])
            assert bare or all("content" in told for told in good), where
    for reference in re.findall(
        r'"#/components/schemas/([^"]+)"', client.get("/openapi.json").text
    ):
        assert reference in document["components"]["schemas"]
    scopes = document["paths"]["/v1/batches"]["post"]["security"]
    assert scopes == [{"HTTPBearer": ["ingest"]}, {"APIKeyHeader": ["ingest"]}]


def test_the_page_of_the_api_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    """Its policy says so to the browser, and what it names is served here."""
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    named = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(named) > 4
    for address in named:
        if not address.startswith("#"):
            assert client.get(address).status_code == 200, address


# Whatever is asked -------------------------------------------------------------------------------


def test_whatever_is_asked_is_answered(whole: tuple[Served, Database]) -> None:
    """A few hundred requests over all operations, right and wrong ones: no fault, nothing hangs."""
    known = {"cache": CACHE, "cache_name": CACHE, "implementation": NEW}
    found = fuzz(whole[0].url, TOKEN, 300, known=known)
    assert not found.faults, "\n\n".join(found.faults[:5])
    assert found.requests > 150
    assert {200, 401, 422} <= set(found.statuses)
    assert found.busy <= found.requests // 20
