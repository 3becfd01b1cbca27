"""The secret that cache keys are hashed with: from the environment, the database, or this host."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger("collector")

REMEMBERED = "key_secret"
OWN = "key_secret_of_this_host"


@dataclass(frozen=True, slots=True)
class Secret:
    """local: made on this host because the installation's is not known; keys do not compare."""

    value: bytes
    local: bool = False


def find_secret(given: str | None, ask: Callable[[], bytes], folder: Path | None) -> Secret:
    """The first that is known of: given in the settings, asked of the database, remembered, own.

    What the database says is remembered in the folder (0600). Raises nothing.
    """
    if given:
        return Secret(given.encode("utf-8", "surrogateescape"))
    try:
        value = ask()
    except Exception as error:
        logger.debug("the key secret is not to be had now: %s", error)
        return _without_database(folder)
    _write(folder, REMEMBERED, value)
    return Secret(value)


def _without_database(folder: Path | None) -> Secret:
    remembered = _read(folder, REMEMBERED)
    if remembered:
        return Secret(remembered)
    own = _read(folder, OWN)
    if not own:
        logger.warning(
            "the installation's key secret is not known yet: cache keys are hashed with one of "
            "this host until the database answers, and do not compare across hosts"
        )
        own = os.urandom(32)
        _write(folder, OWN, own)
    return Secret(own, local=True)


def _read(folder: Path | None, name: str) -> bytes | None:
    try:
        return (folder / name).read_bytes() if folder is not None else None
    except OSError:
        return None


def _write(folder: Path | None, name: str, value: bytes) -> None:
    if folder is None or _read(folder, name) == value:
        return
    passing = folder / f"{name}.{os.getpid()}"
    try:
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
        passing.replace(folder / name)
    except OSError as error:
        logger.debug("the key secret cannot be remembered: %s", error)
