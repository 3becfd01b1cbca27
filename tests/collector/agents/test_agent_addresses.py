"""Addresses, names and credentials: what is meant, and what is said of what cannot be."""

import pytest

from collector.agents.address import Address, address
from collector.agents.addresses import AddressesInvalid, from_tables, from_urls
from collector.agents.credentials import Credentials, find_credentials
from collector.agents.errors import AddressInvalid
from collector.agents.line import trust


@pytest.mark.parametrize(
    ("kind", "url", "where"),
    [
        ("redis", "cache-1", ("redis", "tcp", "cache-1", 6379)),
        ("redis", "cache-1:7000", ("redis", "tcp", "cache-1", 7000)),
        ("redis", "redis://cache-1/0", ("redis", "tcp", "cache-1", 6379)),
        ("", "rediss://cache-1:6380", ("redis", "tls", "cache-1", 6380)),
        ("redis", "redis://[::1]:6379", ("redis", "tcp", "::1", 6379)),
        ("redis", "redis+unix:///run/redis.sock", ("redis", "unix", "/run/redis.sock", 6379)),
        ("memcached", "cache-1", ("memcached", "tcp", "cache-1", 11211)),
        ("", "memcacheds://cache-1", ("memcached", "tls", "cache-1", 11211)),
        ("memcached", "memcached+unix:///m", ("memcached", "unix", "/m", 11211)),
    ],
)
def test_a_url_says_where(kind: str, url: str, where: tuple[str, str, str, int]) -> None:
    found = address(kind, url)
    assert (found.kind, found.way, found.host, found.port) == where


def test_the_fragment_says_under_which_names() -> None:
    found = address("redis", "cache-1#cache=user%20pages&implementation=new&node=a")
    assert found.series == ("user pages", "new", "a")
    assert str(found) == "user pages/new (redis cache-1:6379)"


def test_without_names_they_are_the_defaults_and_the_place() -> None:
    """So that two nodes of one cache are told apart by themselves."""
    assert address("redis", "cache-1").series == ("default", "default", "cache-1:6379")
    assert address("redis", "[::1]").series.node == "[::1]:6379"
    assert address("", "redis+unix:///run/a.sock").series.node == "/run/a.sock"


@pytest.mark.parametrize(
    ("kind", "url", "words"),
    [
        ("redis", "redis://user:hunter2@cache-1", "CACHE_AUDITOR_REDIS_PASSWORD"),
        ("", "memcached://:hunter2@cache-1", "CACHE_AUDITOR_MEMCACHED_PASSWORD"),
        ("redis", "memcached://cache-1", "redis://, rediss://"),
        ("", "http://cache-1", "none of"),
        ("redis", "cache-1:99999", "port"),
        ("redis", "cache-1:abc", "port"),
        ("redis", "redis://", "lacks a host"),
        ("redis", "redis+unix://run/x", "lacks"),
        ("redis", "cache-1/pages", "behind a #"),
        ("redis", "cache-1?cache=pages", "behind a #"),
        ("redis", "cache-1#pages", "as cache in cache=sessions"),
        ("redis", "cache-1#cash=pages", "'cash' is not known"),
        ("redis", "cache-1#cache=a&cache_name=b", "twice"),
        ("redis", "cache-1#cache=", "cache_name is not"),
        ("redis", "cache-1#implementation=a%20b", "implementation_type is not"),
        ("redis", "cache-1#node=%1b", "node is not"),
        ("redis", "rediss://cache-1#cert_file=/a", "belong together"),
        ("redis", "cache-1#ca_file=/a", "rediss://"),
    ],
)
def test_what_cannot_be_meant_is_said_without_the_password(kind: str, url: str, words: str) -> None:
    with pytest.raises(AddressInvalid) as caught:
        address(kind, url)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_tables_of_a_settings_file() -> None:
    found = from_tables([
        {"url": "redis://metrics@cache-1", "cache_name": "pages", "implementation_type": "new",
         "node": "a", "password_env": "PAGES"},
        {"url": "memcached://cache-2#cache=users"},
    ])  # fmt: skip
    assert [each.series for each in found] == [
        ("pages", "new", "a"), ("users", "default", "cache-2:11211"),
    ]  # fmt: skip
    assert (found[0].user, found[0].password_env) == ("metrics", "PAGES")


def test_all_faults_of_all_servers_are_said_at_once() -> None:
    with pytest.raises(AddressesInvalid) as caught:
        from_tables([{"url": "cache-1:x"}, {}, {"url": "a", "cache": "b"}, {"url": "a", "node": 5},
                     {"url": "b#node=n"}, {"url": "c#node=n"}])  # fmt: skip
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "server 1", "server 2", "server 3", "server 4", "default/default (redis c",
    ]  # fmt: skip
    assert "another node" in caught.value.faults[-1]


@pytest.mark.parametrize("tables", [5, "x", [5], {"url": "a"}])
def test_what_is_no_list_of_tables_is_said_to_be_none(tables: object) -> None:
    with pytest.raises(AddressesInvalid, match=r"\[\[collect\]\]"):
        from_tables(tables)


def test_a_ca_file_is_for_the_urls_with_tls() -> None:
    found = from_urls("redis", ["rediss://a", "b"], {"ca_file": "/ca.pem"})
    assert [each.ca_file for each in found] == ["/ca.pem", ""]


# Credentials -------------------------------------------------------------------------------------

ENVIRON = {"CACHE_AUDITOR_REDIS_PASSWORD": "usual", "PAGES": "named",
           "CACHE_AUDITOR_MEMCACHED_PASSWORD": "m"}  # fmt: skip


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("redis://a", {}, Credentials()),
        ("redis://a", ENVIRON, Credentials("", "usual")),
        ("redis://me@a", ENVIRON, Credentials("me", "usual")),
        ("redis://a#password_env=PAGES", ENVIRON, Credentials("", "named")),
        ("redis://a#password_env=", ENVIRON, Credentials()),
        ("redis://a", ENVIRON | {"CACHE_AUDITOR_REDIS_USERNAME": "it"}, Credentials("it", "usual")),
        ("memcached://me@a", ENVIRON, Credentials("me", "m")),
    ],
)
def test_credentials_come_from_the_environment(
    url: str, environ: dict[str, str], expected: Credentials
) -> None:
    assert find_credentials(address("", url), environ) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://a#password_env=NONE", "NONE, which is not set"),
        ("memcached://a", "CACHE_AUDITOR_MEMCACHED_USERNAME"),
    ],
)
def test_credentials_that_are_not_there_are_asked_for(url: str, words: str) -> None:
    with pytest.raises(AddressInvalid, match=words):
        find_credentials(address("", url), ENVIRON)


def test_a_user_without_a_password_is_told_where_it_goes() -> None:
    with pytest.raises(AddressInvalid, match="CACHE_AUDITOR_REDIS_PASSWORD"):
        find_credentials(address("", "redis://me@a"), {})


def test_a_password_is_in_no_picture_of_it() -> None:
    assert "hunter2" not in repr(Credentials("me", "hunter2"))


@pytest.mark.parametrize(
    "files",
    [{"ca_file": "/nowhere.pem"}, {"cert_file": "/nowhere.pem", "key_file": "/nowhere.key"}],
)
def test_certificates_that_cannot_be_read_are_named(files: dict[str, str]) -> None:
    where: Address = address("redis", "rediss://a", files)
    with pytest.raises(AddressInvalid, match=r"/nowhere\.pem.* cannot be used"):
        trust(where)
