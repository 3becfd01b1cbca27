"""`cache-auditor collect`: poll cache servers that nobody instrumented."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from collector.agents.address import Address
    from collector.agents.credentials import Credentials
    from collector.agents.polling import Outcome
    from collector.agents.roster import Counted
    from collector.settings import Settings as CollectorSettings

DEFAULT_INTERVAL_S = 10

Urls = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="URL...",
        help="host:port#cache=NAME&implementation=NAME&node=NAME; else those of the settings file.",
    ),
]
Interval = Annotated[int, typer.Option(help="Seconds between two polls; it must divide a minute.")]
Once = Annotated[
    bool, typer.Option("--once", help="Ask each server once, show what it says, store nothing.")
]
CaFile = Annotated[
    str | None, typer.Option(help="Whom to believe over TLS; else whom the system does.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Poll Redis and memcached, and deliver what they count: no change in any application.",
    )
    app.add_typer(group, name="collect")
    group.command()(redis)
    group.command()(memcached)
    group.command("all")(all_)


def redis(
    context: typer.Context,
    urls: Urls = None,
    interval: Interval = DEFAULT_INTERVAL_S,
    once: Once = False,
    ca_file: CaFile = None,
) -> None:
    """Poll Redis, until told to stop: INFO, and the latency histograms of Redis 7.

    The password is taken from CACHE_AUDITOR_REDIS_PASSWORD. SIGTERM ends it cleanly.
    """
    _collect(invocation_of(context), "redis", urls or [], interval, once, {"ca_file": ca_file})


def memcached(
    context: typer.Context,
    urls: Urls = None,
    interval: Interval = DEFAULT_INTERVAL_S,
    once: Once = False,
    ca_file: CaFile = None,
) -> None:
    """Poll memcached, until told to stop: `stats`.

    The password is taken from CACHE_AUDITOR_MEMCACHED_PASSWORD. SIGTERM ends it cleanly.
    """
    _collect(invocation_of(context), "memcached", urls or [], interval, once, {"ca_file": ca_file})


def all_(
    context: typer.Context, interval: Interval = DEFAULT_INTERVAL_S, once: Once = False
) -> None:
    """Poll every server of the settings file, of either kind."""
    _collect(invocation_of(context), "", [], interval, once, {})


def _collect(
    invocation: Invocation,
    kind: str,
    urls: list[str],
    interval_s: int,
    once: bool,
    beside: Mapping[str, Any],
) -> None:
    from collector.agents.rhythm import INTERVALS_S

    if interval_s not in INTERVALS_S:
        allowed = ", ".join(map(str, INTERVALS_S))
        raise typer.BadParameter(f"--interval is {interval_s}; it is one of {allowed} (seconds)")
    servers = _servers(invocation, kind, urls, beside)
    if once:
        _ask_once(invocation, servers)
    else:
        _poll(invocation, servers, interval_s)


def _servers(
    invocation: Invocation, kind: str, urls: list[str], beside: Mapping[str, Any]
) -> dict[Address, Credentials]:
    """Each server with its credentials. Raises BadParameter for whatever is wrong with one."""
    from collector.agents.addresses import AddressesInvalid, from_urls
    from collector.agents.credentials import find_credentials
    from collector.agents.errors import AddressInvalid
    from collector.agents.line import trust

    found: tuple[Address, ...] = tuple(
        each for each in invocation.settings().collect if not kind or each.kind == kind
    )
    try:
        if urls:
            found = from_urls(kind, urls, beside)
        for each in found:
            if each.way == "tls":
                trust(each)
        if found:
            return {each: find_credentials(each, os.environ) for each in found}
    except (AddressesInvalid, AddressInvalid) as invalid:
        raise typer.BadParameter(str(invalid)) from None
    raise typer.BadParameter("no server to poll: give its URL, or [[collect]] in the settings file")


# Once --------------------------------------------------------------------------------------------


def _ask_once(invocation: Invocation, servers: Mapping[Address, Credentials]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from collector.agents.polling import Polling

    polls = [
        Polling(number, address, credentials, DEFAULT_INTERVAL_S, bool)
        for number, (address, credentials) in enumerate(servers.items())
    ]
    with ThreadPoolExecutor(min(len(polls), 32)) as pool:
        outcomes = list(pool.map(Polling.poll, polls))
    told = [_told(*pair) for pair in zip(servers, outcomes, strict=True)]
    if invocation.json:
        invocation.screen.document(told)
    else:
        names = ("series", "place", "state", "version", "hits", "misses", "entries", "memory_bytes")
        columns = ("cache", "server", *names[2:7], "memory", "said")
        rows = [[each.get(name) for name in (*names, "because")] for each in told]
        invocation.screen.table(columns, rows)
    if any(outcome.reading is None for outcome in outcomes):
        raise typer.Exit(1)


def _told(address: Address, outcome: Outcome) -> dict[str, Any]:
    """What one server said, by names."""
    said = _named(address, outcome.at_ns)
    reading = outcome.reading
    if reading is None:
        return said | {"state": "away", "because": outcome.because}
    return said | {
        "state": "answers",
        "version": reading.version,
        "role": reading.role,
        "latency_histograms": bool(reading.buckets),
        "hits": reading.counts[("hit", False)],
        "misses": reading.counts[("miss", False)],
        **_by_name(reading.levels),
    }


# Until told to stop ------------------------------------------------------------------------------


def _poll(invocation: Invocation, servers: Mapping[Address, Credentials], interval_s: int) -> None:
    from collector.agents.agent import Agent

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with _destination(invocation) as settings:
        agent = Agent(
            servers, _sink(settings), settings, interval_s=interval_s, heard=_teller(invocation)
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: agent.stop())
        complete = agent.run()
    if not complete:
        invocation.screen.note("what the database did not take waits in the spool: "
                               "the next agent or collector of this host delivers it")  # fmt: skip


@contextmanager
def _destination(invocation: Invocation) -> Iterator[CollectorSettings]:
    """The collector's settings, with a destination: --dsn, else the environment, else the rest.

    A server that is away now is no fault: what is counted meanwhile is spooled.
    """
    from collector.settings import from_environment

    settings, named = from_environment(), invocation.flags.get("dsn")
    if settings.url and not named:
        yield settings
        return
    if named or settings.dsn:
        invocation.settings()  # says what is wrong with --dsn
        yield replace(settings, dsn=str(named or settings.dsn), url=None)
        return
    from auditor.postgres.database import opened
    from auditor.schema.ready import make_ready

    with invocation.resolve() as dsn:
        if invocation.settings().dsn is None:
            with opened(dsn) as connection:
                make_ready(connection, invocation.settings())
        yield replace(settings, dsn=dsn)


def _sink(settings: CollectorSettings) -> Any:
    from auditor.errors import SettingsInvalid
    from collector.errors import CollectorError
    from collector.sinks.chosen import sink_of

    try:
        return sink_of(settings, "cache-auditor agent")
    except CollectorError as error:
        named = "CACHE_AUDITOR_URL" if settings.url else "CACHE_AUDITOR_DSN"
        raise SettingsInvalid((f"environment {named}: {error}",)) from error


def _teller(invocation: Invocation) -> Callable[[Counted], None]:
    """With --json a line for each poll; else the log says what is new."""

    def tell(counted: Counted) -> None:
        change = counted.change
        standing = counted.standing
        at_ns = standing.last.at_ns if standing.answers and standing.last else None
        line = _named(counted.address, at_ns) | {
            "state": "answers" if standing.answers else "away",
            "because": standing.because,
            "away_since": _instant(standing.away_since_ns),
            "counts": None,
            "news": counted.news,
        }
        if change is not None:
            line["counts"] = {
                f"{operation}_failed" if failed and operation != "error" else operation: n
                for (operation, failed), n in change.counts.items()
            }
            line |= _by_name(change.levels)
        invocation.screen.line(line)

    return tell if invocation.json else lambda _counted: None


def _named(address: Address, at_ns: int | None) -> dict[str, Any]:
    return {
        "at": _instant(at_ns),
        "series": "/".join(address.series[:2]),
        "node": address.series.node,
        "kind": address.kind,
        "place": address.place,
    }


def _by_name(levels: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(levels)


def _instant(at_ns: int | None) -> Any:
    from datetime import UTC, datetime

    return None if at_ns is None else datetime.fromtimestamp(at_ns / 1e9, UTC)
