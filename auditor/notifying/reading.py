"""Routes as a settings file has them: `[[notify]]` tables, read with all their faults at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final

from auditor.maintaining.errors import MaintenanceInvalid
from auditor.notifying.quiet import PASSES, Quiet
from auditor.notifying.route import NotifyInvalid, Route

MOST_ROUTES: Final = 50
MOST_ADDRESSES: Final = 20
KEYS: Final = (
    "name", "url", "url_variable", "severity", "caches", "categories", "on", "quiet_hours",
    "time_zone", "quiet_passes",
)  # fmt: skip
LISTS: Final = ("url", "url_variable", "caches", "categories", "on")
UNNAMED: Final = "-"
"""For a route whose name cannot be read, so that the rest of it is looked at."""
HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Address:
    """A secret, or the name of the environment variable that holds it; never shown."""

    url: str = field(default="", repr=False)
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Notified:
    """A route and where it leads."""

    route: Route
    addresses: tuple[Address, ...]

    def __str__(self) -> str:
        count = len(self.addresses)
        return f"{self.route.name}: {count} address{'es' * (count > 1)}, {self.route.severity}"


def read_notify(tables: object, time_zone: str = "UTC") -> tuple[Notified, ...]:
    """The routes, in the order they were written.

    tables: a list of tables with KEYS. time_zone: of quiet hours that name none.
    Raises NotifyInvalid with every fault of every route, each with the route's place (the first is
    1) and name.
    """
    if not isinstance(tables, list | tuple) or not all(isinstance(t, Mapping) for t in tables):
        raise NotifyInvalid("must be tables: [[notify]], and below it name = …, url = …")
    if len(tables) > MOST_ROUTES:
        raise NotifyInvalid(f"there are {len(tables)} routes; {MOST_ROUTES} are the most")
    found: list[Notified] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for place, table in enumerate(tables, start=1):
        name = table.get("name")
        said = f"route {place}" + (f" {name!r}" if isinstance(name, str) and name else "")
        try:
            found.append(_notified(table, time_zone))
        except NotifyInvalid as invalid:
            faults += [f"{said}: {fault}" for fault in invalid.faults]
        if isinstance(name, str) and seen.setdefault(name, place) != place:
            faults.append(f"{said}: route {seen[name]} has that name already")
    if faults:
        raise NotifyInvalid(*faults)
    return tuple(found)


def _notified(table: Mapping[str, Any], time_zone: str) -> Notified:
    """One route. Raises NotifyInvalid with all that is wrong with it."""
    faults = [f"{key}: there is no such key; a route has {', '.join(KEYS)}"
              for key in table if key not in KEYS]  # fmt: skip
    texts: dict[str, tuple[str, ...]] = {}
    for key in KEYS:
        if key in table:
            read = _texts(table[key], key in LISTS)
            if read is None:
                wanted = "a text, or a list of texts" if key in LISTS else "a text"
                faults.append(f"{key}: must be {wanted}")
            else:
                texts[key] = read
    if "name" not in table:
        faults.append("name: is missing")
    addresses = _addresses(texts, table, faults)
    quiet = _quiet(texts, time_zone, faults)
    fields: dict[str, Any] = {
        **{key: texts[key] for key in ("caches", "categories", "on") if key in texts},
        **{key: texts[key][0] for key in ("name", "severity") if key in texts},
    }
    try:
        route = Route(**{"name": UNNAMED, **fields}, quiet=quiet)
    except NotifyInvalid as invalid:
        faults += invalid.faults
    if faults:
        raise NotifyInvalid(*faults)
    return Notified(route, addresses)


def _texts(given: object, listed: bool) -> tuple[str, ...] | None:
    if isinstance(given, str):
        return (given,)
    if listed and isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
        return tuple(given)
    return None


def _addresses(
    texts: Mapping[str, tuple[str, ...]], table: Mapping[str, Any], faults: list[str]
) -> tuple[Address, ...]:
    urls = tuple(url.strip() for url in texts.get("url", ()))
    variables = texts.get("url_variable", ())
    faults += [
        f"url: the {place}. is not like schema://…" for place, url in enumerate(urls, 1)
        if not re.match(r"[A-Za-z0-9]+://\S", url)
    ]  # fmt: skip
    faults += [
        f"url_variable = {name!r}: must be the name of an environment variable"
        for name in variables
        if not VARIABLE.fullmatch(name)
    ]
    if not {"url", "url_variable"} & set(table):
        faults.append("url: is missing; give it, or url_variable, which names a variable with it")
    elif not urls and not variables and {"url", "url_variable"} & set(texts):
        faults.append("url: names no address")
    if len(urls) + len(variables) > MOST_ADDRESSES:
        faults.append(f"url: there are more than {MOST_ADDRESSES} addresses")
    return (*(Address(url=url) for url in urls), *(Address(variable=name) for name in variables))


def _quiet(texts: Mapping[str, tuple[str, ...]], time_zone: str, faults: list[str]) -> Quiet | None:
    passes = texts.get("quiet_passes", ("critical",))[0]
    if passes not in PASSES:
        faults.append(f"quiet_passes = {passes!r}: must be one of {', '.join(PASSES)}")
    if "quiet_hours" not in texts:
        faults += [f"{key}: is for quiet_hours, which is missing"
                   for key in ("time_zone", "quiet_passes") if key in texts]  # fmt: skip
        return None
    hours = HOURS.fullmatch(texts["quiet_hours"][0].replace(" ", ""))
    if hours is None or hours.group(1, 2) == hours.group(3, 4):
        said = texts["quiet_hours"][0]
        faults.append(f"quiet_hours = {said!r}: must be like 22:00-07:00")
    try:
        begins, ends = (
            (time(int(hours[1]), int(hours[2])), time(int(hours[3]), int(hours[4])))
            if hours else (time(0), time(1))
        )  # fmt: skip
        return Quiet(begins, ends, texts.get("time_zone", (time_zone,))[0], passes)
    except MaintenanceInvalid as invalid:
        faults.append(f"time_zone: {invalid}")
        return None
