"""Real Redis and memcached are asked: exact counts, logins, TLS, and servers that misbehave."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.agents.address import Address, address
from collector.agents.credentials import Credentials
from collector.agents.difference import Change, Gap, difference
from collector.agents.errors import BadAnswer, NoReading, ServerAway, ServerRefuses
from collector.agents.reading import Reading
from collector.agents.servers import Connection
from tests.collector.agents.cache_servers import (
    CacheServer,
    answering,
    certificates,
    memcached_server,
    redis_server,
)

S = 10**9
Read = Callable[[int], Reading]
Reader = Callable[[Address], Read]
NOBODY = Credentials()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[CacheServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def memcached(tmp_path: Path) -> Iterator[CacheServer]:
    with memcached_server(tmp_path) as server:
        yield server


def asked(where: Address, credentials: Credentials = NOBODY, timeout_s: float = 10) -> Reading:
    """A reading over a connection of its own."""
    connection = Connection(where, credentials)
    try:
        return connection.read(time.monotonic() + timeout_s, time.time_ns)
    finally:
        connection.close()


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Of an address, readings over one connection, for the seconds that the test says."""
    opened: list[Connection] = []

    def read_from(where: Address) -> Read:
        connection = Connection(where, NOBODY)
        opened.append(connection)
        return lambda second: connection.read(time.monotonic() + 10, lambda: second * S)

    yield read_from
    for connection in opened:
        connection.close()


def counts(found: Change | Gap) -> dict[str, int]:
    assert isinstance(found, Change), found
    return {f"{op}{'!' * failed}": n for (op, failed), n in found.counts.items() if n}


def command(*words: str) -> bytes:
    return " ".join(words).encode() + b"\r\n"


# Redis -------------------------------------------------------------------------------------------


def test_a_known_workload_of_redis_is_counted_to_the_operation(
    redis: CacheServer, reader: Reader
) -> None:
    """7 hits, 4 misses, 5 sets, 2 deletes, one expired key, one get and one set that failed."""
    read = reader(address("redis", redis.url))
    before = read(10)
    for number in range(5):
        redis.say(command("set", f"k{number}", "v"))
    for number in range(5):
        redis.say(command("get", f"k{number}"))
    redis.say(b"mget k0 k1 no no\r\n", b"$-1\r\n$-1\r\n")
    redis.say(command("get", "no"))
    redis.say(command("del", "k0"))
    redis.say(command("unlink", "k1"))
    redis.say(command("get"))  # rejected before it ran
    redis.say(command("incr", "k2"))  # fails: it is no number
    redis.say(command("pexpire", "k3", "1"))
    time.sleep(0.02)
    redis.say(command("get", "k3"))
    change = difference(before, read(20))
    assert counts(change) == {
        "hit": 7, "miss": 4, "set": 5, "delete": 2, "expire": 1, "error!": 1, "set!": 1,
    }  # fmt: skip
    assert isinstance(change, Change)
    assert change.levels.entries == 2
    assert change.levels.clients == 1
    # 5 + 1 + 1 + 1 gets ran: the histogram is of calls, the hits and misses of keys
    assert sum(change.buckets["get"].values()) == 8
    assert change.micros["get"] > 0


def test_evictions_and_the_limit_are_seen(tmp_path: Path, reader: Reader) -> None:
    """A cache of 2 MB into which 4 MB are written."""
    options = ("--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru")
    with redis_server(tmp_path, *options) as server:
        read = reader(address("redis", server.url))
        before = read(10)
        for number in range(400):
            server.say(command("set", f"k{number}", "v" * 10_000))
        change = difference(before, read(20))
    assert isinstance(change, Change)
    assert change.levels.memory_limit_bytes == 2 * 2**20
    assert counts(change)["set"] == 400
    assert counts(change)["evict"] == 400 - (change.levels.entries or 0) > 0


def test_resetstat_is_a_gap_and_counting_goes_on(redis: CacheServer, reader: Reader) -> None:
    read = reader(address("redis", redis.url))
    redis.say(command("get", "no"))
    before = read(10)
    redis.say(command("config", "resetstat"))
    redis.say(command("get", "no"))
    redis.say(command("get", "no"))
    middle = read(20)
    gap = difference(before, middle)
    assert isinstance(gap, Gap)
    assert "reset" in gap.reason
    redis.say(command("get", "no"))
    assert counts(difference(middle, read(30))) == {"miss": 1}


def test_a_restart_is_a_gap_though_the_old_connection_is_gone(
    redis: CacheServer, reader: Reader
) -> None:
    """One reading on a connection that the kill ended: it is asked again on a new one."""
    read = reader(address("redis", redis.url))
    before = read(10)
    redis.kill()
    redis.start()
    for _ in range(3):
        redis.say(command("get", "no"))
    gap = difference(before, read(20))
    assert isinstance(gap, Gap)
    assert "another process" in gap.reason


def test_a_failover_behind_the_same_address_is_a_gap(tmp_path: Path, reader: Reader) -> None:
    """The replica has counters of its own, far above the primary's."""
    with redis_server(tmp_path) as primary, redis_server(tmp_path) as replica:
        for _ in range(50):
            replica.say(command("get", "no"))
        found = difference(
            reader(address("redis", primary.url))(10), reader(address("redis", replica.url))(20)
        )
    assert isinstance(found, Gap)


def test_an_acl_user_needs_info_and_no_more(redis: CacheServer) -> None:
    """Without latency|histogram there are no buckets, and all else."""
    redis.say(command("acl", "setuser", "metrics", "on", ">hunter2", "+info"))
    where = address("redis", f"redis://metrics@{redis.url}")
    found = asked(where, Credentials("metrics", "hunter2"))
    assert (found.buckets, found.role) == ({}, "master")
    redis.say(command("acl", "setuser", "metrics", "+latency|histogram"))
    assert set(asked(where, Credentials("metrics", "hunter2")).buckets) == {"get", "set", "delete"}
    redis.say(command("acl", "setuser", "metrics", "-info"))
    with pytest.raises(ServerRefuses, match="refuses INFO: NOPERM"):
        asked(where, Credentials("metrics", "hunter2"))


def test_passwords_of_redis(tmp_path: Path) -> None:
    """The right one, a wrong one, none; and what is said has none of them in it."""
    with redis_server(tmp_path, "--requirepass", "hunter2") as server:
        where = address("redis", server.url)
        assert asked(where, Credentials("", "hunter2")).version
        with pytest.raises(ServerRefuses, match="WRONGPASS") as wrong:
            asked(where, Credentials("", "hunter3"))
        with pytest.raises(ServerRefuses, match="NOAUTH"):
            asked(where)
    assert "hunter" not in str(wrong.value)


def test_redis_over_tls_with_a_ca_and_a_certificate_of_our_own(tmp_path: Path) -> None:
    """By default Redis wants the client's certificate too; without the CA it is not believed."""
    made = certificates(tmp_path)
    port = "--tls-port 0 --tls-cert-file {cert} --tls-key-file {key} --tls-ca-cert-file {ca}"
    options = port.format(**made).split()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        tls_port = probe.getsockname()[1]
    options[1] = str(tls_port)
    with redis_server(tmp_path, *options):
        own = f"cert_file={made['cert']}&key_file={made['key']}"
        url = f"rediss://127.0.0.1:{tls_port}"
        assert asked(address("", f"{url}#ca_file={made['ca']}&{own}")).version
        with pytest.raises(ServerAway, match="no TLS with it: self-signed certificate"):
            asked(address("", f"{url}#{own}"))
        with pytest.raises(NoReading):
            asked(address("", f"{url}#ca_file={made['ca']}"))


def test_redis_at_a_socket_of_the_file_system(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--unixsocket", str(tmp_path / "r.sock")):
        assert asked(address("", f"redis+unix://{tmp_path}/r.sock")).version


# memcached ---------------------------------------------------------------------------------------


def test_a_known_workload_of_memcached_is_counted_to_the_operation(
    memcached: CacheServer, reader: Reader
) -> None:
    """3 hits, 2 misses, 3 sets, 1 set too large, 2 deletes of which one found nothing."""
    read = reader(address("memcached", memcached.url))
    before = read(10)
    for key in ("a", "b", "c"):
        memcached.say(b"set %s 0 0 1\r\nx\r\n" % key.encode())
    memcached.say(b"set big 0 0 2000000\r\n" + b"x" * 2_000_000 + b"\r\n")
    memcached.say(b"get a b c\r\n", b"END\r\n")
    for _ in range(2):
        memcached.say(b"get no\r\n", b"END\r\n")
        memcached.say(b"delete c\r\n")
    # as if the 10 seconds that the test says had really gone by
    change = difference(before, replace(read(20), uptime_s=(before.uptime_s or 0) + 10))
    assert counts(change) == {"hit": 3, "miss": 2, "set": 3, "set!": 1, "delete": 2}
    assert isinstance(change, Change)
    assert (change.levels.entries, change.levels.memory_limit_bytes) == (2, 8 * 2**20)
    assert change.buckets == {}


def test_memcacheds_reset_and_restart_are_gaps(memcached: CacheServer) -> None:
    where = address("memcached", memcached.url)
    memcached.say(b"get no\r\n", b"END\r\n")
    before = asked(where)
    memcached.say(b"stats reset\r\n")
    memcached.say(b"get no\r\n", b"END\r\n")
    after = asked(where)
    assert isinstance(difference(before, after), Gap)
    memcached.kill()
    memcached.start()
    found = difference(after, asked(where))
    assert isinstance(found, Gap)
    assert "another process" in found.reason


def test_passwords_of_memcached(tmp_path: Path) -> None:
    """Its auth file; SASL is another protocol, and not spoken."""
    (tmp_path / "users").write_text("metrics:hunter2\n")
    (tmp_path / "users").chmod(0o644)
    with memcached_server(tmp_path, "-Y", str(tmp_path / "users")) as server:
        where = address("memcached", server.url)
        assert asked(where, Credentials("metrics", "hunter2")).version
        with pytest.raises(ServerRefuses, match="authentication failure"):
            asked(where, Credentials("metrics", "hunter3"))
        with pytest.raises(ServerRefuses, match="unauthenticated"):
            asked(where)


def test_memcached_over_tls(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    options = ("-Z", "-o", f"ssl_chain_cert={made['cert']},ssl_key={made['key']}")
    with memcached_server(tmp_path, *options) as server:
        url = f"memcacheds://{server.url}"
        assert asked(address("", f"{url}#ca_file={made['ca']}")).version
        with pytest.raises(ServerAway, match="no TLS with it"):
            asked(address("", url))


# Bad servers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["redis", "memcached"])
def test_one_that_accepts_and_never_answers_is_left_at_the_deadline(kind: str) -> None:
    with answering(None) as port, pytest.raises(ServerAway, match="did not answer in time"):
        asked(address(kind, f"127.0.0.1:{port}"), timeout_s=0.2)


@pytest.mark.parametrize("kind", ["redis", "memcached"])
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 50 + b"\r\n", b"$900000000\r\n",
     b"STAT get_hits x\r\nEND\r\n", b"$5\r\nhello\r\n*0\r\n"],
    ids=("http", "zeros", "announces too much", "no count", "no info"),
)  # fmt: skip
def test_rubbish_is_a_bad_answer(kind: str, answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(BadAnswer):
        asked(address(kind, f"127.0.0.1:{port}"))


@pytest.mark.parametrize("kind", ["redis", "memcached"])
@pytest.mark.parametrize("answer", [b"", b"$100\r\nabc", b"STAT pid 5\r\n"])
def test_an_answer_that_breaks_off_is_none(kind: str, answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(NoReading):
        asked(address(kind, f"127.0.0.1:{port}"))


def test_an_answer_without_an_end_is_cut_off() -> None:
    """9 MiB of a line that never ends."""
    with answering(b"x" * (9 * 2**20)) as port, pytest.raises(NoReading):
        asked(address("memcached", f"127.0.0.1:{port}"))


def test_tls_where_there_is_none_is_said(redis: CacheServer) -> None:
    with pytest.raises(ServerAway) as caught:
        asked(address("", f"rediss://{redis.url}"), timeout_s=2)
    assert not isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def test_a_name_that_nobody_knows_and_a_port_where_nobody_listens() -> None:
    with pytest.raises(ServerAway):
        asked(address("redis", "no-such-host.invalid"))
    with pytest.raises(ServerAway, match="refused"):
        asked(address("redis", "127.0.0.1:1"))
