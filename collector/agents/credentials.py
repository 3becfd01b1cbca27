"""Who an agent says it is: from the environment alone, and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.agents.address import Address, variable
from collector.agents.errors import AddressInvalid


@dataclass(frozen=True, slots=True)
class Credentials:
    """user: '' for the server's default user. password: '' for no login; left out of any repr."""

    user: str = ""
    password: str = field(default="", repr=False)


def find_credentials(address: Address, environ: Mapping[str, str]) -> Credentials:
    """The credentials for one server.

    The password is that of the variable which the address names, or the kind's usual variable; an
    address that names '' logs in nowhere. Raises AddressInvalid for a variable that is not set, and
    for a user without a password.
    """
    named = address.password_env
    if named == "":
        return Credentials()
    if named is not None and not environ.get(named):
        raise AddressInvalid(f"password_env names {named}, which is not set in the environment")
    usual = variable(address.kind)
    password = environ.get(usual if named is None else named, "")
    user = address.user or environ.get(variable(address.kind, "USERNAME"), "")
    if user and not password:
        raise AddressInvalid(f"user {user!r} has no password: set {usual} in the environment, or "
                             "name another variable with password_env")  # fmt: skip
    if address.kind == "memcached" and password and not user:
        usual = variable("memcached", "USERNAME")
        raise AddressInvalid(f"memcached wants a user too: before an @ in the URL, or in {usual}")
    return Credentials(user, password)
