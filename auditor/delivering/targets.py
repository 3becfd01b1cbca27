"""From the settings' routes to addresses that can be sent to; what is wrong is said all at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from auditor.delivering.sender import Sender
from auditor.errors import MissingExtra, SettingsInvalid
from auditor.notifying.reading import Address, Notified
from auditor.notifying.route import Route

KEY_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a route. key: names it in the outbox, and says nothing of it. label: for
    people, with the kind of service and nothing of the address."""

    route: Route
    key: str
    label: str
    sender: Sender = field(repr=False)


def targets_of(
    notify: Sequence[Notified], environment: Mapping[str, str] = os.environ
) -> tuple[Target, ...]:
    """Every address of every route; none when nothing is configured, and then nothing is needed.

    Raises MissingExtra without apprise, SettingsInvalid with each address that cannot be used; no
    text has any of an address in it.
    """
    if not notify:
        return ()
    if find_spec("apprise") is None:
        raise MissingExtra("apprise", "serve")
    found: list[Target] = []
    faults: list[str] = []
    for notified in notify:
        for place, address in enumerate(notified.addresses, start=1):
            said = f"notify, route {notified.route.name!r}"
            url, fault = _resolved(address, place, environment)
            sender = Sender.to(url) if url else None
            if fault or sender is None:
                faults.append(f"{said}: {fault or _unknown(address, place)}")
                continue
            label = notified.route.name + (f" {place}" if len(notified.addresses) > 1 else "")
            key = hashlib.sha256(url.encode()).hexdigest()[:KEY_DIGITS]
            if (notified.route.name, key) in {(each.route.name, each.key) for each in found}:
                faults.append(f"{said}: its address {place} is there twice")
            found.append(Target(notified.route, key, f"{label} ({sender.service})", sender))
    if faults:
        raise SettingsInvalid(tuple(faults))
    return tuple(found)


def _resolved(address: Address, place: int, environment: Mapping[str, str]) -> tuple[str, str]:
    """The URL, or what is wrong."""
    if not address.variable:
        return address.url, ""
    url = environment.get(address.variable, "").strip()
    return url, "" if url else f"the environment variable {address.variable} is not set"


def _unknown(address: Address, place: int) -> str:
    which = f"what {address.variable} holds" if address.variable else f"its address {place}"
    return f"{which} is none that apprise knows, or lacks a part; see its list of services"
