"""Several addresses: out of URLs, or out of the tables of a settings file; all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from collector.agents.address import Address, address
from collector.agents.errors import AddressInvalid

MOST = 500
KEYS = ("url", "cache_name", "implementation_type", "node", "password_env", "ca_file", "cert_file",
        "key_file")  # fmt: skip
"""What a table has; all but `url` may also stand behind the # of the URL."""


class AddressesInvalid(ValueError):
    """What is wrong with some of them, each with its place in the list (the first is 1)."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def from_urls(kind: str, urls: Sequence[str], beside: Mapping[str, Any]) -> tuple[Address, ...]:
    """Addresses of one kind of server. beside: what holds for each, such as ca_file.

    Raises AddressesInvalid.
    """
    tls = {name: value for name, value in beside.items() if value}
    return _all("URL", [_of_url(kind, url, tls) for url in urls])


def from_tables(tables: object) -> tuple[Address, ...]:
    """Addresses from a list of tables with KEYS. Raises AddressesInvalid."""
    if not isinstance(tables, list | tuple) or not all(isinstance(t, Mapping) for t in tables):
        raise AddressesInvalid("must be tables: [[collect]], and below it url = …, cache_name = …")
    return _all("server", [_of_table(table) for table in tables])


def _of_url(kind: str, url: str, tls: Mapping[str, Any]) -> Callable[[], Address]:
    def make() -> Address:
        made = address(kind, url)
        return address(kind, url, tls) if made.way == "tls" else made

    return make


def _of_table(table: Mapping[str, Any]) -> Callable[[], Address]:
    def make() -> Address:
        url = table.get("url")
        if not isinstance(url, str):
            raise AddressInvalid("url: is missing, or no text")
        unknown = [name for name in table if name not in KEYS]
        if unknown:
            raise AddressInvalid(f"{unknown[0]!r} is not known; there is " + ", ".join(KEYS))
        return address("", url, {name: value for name, value in table.items() if name != "url"})

    return make


def _all(what: str, makers: Sequence[Callable[[], Address]]) -> tuple[Address, ...]:
    if len(makers) > MOST:
        raise AddressesInvalid(f"there are {len(makers)}; {MOST} are the most for one agent")
    made: list[Address] = []
    faults: list[str] = []
    for number, make in enumerate(makers, start=1):
        try:
            made.append(make())
        except AddressInvalid as invalid:
            faults.append(f"{what} {number}: {invalid}")
    faults += _twice(made)
    if faults:
        raise AddressesInvalid(*faults)
    return tuple(made)


def _twice(made: Iterable[Address]) -> list[str]:
    """Of each series that two servers would be counted under, that it is so."""
    seen: dict[object, Address] = {}
    faults = []
    for each in made:
        if seen.setdefault(each.series, each) is not each:
            faults.append(f"{each} has the cache, implementation and node of "
                          f"{seen[each.series].place}: give one of them another node")  # fmt: skip
    return faults
